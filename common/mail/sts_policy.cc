// The two grammars (RFC 8461 §3.1 and §3.2), in short:
//
//   record  = "v=STSv1" 1*(delim field) [delim]        delim = *WSP ";" *WSP
//   field   = "id=" 1*32(letter / digit) / name "=" 1*(%x21-7E but ";" and "=")
//
//   policy  = line *(end line) [end]                   end = LF / CRLF
//   line    = name ":" *WSP value *WSP                 value = visible characters, SP between them
//
//   name    = (letter / digit) *31(letter / digit / "_" / "-" / ".")

#include "common/mail/sts_policy.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/mail/utf8.h"

namespace postern::mail {

namespace {

constexpr std::string_view kVersion = "STSv1";
constexpr std::string_view kRecordStart = "v=STSv1";
constexpr std::string_view kWildcard = "*.";
constexpr std::size_t kIdBytesMax = 32;
constexpr std::size_t kNameBytesMax = 32;
constexpr std::size_t kMaxAgeDigitsMax = 10;

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && base::IsLetterOrDigit(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return base::IsLetterOrDigit(c) || c == '_' || c == '-' || c == '.';
         });
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax &&
         std::all_of(text.begin(), text.end(), base::IsLetterOrDigit);
}

bool IsRecordValue(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != ';' && c != '=';
  });
}

std::string_view WithoutSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// What follows the version of a policy record, from the first ";" on.
std::optional<std::string_view> FieldsOf(std::string_view record) {
  if (!record.starts_with(kRecordStart)) return std::nullopt;
  record.remove_prefix(kRecordStart.size());
  const std::size_t delimiter = record.find_first_not_of(" \t");
  if (delimiter == std::string_view::npos || record[delimiter] != ';') return std::nullopt;
  return record.substr(delimiter + 1);
}

std::optional<std::string> IdOf(std::string_view fields) {
  std::vector<std::string_view> parts = base::Split(fields, ';');
  // Space belongs to a delimiter: none may follow the last field without one.
  if (const std::string_view last = parts.back(); last.ends_with(' ') || last.ends_with('\t')) {
    if (!WithoutSpace(last).empty()) return std::nullopt;
  }
  if (parts.size() > 1 && WithoutSpace(parts.back()).empty()) parts.pop_back();
  std::optional<std::string> id;
  for (std::string_view part : parts) {
    part = WithoutSpace(part);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view value = part.substr(equals + 1);
    if (!IsName(part.substr(0, equals)) || !IsRecordValue(value)) return std::nullopt;
    if (part.substr(0, equals) != "id" || id) continue;
    if (!IsId(value)) return std::nullopt;
    id = std::string(value);
  }
  return id;
}

// A value of any key; empty only for keys that nobody reads.
bool IsPolicyValue(std::string_view text) {
  return IsUtf8(text) && std::all_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= ' ' && byte != 0x7F;
         });
}

absl::StatusOr<std::string> NormalizePattern(std::string_view text) {
  const bool wildcard = text.starts_with(kWildcard);
  auto name = NormalizeDomain(wildcard ? text.substr(kWildcard.size()) : text);
  if (!name.ok()) return name.status();
  return wildcard ? base::Cat(kWildcard, *name) : *std::move(name);
}

class PolicyReader {
 public:
  absl::Status Take(std::string_view line) {
    ++line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    // Files often end with an empty line or two.
    if (line.empty()) return absl::OkStatus();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Bad("must be a key, a colon and a value");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = WithoutSpace(line.substr(colon + 1));
    if (!IsName(name)) return Bad("must begin with a key of 1 to 32 letters, digits, _, - and .");
    if (!IsPolicyValue(value)) return Bad("must have a value of UTF-8 without control characters");
    if (name == "version") return TakeVersion(value);
    if (name == "mode") return TakeMode(value);
    if (name == "max_age") return TakeMaxAge(value);
    if (name == "mx") return TakeMx(value);
    return absl::OkStatus();
  }

  absl::StatusOr<StsPolicy> Finish(std::string id) && {
    if (!version_) return Missing("version");
    if (!mode_) return Missing("mode");
    if (!max_age_) return Missing("max_age");
    if (mx_.empty() && *mode_ != StsMode::kNone) return Missing("mx");
    StsPolicy policy;
    policy.id = std::move(id);
    policy.mode = *mode_;
    policy.mx = std::move(mx_);
    policy.max_age = *max_age_;
    return policy;
  }

