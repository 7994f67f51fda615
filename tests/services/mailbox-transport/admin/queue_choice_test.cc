#include "services/mailbox-transport/admin/queue_choice.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

NamedQueue QueueOf(std::string name, std::string domain, model::DeliveryType type, int messages) {
  NamedQueue queue;
  queue.name = std::move(name);
  queue.view.hop = {type, std::move(domain), "Internet"};
  queue.view.message_count = static_cast<std::size_t>(messages);
  queue.view.status = messages > 5 ? queue::QueueStatus::kRetry : queue::QueueStatus::kReady;
  return queue;
}

std::vector<std::string> NamesChosen(const QueueTerms& terms) {
  const auto choice = QueueChoice::Parse(terms, "ours");
  if (!choice.ok()) return {std::string(choice.status().message())};
  const auto chosen = choice->Chosen(
      {QueueOf("Submission", "", model::DeliveryType::kUndefined, 0),
       QueueOf("1", "b.test", model::DeliveryType::kDnsConnectorDelivery, 10),
       QueueOf("2", "[192.0.2.1]", model::DeliveryType::kSmartHostConnectorDelivery, 3),
       QueueOf("3", "Hub", model::DeliveryType::kSmtpRelayToConnectorSourceServers, 7)});
  if (!chosen.ok()) return {std::string(chosen.status().message())};
  std::vector<std::string> names;
  for (const NamedQueue& queue : *chosen)
    names.push_back(queue.name);
  return names;
}

TEST(QueueChoice, IdentityOrFilterChooses) {
  EXPECT_THAT(NamesChosen({}), ElementsAre("Submission", "1", "2", "3"));
  EXPECT_THAT(NamesChosen({.identity = "ours\\B.test"}), ElementsAre("1"));
  EXPECT_THAT(NamesChosen({.identity = "9"}), ElementsAre(HasSubstr("there is none")));
  EXPECT_THAT(NamesChosen({.filter = "Status -eq 'Retry' -and MessageCount -gt 7"}),
              ElementsAre("1"));
  EXPECT_THAT(NamesChosen({.filter = "NextHopDomain -like '*.test'"}), ElementsAre("1"));
  EXPECT_THAT(NamesChosen({.filter = "MessageCount -gt 100"}), IsEmpty());
  EXPECT_THAT(NamesChosen({.identity = "1", .filter = "MessageCount -gt 7"}),
              ElementsAre("give an identity or a filter, not both"));
}

TEST(QueueChoice, AFilterKnowsAQueueByEachOfItsIdentities) {
  for (const char* identity : {"ours\\1", "OURS\\B.test", "1", "b.test"}) {
    EXPECT_THAT(NamesChosen({.filter = base::Cat("Identity -eq '", identity, "'")}),
                ElementsAre("1"))
        << identity;
    EXPECT_THAT(NamesChosen({.filter = base::Cat("Identity -ne '", identity, "'")}),
                ElementsAre("Submission", "2", "3"));
  }
  EXPECT_THAT(NamesChosen({.filter = "Identity -eq 'other\\1'"}),
              ElementsAre(HasSubstr("filter: queue \"other\\1\": this server is ours")));
  EXPECT_THAT(NamesChosen({.filter = "Identity -eq '1' -and MessageCount -lt 3"}), IsEmpty());
  for (const char* none : {"$null", "''", "'*'"}) {
    EXPECT_THAT(NamesChosen({.filter = base::Cat("Identity -eq ", none)}), IsEmpty()) << none;
    EXPECT_THAT(NamesChosen({.filter = base::Cat("Identity -ne ", none)}),
                ElementsAre("Submission", "1", "2", "3"));
  }
}

TEST(QueueChoice, ClassesIncludeAndExclude) {
  EXPECT_THAT(NamesChosen({.include = {"External"}}), ElementsAre("1", "2"));
  EXPECT_THAT(NamesChosen({.include = {"internal"}, .exclude = {"Empty"}}), ElementsAre("3"));
  EXPECT_THAT(NamesChosen({.exclude = {"DnsConnectorDelivery", "Internal"}}), ElementsAre("2"));
  EXPECT_THAT(NamesChosen({.include = {"ShadowRedundancy", "External"}}), ElementsAre("1", "2"));
  EXPECT_THAT(NamesChosen({.include = {"SmtpRelayToDag"}}), IsEmpty());
  EXPECT_THAT(NamesChosen({.exclude = {"smtpdeliverytomailbox", "Internal"}}),
              ElementsAre("1", "2"));
  EXPECT_THAT(NamesChosen({.filter = "DeliveryType -eq 'SmtpRelayToMailboxDeliveryGroup'"}),
              IsEmpty());
  EXPECT_THAT(NamesChosen({.include = {"Nice"}}),
              ElementsAre("include \"Nice\": Internal, External, Empty or a delivery type is "
                          "expected"));
}

}  // namespace
}  // namespace postern::admin
