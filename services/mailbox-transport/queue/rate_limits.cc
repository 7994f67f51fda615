#include "services/mailbox-transport/queue/rate_limits.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"

#include "common/base/text.h"
#include "common/settings/errors.h"

namespace postern::queue {

namespace {

constexpr std::string_view kConnector = "connector:";
constexpr std::string_view kMx = "mx:";
constexpr std::uint32_t kCountMax = 1'000'000;

absl::Status Bad(const std::string& rule, std::string_view why) {
  return base::Error(absl::StatusCode::kInvalidArgument, "queue.rate_limits: \"",
                     base::Printable(rule), "\": ", why);
}

std::optional<absl::Duration> UnitOf(std::string_view unit) {
  if (unit == "s") return absl::Seconds(1);
  if (unit == "min") return absl::Minutes(1);
  if (unit == "h") return absl::Hours(1);
  return std::nullopt;
}

// What it is about, in lower case, and how often.
absl::StatusOr<std::pair<std::string, Pace>> ParseRule(const std::string& rule, std::size_t parts) {
  const std::size_t equals = rule.rfind('=');
  const std::size_t slash = rule.rfind('/');
  if (equals == std::string::npos || equals == 0 || slash == std::string::npos || slash < equals) {
    return Bad(rule,
               "write destination=count/min, mx:domain=count/min or connector:name=count/min");
  }
  const std::string_view count_text = std::string_view(rule).substr(equals + 1, slash - equals - 1);
  std::uint32_t count = 0;
  if (!absl::SimpleAtoi(absl::string_view(count_text.data(), count_text.size()), &count) ||
      count == 0 || count > kCountMax) {
    return Bad(rule, base::Cat("the count is a number from 1 to ", kCountMax));
  }
  const auto unit = UnitOf(std::string_view(rule).substr(slash + 1));
  if (!unit) return Bad(rule, "the unit is s, min or h");
  std::string name = base::LowerAscii(rule.substr(0, equals));
  Pace pace;
  pace.text = rule.substr(equals + 1);
  pace.every = *unit / static_cast<std::int64_t>(count);
  const bool shared = name.starts_with(kConnector) || name.starts_with(kMx);
  if (shared) pace.every *= static_cast<std::int64_t>(parts);
  return std::pair(std::move(name), std::move(pace));
}

// What a pace may catch up: nothing, where it is slow.
absl::Duration BurstOf(const Pace& pace) {
  return pace.every < kLimitBurst ? kLimitBurst : absl::ZeroDuration();
}

}  // namespace

absl::StatusOr<RateLimits> RateLimits::Parse(const std::vector<std::string>& rules,
                                             std::size_t parts) {
  RateLimits limits;
  if (rules.size() > kLimitsMax) {
    return base::Error(absl::StatusCode::kInvalidArgument, "queue.rate_limits: ", rules.size(),
                       " rules, at most ", kLimitsMax, " are allowed");
  }
  settings::Errors errors;
  for (const std::string& rule : rules) {
    auto named = ParseRule(rule, parts);
    errors.Note(named.status());
    if (named.ok() && !limits.paces_.insert(*std::move(named)).second) {
      errors.Note(Bad(rule, "it is there twice"));
    }
  }
  if (absl::Status wrong = errors.Together(); !wrong.ok()) return wrong;
  return limits;
}

Paces RateLimits::PacesOf(const model::NextHop& hop) {
  Paces paces{};
  if (paces_.empty()) return paces;
  paces[kOfDestination] = Find(hop.domain);
  paces[kOfConnector] = Find(base::Cat(kConnector, base::LowerAscii(hop.connector)));
  return paces;
}

Pace* RateLimits::PaceOfMxSet(std::string_view mx_set) {
  if (paces_.empty()) return nullptr;
  Pace* pace = nullptr;
  std::size_t longest = 0;
  for (std::string_view domain : base::Split(mx_set, ',')) {
    domain = base::Trim(domain);
    domain.remove_prefix(domain.find(' ') + 1);  // the preference
    while (domain.size() > longest) {
      if (Pace* const found = Find(base::Cat(kMx, domain))) {
        pace = found;
        longest = domain.size();
      }
      domain.remove_prefix(std::min(domain.size(), domain.find('.')));
      if (!domain.empty()) domain.remove_prefix(1);
    }
  }
  return pace;
}

Pace* RateLimits::Find(const std::string& name) {
  const auto found = paces_.find(name);
  return found == paces_.end() ? nullptr : &found->second;
}

absl::Time Until(const Paces& paces) {
  absl::Time until = absl::InfinitePast();
  for (const Pace* pace : paces) {
    if (pace != nullptr) until = std::max(until, pace->next);
  }
  return until;
}

std::size_t Allowed(const Paces& paces, absl::Time now) {
  std::size_t allowed = std::numeric_limits<std::size_t>::max();
  for (const Pace* pace : paces) {
    if (pace == nullptr) continue;
    const absl::Duration saved = std::min(now - pace->next, BurstOf(*pace));
    const auto count = saved < absl::ZeroDuration() ? 0 : 1 + saved / pace->every;
    allowed = std::min(allowed, static_cast<std::size_t>(count));
  }
  return allowed;
}

void Spend(const Paces& paces, absl::Time now) {
  for (Pace* pace : paces) {
    if (pace != nullptr) pace->next = std::max(pace->next, now - BurstOf(*pace)) + pace->every;
  }
}

void Refund(const Paces& paces) {
  for (Pace* pace : paces) {
    if (pace != nullptr) pace->next -= pace->every;
  }
}

std::string TextOf(const Paces& paces) {
  const Pace* slowest = nullptr;
  for (const Pace* pace : paces) {
    if (pace != nullptr && (slowest == nullptr || pace->next > slowest->next)) slowest = pace;
  }
  return slowest == nullptr ? "" : slowest->text;
}

}  // namespace postern::queue
