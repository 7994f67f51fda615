#include "services/mailbox-transport/admin/queries.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/services/mailbox-transport/admin/pipeline_fixture.h"
#include "tests/support/await.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class QueriesTest : public PipelineFixture {
 protected:
  QueriesTest() {
    authority_ = *rpc::Authority::Make(rpc_settings_);
    queries_ = std::make_unique<Queries>(
        AdminService::Parts{*authority_, *pipeline_, disk_, rpc_settings_, [] { return nullptr; }});
  }

  absl::Status AskQueues(const std::string& identity = "") {
    v1::GetQueueRequest request;
    request.set_identity(identity);
    queues_.Clear();
    return testing::Await(first_, queries_->Queues(request, queues_));
  }

  absl::Status AskMessages(v1::GetMessageRequest request) {
    messages_.Clear();
    return testing::Await(first_,
                          queries_->Messages(request, messages_, [this] { return cancelled_; }));
  }

  absl::Status AskMessages(const std::string& identity = "", const std::string& queue = "") {
    v1::GetMessageRequest request;
    request.set_identity(identity);
    request.set_queue(queue);
    return AskMessages(request);
  }

  // "domain:count:status" of each queue but Submission.
  std::vector<std::string> Queues() {
    EXPECT_TRUE(AskQueues().ok());
    std::vector<std::string> out;
    for (const v1::QueueInfo& queue : queues_.queues()) {
      if (queue.identity() == "ours\\Submission") continue;
      out.push_back(
          base::Cat(queue.next_hop_domain(), ":", queue.message_count(), ":", queue.status()));
    }
    return out;
  }

  std::vector<std::string> Subjects() const {
    std::vector<std::string> out;
    for (const v1::MessageInfo& message : messages_.messages())
      out.push_back(message.subject());
    return out;
  }

  std::unique_ptr<rpc::Authority> authority_;
  std::unique_ptr<Queries> queries_;
  v1::GetQueueResponse queues_;
  v1::GetMessageResponse messages_;
  bool cancelled_ = false;
};

TEST_F(QueriesTest, WithoutADirectoryNothingIsKnown) {
  v1::TestRouteRequest request;
  request.set_recipient("joe@b.test");
  v1::TestRouteResponse route;
  EXPECT_EQ(queries_->Route(request, route).code(), absl::StatusCode::kUnavailable);
}

