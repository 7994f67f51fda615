#include "services/mailbox-transport/admin/message_query.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/services/mailbox-transport/admin/pipeline_fixture.h"
#include "tests/support/await.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MessageQueryTest : public PipelineFixture {
 protected:
  absl::Status Ask(const v1::GetMessageRequest& request) {
    response_.Clear();
    MessageQuery query(*pipeline_, disk_, base::Clock::System());
    return testing::Await(first_, query.Answer(request, response_, [] { return false; }));
  }

  std::vector<std::string> Subjects() const {
    std::vector<std::string> out;
    for (const v1::MessageInfo& message : response_.messages())
      out.push_back(message.subject());
    return out;
  }

  std::vector<std::string> With(const std::string& filter, const v1::Page& page = {}) {
    v1::GetMessageRequest request;
    request.set_filter(filter);
    *request.mutable_page() = page;
    const absl::Status status = Ask(request);
    if (!status.ok()) return {std::string(status.message())};
    return Subjects();
  }

  // Unreachable messages a, b, c, ...
  void Queue(int count) {
    Directory("Some b.test");
    for (int i = 0; i < count; ++i)
      ids_.push_back(Accept({"x@nowhere.test"}, std::string(1, static_cast<char>('a' + i))));
    ASSERT_TRUE(Soon([&] { return With("").size() == static_cast<std::size_t>(count); }));
  }

  v1::Page FromMessage(std::size_t i, std::uint32_t most, bool backward = false) const {
    v1::Page page;
    page.set_bookmark_object(base::Cat("ours\\Unreachable\\", ids_[i].ToString()));
    page.set_result_size(most);
    page.set_search_backward(backward);
    return page;
  }

  std::vector<base::MessageId> ids_;
  v1::GetMessageResponse response_;
};

TEST_F(MessageQueryTest, FiltersAreHeldAgainstEveryMessage) {
  Queue(3);
  EXPECT_THAT(With("Subject -ne 'b'"), ElementsAre("a", "c"));
  EXPECT_THAT(With("Queue -eq 'ours\\Unreachable' -and Subject -like 'a*'"), ElementsAre("a"));
  EXPECT_THAT(With("Queue -eq 'ours\\99'"), IsEmpty());
  EXPECT_THAT(With("Size -gt 1MB"), IsEmpty());
  EXPECT_THAT(With("Colour -eq 'red'"), ElementsAre(HasSubstr("no property of a message")));
}

TEST_F(MessageQueryTest, AFilterKnowsAQueueByEachOfItsNames) {
  resolver_.ServFail("b.test");
  Queue(1);
  Accept({"x@b.test"}, "z");
  ASSERT_TRUE(Soon([&] { return With("Subject -eq 'z' -and Status -eq 'Retry'").size() == 1; }));
  const std::string identity = response_.messages(0).queue();
  const std::string number = identity.substr(identity.find('\\') + 1);
  for (const std::string& name : {std::string("ours\\b.test"), std::string("OURS\\B.test"),
                                  std::string("b.test"), identity, number}) {
    EXPECT_THAT(With(base::Cat("Queue -eq '", name, "'")), ElementsAre("z")) << name;
    EXPECT_THAT(With(base::Cat("Queue -ne '", name, "'")), ElementsAre("a")) << name;
  }
  EXPECT_THAT(With("Queue -eq 'unreachable'"), ElementsAre("a"));
  EXPECT_THAT(With("Queue -eq 'b.test' -and Queue -eq 'Unreachable'"), IsEmpty());
  EXPECT_THAT(With("Queue -eq 'other\\b.test'"), IsEmpty());
  EXPECT_THAT(With("Queue -eq $null"), IsEmpty());
  EXPECT_THAT(With("Queue -ne $null"), SizeIs(2));
}

