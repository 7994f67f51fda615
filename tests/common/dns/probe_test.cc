#include "common/dns/probe.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::dns {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(DnsProbeTest, QuestionsAreCountedByResult) {
  const struct {
    absl::Status status;
    bool empty;
    const char* result;  // "": not counted
  } kRows[] = {
      {absl::OkStatus(), false, "answer"},
      {absl::OkStatus(), true, "no_data"},
      {absl::NotFoundError("x"), true, "no_name"},
      {absl::UnavailableError("x"), true, "server_failure"},
      {absl::DeadlineExceededError("x"), true, "timeout"},
      {absl::CancelledError("x"), true, ""},
      {absl::InvalidArgumentError("x"), true, ""},
  };

  for (const auto& row : kRows) {
    SCOPED_TRACE(row.status.ToString());
    observe::Registry registry;
    const Probe probe(registry, "internal");
    probe.Asked(row.status, row.empty, absl::Milliseconds(7));
    const std::string text = registry.Text();
    const std::string counted = std::string("result=\"") + row.result + "\"} 1\n";
    const bool expected = *row.result != '\0';
    if (expected) {
      EXPECT_THAT(text, HasSubstr("postern_dns_questions_total{resolver=\"internal\"," + counted));
    } else {
      EXPECT_THAT(text, Not(HasSubstr("\"} 1\n")));
    }
    EXPECT_THAT(text, HasSubstr(std::string("postern_dns_question_seconds_count{resolver="
                                            "\"internal\"} ") +
                                (expected ? "1" : "0")));
  }
}

TEST(DnsProbeTest, ResolversAndCachedAnswersAreApart) {
  observe::Registry registry;
  const Probe internal(registry, "internal");
  const Probe external(registry, "external");
  external.Cached();
  external.Cached();
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("postern_dns_cached_answers_total{resolver=\"internal\"} 0"));
  EXPECT_THAT(text, HasSubstr("postern_dns_cached_answers_total{resolver=\"external\"} 2"));
}

}  // namespace
}  // namespace postern::dns