TEST_F(QueriesTest, RouteIsExplained) {
  Directory("Internet *|Partner partner.test");
  v1::TestRouteRequest request;
  request.set_recipient("joe@partner.test");
  v1::TestRouteResponse response;
  ASSERT_TRUE(queries_->Route(request, response).ok());
  EXPECT_EQ(response.decision(), "next-hop");
  EXPECT_EQ(response.connector(), "Partner");
  ASSERT_EQ(response.candidates_size(), 2);
  EXPECT_EQ(response.candidates(1).lost_at(), "specificity");
  request.set_recipient("not an address");
  EXPECT_EQ(queries_->Route(request, response).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(QueriesTest, ARouteMayBeAskedForAnotherAddressType) {
  Directory("Internet *|Fax FAX:* host=fax.test|Strange X-Y_1:* host=s.test");
  v1::TestRouteRequest request;
  v1::TestRouteResponse response;
  const std::pair<const char*, const char*> rows[] = {{"FAX:+1555", "Fax"},
                                                      {"fax:+1555", "Fax"},
                                                      {"X-Y_1:anything at all", "Strange"},
                                                      {"SMTP:joe@partner.test", "Internet"},
                                                      {"joe@partner.test", "Internet"},
                                                      {"joe@[IPv6:2001:db8::1]", "Internet"},
                                                      {"\"FAX:1\"@partner.test", "Internet"},
                                                      {"IMCEAFAX-+2B1555@contoso.com", "Fax"}};
  for (const auto& [recipient, connector] : rows) {
    request.set_recipient(recipient);
    ASSERT_TRUE(queries_->Route(request, response).ok()) << recipient;
    EXPECT_EQ(response.connector(), connector) << recipient;
  }
  request.set_recipient("X400:c=us");
  ASSERT_TRUE(queries_->Route(request, response).ok());
  EXPECT_EQ(response.enhanced_status(), "5.1.2");
  for (const std::string& bad : {std::string("SMTP:joe"), "FAX:" + std::string(600, '1')}) {
    request.set_recipient(bad);
    EXPECT_EQ(queries_->Route(request, response).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(QueriesTest, QueuesOfEveryShardAreShown) {
  resolver_.ServFail("b.test");
  resolver_.ServFail("c.test");
  resolver_.ServFail("d.test");
  Directory("Some b.test,c.test,d.test");
  for (const char* to : {"x@b.test", "x@c.test", "x@d.test", "y@d.test", "x@nowhere.test"})
    Accept({to});
  EXPECT_TRUE(Soon([this] {
    const auto queues = Queues();
    return std::count_if(queues.begin(), queues.end(),
                         [](const auto& one) { return one.ends_with(":Retry"); }) == 3;
  }));
  EXPECT_THAT(Queues(), UnorderedElementsAre("Unreachable Domain:1:Ready", "b.test:1:Retry",
                                             "c.test:1:Retry", "d.test:2:Retry"));
  EXPECT_TRUE(AskQueues("ours\\D.test").ok());
  EXPECT_EQ(queues_.queues_size(), 1);
  EXPECT_FALSE(queues_.queues(0).last_error().empty());
  EXPECT_EQ(AskQueues("nowhere").code(), absl::StatusCode::kNotFound);
}

TEST_F(QueriesTest, QueuesAreFilteredSortedAndPaged) {
  for (const char* domain : {"b.test", "c.test", "d.test"})
    resolver_.ServFail(domain);
  Directory("Some b.test,c.test,d.test");
  for (const char* to : {"x@b.test", "x@c.test", "y@c.test", "x@d.test"})
    Accept({to});
  ASSERT_TRUE(Soon([this] {
    const auto queues = Queues();
    return std::count_if(queues.begin(), queues.end(),
                         [](const auto& one) { return one.ends_with(":Retry"); }) == 3;
  }));
  const auto shown = [this](v1::GetQueueRequest request) {
    queues_.Clear();
    const absl::Status status = testing::Await(first_, queries_->Queues(request, queues_));
    if (!status.ok()) return std::vector<std::string>{std::string(status.message())};
    std::vector<std::string> domains;
    for (const v1::QueueInfo& queue : queues_.queues())
      domains.push_back(queue.next_hop_domain());
    return domains;
  };
  v1::GetQueueRequest request;
  request.set_filter("MessageCount -gt 1 -and Status -eq 'Retry'");
  EXPECT_THAT(shown(request), ElementsAre("c.test"));
  EXPECT_EQ(queues_.queues(0).next_hop_category(), "External");
  request.set_filter("");
  request.add_include("External");
  request.mutable_page()->set_sort_order("-NextHopDomain");
  EXPECT_THAT(shown(request), ElementsAre("d.test", "c.test", "b.test"));
  request.mutable_page()->set_bookmark_object("c.test");
  request.mutable_page()->set_result_size(1);
  request.mutable_page()->set_return_page_info(true);
  EXPECT_THAT(shown(request), ElementsAre("c.test"));
  EXPECT_TRUE(queues_.truncated());
  EXPECT_EQ(queues_.page_info().total(), 3u);
  EXPECT_EQ(queues_.page_info().first(), 2u);
  request.mutable_page()->set_bookmark_object("nowhere.test");
  EXPECT_THAT(shown(request), ElementsAre(HasSubstr("no such queue among these")));
  request.mutable_page()->set_sort_order("Beauty");
  EXPECT_THAT(shown(request), ElementsAre(HasSubstr("no property of a queue")));
}

TEST_F(QueriesTest, MessagesAreShownWithTheirQueue) {
  Directory("Some b.test");
  Accept({"x@nowhere.test"}, "first");
  Accept({"x@nowhere.test"}, "second");
  ASSERT_TRUE(Soon([this] { return AskMessages().ok() && messages_.messages_size() == 2; }));
  EXPECT_THAT(Subjects(), ElementsAre("first", "second"));
  EXPECT_EQ(messages_.messages(0).queue(), "ours\\Unreachable");
  EXPECT_THAT(messages_.messages(0).last_error(), HasSubstr("matching connector"));
  EXPECT_FALSE(messages_.truncated());
  EXPECT_TRUE(AskMessages("", "Unreachable").ok());
  EXPECT_EQ(messages_.messages_size(), 2);
  EXPECT_TRUE(AskMessages("", "Submission").ok());
  EXPECT_EQ(messages_.messages_size(), 0);
}

TEST_F(QueriesTest, OneMessageIsFoundByItsNumber) {
  resolver_.ServFail("b.test");
  Directory("Some b.test");
  const base::MessageId id = Accept({"x@nowhere.test", "y@b.test"}, "both");
  EXPECT_TRUE(AskMessages(id.ToString()).ok());
  EXPECT_THAT(Subjects(), ElementsAre("both", "both"));
  EXPECT_TRUE(AskMessages(base::Cat("ours\\Unreachable\\", id.ToString())).ok());
  ASSERT_EQ(messages_.messages_size(), 1);
  EXPECT_EQ(messages_.messages(0).identity(), base::Cat("ours\\Unreachable\\", id.ToString()));
  EXPECT_EQ(AskMessages("1").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(AskMessages("one").code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(QueriesTest, MessageOfAQueueInRetryIsInRetry) {
  resolver_.ServFail("b.test");
  Directory("Some b.test");
  const base::MessageId id = Accept({"y@b.test"});
  ASSERT_TRUE(Soon([&] {
    return AskMessages(id.ToString()).ok() && messages_.messages(0).status() == "Retry";
  }));
  EXPECT_THAT(messages_.messages(0).last_error(), HasSubstr("b.test"));
  EXPECT_FALSE(messages_.messages(0).next_attempt().empty());
}

TEST_F(QueriesTest, AnswerEndsAtTheResultSize) {
  Directory("Some b.test");
  for (int i = 0; i < 150; ++i)
    Accept({"x@nowhere.test"});
  ASSERT_TRUE(Soon([this] { return AskMessages().ok() && messages_.messages_size() == 150; }));
  v1::GetMessageRequest request;
  request.set_result_size(100);
  EXPECT_TRUE(AskMessages(request).ok());
  EXPECT_EQ(messages_.messages_size(), 100);
  EXPECT_TRUE(messages_.truncated());
  request.set_result_size(150);
  EXPECT_TRUE(AskMessages(request).ok());
  EXPECT_FALSE(messages_.truncated());
  request.set_result_size(250'001);
  EXPECT_EQ(AskMessages(request).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(QueriesTest, DamagedMessageIsShownAsSuch) {
  Directory("Some b.test");
  store_.Damage(Accept({"x@nowhere.test"}));
  ASSERT_TRUE(Soon([this] { return AskMessages().ok() && messages_.messages_size() == 1; }));
  EXPECT_THAT(messages_.messages(0).last_error(), HasSubstr("damaged"));
}

TEST_F(QueriesTest, CallerThatHasGoneIsNotWorkedFor) {
  Directory("Some b.test");
  Accept({"x@nowhere.test"});
  ASSERT_TRUE(Soon([this] { return AskMessages().ok() && messages_.messages_size() == 1; }));
  cancelled_ = true;
  EXPECT_EQ(AskMessages().code(), absl::StatusCode::kCancelled);
}

TEST_F(QueriesTest, RecipientsAreShownWhenAskedFor) {
  Directory("Some b.test");
  Accept({"x@nowhere.test", "y@nowhere.test"});
  v1::GetMessageRequest request;
  request.set_include_recipients(true);
  ASSERT_TRUE(Soon([&] { return AskMessages(request).ok() && messages_.messages_size() == 1; }));
  ASSERT_EQ(messages_.messages(0).recipients_size(), 2);
  EXPECT_EQ(messages_.messages(0).recipients(1).address(), "y@nowhere.test");
  EXPECT_EQ(messages_.messages(0).recipients(1).queue(), "ours\\Unreachable");
}

}  // namespace
}  // namespace postern::admin
