#include "services/mailbox-transport/admin/message_fields.h"

#include "gtest/gtest.h"

namespace postern::admin {
namespace {

TEST(MessageFields, EachPropertyIsWhatTheMessageHas) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  model::Message message;
  message.id = base::MessageId{4711};
  message.envelope.recipients.resize(1);
  message.recipients.resize(1);
  message.recipients[0].attempts = 2;
  message.recipients[0].last_error = "451 later";
  message.envelope.require_tls = true;
  message.priority = model::Priority::kHigh;
  message.subject = "hello";
  message.size = 1234;
  message.source_name = "SMTP:relay";
  message.source_ip = "192.0.2.9";
  message.internet_message_id = "<1@a.test>";
  message.accepted = now - absl::Minutes(5);
  message.expires = absl::InfiniteFuture();
  Standing standing;
  standing.queue = "3";
  standing.ticket.status = queue::MessageStatus::kRetry;
  standing.ticket.due = now + absl::Minutes(1);
  const std::pair<const char*, FieldValue> rows[] = {
      {"Identity", std::string("ours\\3\\4711")},
      {"Queue", std::string("ours\\3")},
      {"FromAddress", std::string("<>")},
      {"Status", std::string("Retry")},
      {"Subject", std::string("hello")},
      {"Size", std::int64_t{1234}},
      {"MessageSourceName", std::string("SMTP:relay")},
      {"SourceIP", std::string("192.0.2.9")},
      {"DateReceived", now - absl::Minutes(5)},
      {"ExpirationTime", FieldValue()},
      {"NextAttempt", now + absl::Minutes(1)},
      {"LastError", std::string("451 later")},
      {"RetryCount", std::int64_t{2}},
      {"Priority", std::string("High")},
      {"DeferReason", std::string("Transient Failure")},
      {"InternetMessageId", std::string("<1@a.test>")},
      {"MessageLatency", absl::Minutes(5)},
      {"RequireTls", true},
  };
  for (const auto& [name, value] : rows) {
    const std::size_t field = *FindField(MessageFields(), name, "message");
    EXPECT_EQ(MessageField(field, {message, standing, "ours", now}), value) << name;
  }
}

}  // namespace
}  // namespace postern::admin
