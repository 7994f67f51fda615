#include "common/dns/probe.h"

#include <optional>
#include <string>

namespace postern::dns {

namespace {

std::optional<QuestionResult> ResultOf(const absl::Status& status, bool empty) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return empty ? QuestionResult::kNoData : QuestionResult::kAnswer;
    case absl::StatusCode::kNotFound:
      return QuestionResult::kNoName;
    case absl::StatusCode::kDeadlineExceeded:
      return QuestionResult::kTimeout;
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInvalidArgument:
      return std::nullopt;
    default:
      return QuestionResult::kServerFailure;
  }
}

}  // namespace

std::string_view NameOf(QuestionResult result) {
  switch (result) {
    case QuestionResult::kAnswer:
      return "answer";
    case QuestionResult::kNoData:
      return "no_data";
    case QuestionResult::kNoName:
      return "no_name";
    case QuestionResult::kServerFailure:
      return "server_failure";
    case QuestionResult::kTimeout:
      return "timeout";
  }
  return "";
}

Probe::Probe(observe::Registry& registry, std::string_view resolver)
    : seconds_(registry.AddHistogram("postern_dns_question_seconds",
                                     "Time that a question to the name servers took, over all of "
                                     "them; by resolver.",
                                     observe::SecondsBuckets(),
                                     {{"resolver", std::string(resolver)}})),
      cached_(registry.AddCounter("postern_dns_cached_answers_total",
                                  "Lookups that the cache answered, by resolver.",
                                  {{"resolver", std::string(resolver)}})) {
  for (std::size_t i = 0; i < kQuestionResults; ++i) {
    const std::string result(NameOf(static_cast<QuestionResult>(i)));
    questions_[i] = &registry.AddCounter(
        "postern_dns_questions_total",
        "Questions to the name servers, by resolver (internal, external) and result: answer, "
        "no_data, no_name, server_failure (also refused and not reachable), timeout.",
        {{"resolver", std::string(resolver)}, {"result", result}});
  }
}

void Probe::Asked(const absl::Status& status, bool empty, absl::Duration took) const {
  const std::optional<QuestionResult> result = ResultOf(status, empty);
  if (!result.has_value()) return;
  questions_[static_cast<std::size_t>(*result)]->Add();
  seconds_.Record(absl::ToDoubleSeconds(took));
}

}  // namespace postern::dns
