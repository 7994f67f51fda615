#include "services/mailbox-transport/admin/tracking_search.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "services/mailbox-transport/pipeline/tracking_fields.h"
#include "tests/services/mailbox-transport/pipeline/tracking_folder.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kMany = 1000;

class TrackingSearchTest : public ::testing::Test {
 protected:
  // Appends events, each as "number event recipients subject", to a file of the log.
  void Write(const std::string& file, const std::vector<std::string>& events) {
    std::ofstream out(folder_.path() + "/" + file, std::ios::app);
    if (out.tellp() == 0) out << "#Software: Postern\n";
    for (const std::string& event : events)
      out << Line(event) << "\n";
  }

  static std::string Line(const std::string& event) {
    const auto words = base::Split(event, ' ');
    std::vector<std::string> values(pipeline::kTrackingFields);
    const std::string number(words[0]);
    values[0] = base::Cat("2026-01-31T10:00:", std::string_view(number).substr(0, 2), ".000Z");
    values[7] = "SMTP";
    values[8] = words[1];
    values[9] = number;
    values[10] = base::Cat("<m", number, "@a.test>");
    values[12] = words[2];
    values[14] = "1000";
    values[18] = words.size() > 3 ? words[3] : "";
    values[19] = values[20] = "ann@a.test";
    return base::Join(values, ",");
  }

  static TrackingQuery Query(const v1::TrackingFilter& filter = {}) {
    auto query = TrackingQuery::Parse(filter);
    EXPECT_TRUE(query.ok()) << query.status();
    return *query;
  }

  // The numbers of what is found from the cursor on, to the end.
  std::vector<std::string> Found(const v1::TrackingFilter& filter = {}, std::size_t most = kMany) {
    std::vector<std::string> numbers;
    for (int slices = 0; !cursor_.complete() && slices < 100; ++slices) {
      const auto slice = search_.Next(Query(filter), most, kMany * kMany, cursor_);
      EXPECT_LE(slice.events.size(), most);
      lost_ = lost_ || slice.lost;
      for (const v1::TrackingEvent& event : slice.events)
        numbers.push_back(event.internal_message_id());
    }
    EXPECT_TRUE(cursor_.complete());
    return numbers;
  }

  // With one field of the filter, by its name.
  std::vector<std::string> FoundBy(const std::string& name, const std::string& value) {
    v1::TrackingFilter filter;
    const auto* const field = filter.GetDescriptor()->FindFieldByName(name);
    if (field->is_repeated()) {
      filter.GetReflection()->AddString(&filter, field, value);
    } else {
      filter.GetReflection()->SetString(&filter, field, value);
    }
    cursor_.Clear();
    return Found(filter);
  }

  pipeline::TrackingFolder folder_;
  TrackingSearch search_{folder_.path(), "mbx-0"};
  v1::TrackingCursor cursor_;
  bool lost_ = false;
};

TEST_F(TrackingSearchTest, AnEventHasEachValueAtItsField) {
  const auto event = ToEvent(Line("11 SEND a@b.test;c@d.test Lunch"));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->timestamp(), "2026-01-31T10:00:11.000Z");
  EXPECT_EQ(event->event_id(), "SEND");
  EXPECT_THAT(event->recipients(), ElementsAre("a@b.test", "c@d.test"));
  EXPECT_EQ(event->total_bytes(), 1000u);
  EXPECT_EQ(event->message_subject(), "Lunch");
  EXPECT_EQ(event->return_path(), "ann@a.test");
  EXPECT_FALSE(ToEvent("#Fields: x,y"));
  EXPECT_FALSE(ToEvent(""));
  EXPECT_EQ(ToEvent("2026-01-31T10:00:11.000Z,\xff")->client_ip(), "?");
}

TEST_F(TrackingSearchTest, FilesAreReadOneAfterAnotherInPagesOfAnySize) {
  Write("MSGTRK20260131-2.log", {"13 SEND a@b.test", "14 SEND a@b.test"});
  Write("MSGTRK20260131-10.log", {"15 SEND a@b.test"});
  Write("MSGTRK20260131-1.log", {"11 RECEIVE a@b.test", "12 RECEIVE a@b.test"});
  for (const std::size_t most : {1u, 2u, 100u}) {
    cursor_.Clear();
    EXPECT_THAT(Found({}, most), ElementsAre("11", "12", "13", "14", "15")) << most;
  }
  EXPECT_EQ(cursor_.bytes_left(), 0u);
}

