// What is taken as a policy is one: it is bounded, its patterns are names, and its own lines are
// read as the same policy again. A record's id is what the standard allows.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/mail/sts_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mail = postern::mail;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto id = mail::StsRecordId({std::string(text)})) {
    POSTERN_CHECK(!id->empty() && id->size() <= 32);
    POSTERN_CHECK(text.starts_with("v=STSv1"));
    POSTERN_CHECK(mail::StsRecordId({"v=STSv1; id=" + *id}) == *id);
    POSTERN_CHECK(!mail::StsRecordId({std::string(text), std::string(text)}));
  }

  const auto policy = mail::ParseStsPolicy(text, "1");
  if (!policy.ok()) return 0;
  POSTERN_CHECK(size <= mail::kStsPolicyBytesMax);
  POSTERN_CHECK(policy->mx.size() <= mail::kStsMxMax);
  POSTERN_CHECK(!policy->mx.empty() || policy->mode == mail::StsMode::kNone);
  POSTERN_CHECK(policy->max_age >= absl::ZeroDuration());
  POSTERN_CHECK(policy->max_age <= mail::kStsMaxAgeMax);
  for (const std::string& mx : policy->mx) {
    const bool wildcard = mx.starts_with("*.");
    const std::string name = wildcard ? mx.substr(2) : mx;
    POSTERN_CHECK(mail::NormalizeDomain(name).value() == name);
    POSTERN_CHECK(wildcard || mail::StsMatches(*policy, name));
    POSTERN_CHECK(!wildcard || name.size() > 250 || mail::StsMatches(*policy, "a." + name));
  }
  const std::string lines = postern::base::Join(mail::StsPolicyLines(*policy), "\r\n");
  // Names may grow when they become A-labels.
  if (lines.size() > mail::kStsPolicyBytesMax) return 0;
  POSTERN_CHECK(mail::ParseStsPolicy(lines, "1").value() == *policy);
  return 0;
}
