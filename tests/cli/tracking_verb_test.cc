#include "cli/tracking_verb.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "cli/cmdlet_call.h"
#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<TrackingAsked> Asked(const std::vector<std::string>& words) {
  auto call = UnderstoodCall(*FindCmdlet("Get-MessageTrackingLog"), WordsOf(words));
  if (!call.ok()) return call.status();
  return call->tracking;
}

std::string Fault(const std::vector<std::string>& words) {
  return Asked(words).status().ToString();
}

v1::GetMessageTrackingLogResponse TwoEvents() {
  v1::GetMessageTrackingLogResponse all;
  for (const char* name : {"RECEIVE", "SEND"}) {
    v1::TrackingEvent& event = *all.add_events();
    event.set_timestamp("2026-01-31T10:00:00.000Z");
    event.set_event_id(name);
    event.add_recipients("bob@b.test");
    event.set_message_subject("\x1b[31mred");
    event.set_server("mbx-0");
  }
  all.set_complete(true);
  return all;
}

TEST(TrackingVerb, ALineBecomesAQuestion) {
  const auto asked = Asked({"-Start", "2026-01-31", "-End", "2026-01-31T12:30:00+02:00", "-Sender",
                            "ann@a.test", "-Recipients", "b@b.test,c@c.test", "-EventId", "FAIL",
                            "-Server", "mbx-0", "-ResultSize", "7"});
  ASSERT_TRUE(asked.ok()) << asked.status();
  const v1::TrackingFilter& filter = asked->request.filter();
  EXPECT_EQ(filter.start(), "2026-01-31T00:00:00+00:00");
  EXPECT_EQ(filter.end(), "2026-01-31T10:30:00+00:00");
  EXPECT_EQ(filter.sender(), "ann@a.test");
  EXPECT_THAT(filter.recipients(), ElementsAre("b@b.test", "c@c.test"));
  EXPECT_EQ(filter.event_id(), "FAIL");
  EXPECT_THAT(asked->request.servers(), ElementsAre("mbx-0"));
  EXPECT_EQ(asked->result_size, 7u);
  EXPECT_EQ(Asked({})->result_size, kResultSizeDefault);
  EXPECT_EQ(Asked({"-ResultSize", "Unlimited"})->result_size, SIZE_MAX);
}

TEST(TrackingVerb, TimesHaveTheFormsThatFiltersHave) {
  const auto asked = Asked({"-Start", "11/29/2026 09:00:00", "-End", "11/29/2026 9:30 PM"});
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->request.filter().start(), "2026-11-29T09:00:00+00:00");
  EXPECT_EQ(asked->request.filter().end(), "2026-11-29T21:30:00+00:00");
}

TEST(TrackingVerb, EveryMistakeIsNamed) {
  const std::string fault = Fault({"-Start", "soon", "-ResultSize", "0", "-Sendr", "x"});
  EXPECT_THAT(fault, HasSubstr("-Start: \"soon\""));
  EXPECT_THAT(fault, HasSubstr("-ResultSize: \"0\""));
  EXPECT_THAT(fault, HasSubstr("-Sendr"));
}

TEST(TrackingVerb, ATableShowsWhatBecameOfMessages) {
  StringShell strings;
  Shell shell = strings.shell();
  ASSERT_TRUE(Print(TwoEvents(), View(), shell).ok());
  EXPECT_THAT(strings.out.str(), HasSubstr("Timestamp                Server EventId"));
  EXPECT_THAT(strings.out.str(), HasSubstr("bob@b.test"));
  EXPECT_THAT(strings.out.str(), Not(HasSubstr("\x1b")));
  EXPECT_EQ(strings.err.str(), "");
}

TEST(TrackingVerb, AListShowsAllOrWhatIsChosen) {
  StringShell strings;
  Shell shell = strings.shell();
  View view{.form = View::Form::kList};
  ASSERT_TRUE(Print(TwoEvents(), view, shell).ok());
  EXPECT_THAT(strings.out.str(), HasSubstr("CustomData"));
  view.properties = {"Event*", "Server"};
  StringShell chosen;
  Shell other = chosen.shell();
  ASSERT_TRUE(Print(TwoEvents(), view, other).ok());
  EXPECT_EQ(chosen.out.str(),
            "EventId : RECEIVE\nServer  : mbx-0\n\nEventId : SEND\nServer  : mbx-0\n");
  view.properties = {"Nonsense"};
  EXPECT_THAT(Print(TwoEvents(), view, other).ToString(), HasSubstr("\"Nonsense\" is not a"));
}

TEST(TrackingVerb, SilentServersAndTheRestAreTold) {
  auto all = TwoEvents();
  all.set_complete(false);
  v1::SilentServer& silent = *all.add_silent();
  silent.set_server("mbx-1");
  silent.set_error("refused");
  StringShell strings;
  Shell shell = strings.shell();
  ASSERT_TRUE(Print(all, View(), shell).ok());
  EXPECT_EQ(strings.err.str(),
            "WARNING: no answer of mbx-1: refused\n"
            "there are more events: narrow it, or raise -ResultSize\n");
}

}  // namespace
}  // namespace postern::cli