TEST_F(TrackingSearchTest, ALineThatIsStillBeingWrittenWaits) {
  Write("MSGTRK20260131-1.log", {"11 SEND a@b.test"});
  std::ofstream out(folder_.path() + "/MSGTRK20260131-1.log", std::ios::app);
  const std::string line = Line("12 SEND a@b.test");
  out << line.substr(0, 60) << std::flush;
  EXPECT_THAT(Found(), ElementsAre("11"));
  out << line.substr(60) << "\n" << std::flush;
  cursor_.set_complete(false);
  EXPECT_THAT(Found(), ElementsAre("12")) << "the cursor goes on where it stood";
}

TEST_F(TrackingSearchTest, WhatIsGoneIsPassedOverAndSaid) {
  Write("MSGTRK20260131-1.log", {"11 SEND a@b.test", "12 SEND a@b.test"});
  Write("MSGTRK20260131-2.log", {"13 SEND a@b.test"});
  search_.Next(Query(), 1, kMany, cursor_);
  std::filesystem::remove(folder_.path() + "/MSGTRK20260131-1.log");
  EXPECT_THAT(Found(), ElementsAre("13"));
  EXPECT_TRUE(lost_);
}

TEST_F(TrackingSearchTest, EachFilterKeepsWhatFits) {
  Write("MSGTRK20260131-1.log", {"11 RECEIVE bob@b.test Lunch", "12 SEND bob@b.test;eve@b.test",
                                 "13 FAIL joe@b.test Dinner"});
  EXPECT_THAT(FoundBy("event_id", "send"), ElementsAre("12"));
  EXPECT_THAT(FoundBy("internal_message_id", "13"), ElementsAre("13"));
  EXPECT_THAT(FoundBy("internal_message_id", "1"), IsEmpty());
  EXPECT_THAT(FoundBy("message_id", "M11@a.test"), ElementsAre("11"));
  EXPECT_THAT(FoundBy("message_subject", "NN"), ElementsAre("13"));
  EXPECT_THAT(FoundBy("sender", "ANN@a.test"), ElementsAre("11", "12", "13"));
  EXPECT_THAT(FoundBy("sender", "bob@b.test"), IsEmpty());
  EXPECT_THAT(FoundBy("recipients", "EVE@b.test"), ElementsAre("12"));
  EXPECT_THAT(FoundBy("source", "DSN"), IsEmpty());
  EXPECT_THAT(FoundBy("reference", "<x@y>"), IsEmpty());
  EXPECT_THAT(FoundBy("start", "2026-01-31T10:00:12Z"), ElementsAre("12", "13"));
  EXPECT_THAT(FoundBy("end", "2026-01-31T10:00:12Z"), ElementsAre("11"));
  EXPECT_THAT(FoundBy("end", "2026-01-30T10:00:12Z"), IsEmpty());
  EXPECT_THAT(FoundBy("start", "2026-02-01T00:00:00Z"), IsEmpty());
}

TEST_F(TrackingSearchTest, QuestionsAndCursorsAreChecked) {
  v1::TrackingFilter filter;
  filter.set_start("soon");
  EXPECT_THAT(TrackingQuery::Parse(filter).status().ToString(),
              HasSubstr("start: \"soon\" is not"));
  filter.Clear();
  filter.set_event_id("SENT");
  EXPECT_THAT(TrackingQuery::Parse(filter).status().ToString(), HasSubstr("event_id: \"SENT\""));
  filter.Clear();
  filter.set_source("Mail");
  EXPECT_THAT(TrackingQuery::Parse(filter).status().ToString(), HasSubstr("source: \"Mail\""));
  EXPECT_TRUE(CheckCursor(cursor_).ok());
  cursor_.set_file("../../etc/passwd");
  EXPECT_TRUE(absl::IsInvalidArgument(CheckCursor(cursor_)));
}

TEST_F(TrackingSearchTest, TheEndIsWhereNothingIsLeft) {
  EXPECT_EQ(search_.End().file(), "");
  Write("MSGTRK20260131-1.log", {"11 SEND a@b.test"});
  cursor_ = search_.End();
  EXPECT_THAT(Found(), IsEmpty());
  Write("MSGTRK20260131-1.log", {"12 SEND a@b.test"});
  cursor_.set_complete(false);
  EXPECT_THAT(Found(), ElementsAre("12"));
}

}  // namespace
}  // namespace postern::admin