 private:
  absl::Status Bad(std::string_view rule) const {
    return base::Error(absl::StatusCode::kInvalidArgument, "sts policy: line ", line_, " ", rule);
  }

  static absl::Status Missing(std::string_view key) {
    return base::Error(absl::StatusCode::kInvalidArgument, "sts policy: must have the key ", key);
  }

  absl::Status TakeVersion(std::string_view value) {
    if (std::exchange(version_, true)) return absl::OkStatus();
    return value == kVersion ? absl::OkStatus() : Bad("must have the version STSv1");
  }

  absl::Status TakeMode(std::string_view value) {
    if (mode_) return absl::OkStatus();
    for (const StsMode mode : {StsMode::kNone, StsMode::kTesting, StsMode::kEnforce}) {
      if (value == StsModeName(mode)) mode_ = mode;
    }
    return mode_ ? absl::OkStatus() : Bad("must have the mode enforce, testing or none");
  }

  absl::Status TakeMaxAge(std::string_view value) {
    if (max_age_) return absl::OkStatus();
    const auto seconds = base::ParseUnsigned(value);
    const auto seconds_max = static_cast<std::uint64_t>(absl::ToInt64Seconds(kStsMaxAgeMax));
    if (!seconds || value.size() > kMaxAgeDigitsMax || *seconds > seconds_max) {
      return Bad("must have a max_age of 0 to 31557600 seconds");
    }
    max_age_ = absl::Seconds(static_cast<std::int64_t>(*seconds));
    return absl::OkStatus();
  }

  absl::Status TakeMx(std::string_view value) {
    if (mx_.size() == kStsMxMax) return Bad(base::Cat("is one mx more than ", kStsMxMax));
    auto pattern = NormalizePattern(value);
    if (!pattern.ok()) return Bad(base::Cat("mx: ", base::MessageOf(pattern.status())));
    mx_.push_back(*std::move(pattern));
    return absl::OkStatus();
  }

  std::size_t line_ = 0;
  bool version_ = false;
  std::optional<StsMode> mode_;
  std::optional<absl::Duration> max_age_;
  std::vector<std::string> mx_;
};

bool PatternMatches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with(kWildcard)) return pattern == host;
  const std::size_t dot = host.find('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  return host.substr(dot + 1) == pattern.substr(kWildcard.size());
}

}  // namespace

std::string_view StsModeName(StsMode mode) {
  switch (mode) {
    case StsMode::kTesting:
      return "testing";
    case StsMode::kEnforce:
      return "enforce";
    case StsMode::kNone:
      break;
  }
  return "none";
}

std::optional<std::string> StsRecordId(const std::vector<std::string>& txt) {
  std::optional<std::string_view> found;
  for (const std::string& record : txt) {
    const auto fields = FieldsOf(record);
    if (!fields) continue;
    if (found) return std::nullopt;
    found = fields;
  }
  return found ? IdOf(*found) : std::nullopt;
}

absl::StatusOr<StsPolicy> ParseStsPolicy(std::string_view text, std::string id) {
  if (text.size() > kStsPolicyBytesMax) {
    return base::Error(absl::StatusCode::kInvalidArgument, "sts policy: ", text.size(),
                       " bytes, must be at most ", kStsPolicyBytesMax);
  }
  PolicyReader reader;
  for (const std::string_view line : base::Split(text, '\n')) {
    if (absl::Status taken = reader.Take(line); !taken.ok()) return taken;
  }
  return std::move(reader).Finish(std::move(id));
}

bool StsMatches(const StsPolicy& policy, std::string_view host) {
  const auto name = NormalizeDomain(host);
  if (!name.ok()) return false;
  return std::any_of(policy.mx.begin(), policy.mx.end(), [&name](const std::string& text) {
    const auto pattern = NormalizePattern(text);
    return pattern.ok() && PatternMatches(*pattern, *name);
  });
}

std::vector<std::string> StsPolicyLines(const StsPolicy& policy) {
  std::vector<std::string> lines;
  lines.push_back(base::Cat("version: ", kVersion));
  lines.push_back(base::Cat("mode: ", StsModeName(policy.mode)));
  for (const std::string& mx : policy.mx)
    lines.push_back(base::Cat("mx: ", mx));
  lines.push_back(base::Cat("max_age: ", absl::ToInt64Seconds(policy.max_age)));
  return lines;
}

}  // namespace postern::mail