TEST_F(MessageQueryTest, AFilterKnowsAMessageByEachOfItsIdentities) {
  Queue(3);
  const std::string number = ids_[1].ToString();
  for (const std::string& identity :
       {number, base::Cat("Unreachable\\", number), base::Cat("ours\\Unreachable\\", number),
        base::Cat("ours\\*\\", number)}) {
    EXPECT_THAT(With(base::Cat("Identity -eq '", identity, "'")), ElementsAre("b")) << identity;
  }
  EXPECT_THAT(With(base::Cat("Identity -eq '99\\", number, "'")), IsEmpty());
  EXPECT_THAT(With(base::Cat("Identity -eq ", number, " -and Subject -eq 'a'")), IsEmpty());
  EXPECT_THAT(With(base::Cat("Identity -eq ", number, " -and Identity -eq ", ids_[0].ToString())),
              IsEmpty());
  EXPECT_THAT(With("Identity -eq 'b'"), ElementsAre(HasSubstr("filter: message \"b\": write")));
}

TEST_F(MessageQueryTest, BookmarksLeadFromPageToPage) {
  Queue(5);
  EXPECT_THAT(With("", FromMessage(1, 2)), ElementsAre("b", "c"));
  EXPECT_TRUE(response_.truncated());
  EXPECT_THAT(With("", FromMessage(3, 9)), ElementsAre("d", "e"));
  EXPECT_FALSE(response_.truncated());
  EXPECT_THAT(With("", FromMessage(3, 2, true)), ElementsAre("d", "c"));
  v1::Page without = FromMessage(3, 2);
  without.set_exclude_bookmark(true);
  without.set_return_page_info(true);
  EXPECT_THAT(With("", without), ElementsAre("e"));
  EXPECT_EQ(response_.page_info().first(), 5u);
  EXPECT_EQ(response_.page_info().total(), 5u);
}

TEST_F(MessageQueryTest, SortedPagesHaveBookmarksToo) {
  Queue(5);
  v1::Page page = FromMessage(3, 2);
  page.set_sort_order("-Subject");
  EXPECT_THAT(With("", page), ElementsAre("d", "c"));
  page.set_bookmark_object("ours\\3\\17");
  EXPECT_THAT(With("", page), ElementsAre(HasSubstr("in that queue no more")));
  page.clear_bookmark_object();
  page.set_sort_order("-Identity");
  EXPECT_THAT(With("", page), ElementsAre("e", "d"));
  page.set_sort_order("Beauty");
  EXPECT_THAT(With("", page), ElementsAre(HasSubstr("sort order: \"Beauty\"")));
}

TEST_F(MessageQueryTest, CursorGoesOnWhereTheAnswerEnded) {
  Queue(4);
  v1::GetMessageRequest request;
  request.mutable_page()->set_result_size(3);
  request.mutable_resume()->set_message(ids_[1].value);
  request.mutable_resume()->set_queue(QueueRank("Unreachable"));
  request.mutable_resume()->set_matched(2);
  request.mutable_resume()->set_given(2);
  request.mutable_resume()->set_first(1);
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_THAT(Subjects(), ElementsAre("c"));
  EXPECT_TRUE(response_.truncated());
  EXPECT_FALSE(response_.has_next());
  request.mutable_page()->set_sort_order("Subject");
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(MessageQueryTest, StarIsAnyQueueOfAMessage) {
  Queue(2);
  v1::GetMessageRequest request;
  request.set_identity(base::Cat("ours\\*\\", ids_[1].ToString()));
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_THAT(Subjects(), ElementsAre("b"));
  request.set_identity(base::Cat("ours\\7\\", ids_[1].ToString()));
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kNotFound);
  request.set_filter("Size -gt 0");
  EXPECT_EQ(Ask(request).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(MessageQueryTest, IdentityIsAPlaceAmongAllRows) {
  EXPECT_EQ(*PlaceOfIdentity("ours\\3\\17"), (RowPlace{17, QueueRank("3")}));
  EXPECT_EQ(PlaceOfIdentity("ours\\3\\x").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace postern::admin
