#include "common/smtp/tls_report.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/observe/json_text.h"

namespace postern::smtp {

namespace {

constexpr std::size_t kTextBytesMax = 255;
// About what a set of sums, a detail and a text cost beside their bytes.
constexpr std::size_t kSumsBytes = 256;
constexpr std::size_t kDetailBytes = 192;
constexpr std::size_t kTextBytes = 32;

std::string Cut(std::string_view text) {
  return std::string(text.substr(0, kTextBytesMax));
}

std::vector<std::string> Cut(const std::vector<std::string>& texts, std::size_t count_max) {
  std::vector<std::string> out;
  for (const std::string& text : texts) {
    if (out.size() == count_max) break;
    out.push_back(Cut(text));
  }
  return out;
}

std::size_t BytesOfTexts(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts)
    bytes += kTextBytes + text.size();
  return bytes;
}

// Members and elements of JSON, with the commas where they belong.
class JsonWriter {
 public:
  void Open(char bracket) {
    Comma();
    out_.push_back(bracket);
    first_ = true;
  }

  void Close(char bracket) {
    out_.push_back(bracket);
    first_ = false;
  }

  void Name(std::string_view name) {
    Text(name);
    out_.push_back(':');
    first_ = true;
  }

  void Text(std::string_view text) {
    Comma();
    observe::AppendJsonString(out_, text);
  }

  void Member(std::string_view name, std::string_view text) {
    Name(name);
    Text(text);
  }

  void Member(std::string_view name, std::uint64_t number) {
    Name(name);
    Comma();
    out_ += std::to_string(number);
  }

  void Member(std::string_view name, const std::vector<std::string>& texts) {
    Name(name);
    Open('[');
    for (const std::string& text : texts)
      Text(text);
    Close(']');
  }

  std::string Take() && { return std::move(out_); }

 private:
  void Comma() {
    if (!first_) out_.push_back(',');
    first_ = false;
  }

  std::string out_;
  bool first_ = true;
};

void WritePolicy(JsonWriter& json, const TlsPolicyUsed& policy) {
  json.Name("policy");
  json.Open('{');
  json.Member("policy-type", TlsPolicyTypeName(policy.type));
  if (!policy.strings.empty()) json.Member("policy-string", policy.strings);
  json.Member("policy-domain", policy.domain);
  if (!policy.mx.empty()) json.Member("mx-host", policy.mx);
  json.Close('}');
}

void WriteDetail(JsonWriter& json, const TlsFailure& failure, std::uint64_t sessions) {
  json.Open('{');
  json.Member("result-type", TlsResultName(failure.result));
  if (!failure.sending_ip.empty()) json.Member("sending-mta-ip", failure.sending_ip);
  if (!failure.receiving_mx.empty()) json.Member("receiving-mx-hostname", failure.receiving_mx);
  if (!failure.receiving_ip.empty()) json.Member("receiving-ip", failure.receiving_ip);
  json.Member("failed-session-count", sessions);
  json.Close('}');
}

std::string DateOf(absl::CivilDay day) {
  return absl::FormatCivilTime(day);
}

}  // namespace

std::string_view TlsPolicyTypeName(TlsPolicyType type) {
  switch (type) {
    case TlsPolicyType::kTlsa:
      return "tlsa";
    case TlsPolicyType::kSts:
      return "sts";
    case TlsPolicyType::kNoPolicyFound:
      break;
  }
  return "no-policy-found";
}

std::string_view TlsResultName(TlsResult result) {
  switch (result) {
    case TlsResult::kStarttlsNotSupported:
      return "starttls-not-supported";
    case TlsResult::kCertificateHostMismatch:
      return "certificate-host-mismatch";
    case TlsResult::kCertificateExpired:
      return "certificate-expired";
    case TlsResult::kCertificateNotTrusted:
      return "certificate-not-trusted";
    case TlsResult::kTlsaInvalid:
      return "tlsa-invalid";
    case TlsResult::kDnssecInvalid:
      return "dnssec-invalid";
    case TlsResult::kDaneRequired:
      return "dane-required";
    case TlsResult::kStsPolicyFetchError:
      return "sts-policy-fetch-error";
    case TlsResult::kStsPolicyInvalid:
      return "sts-policy-invalid";
    case TlsResult::kStsWebpkiInvalid:
      return "sts-webpki-invalid";
    case TlsResult::kValidationFailure:
      break;
  }
  return "validation-failure";
}

std::optional<TlsResult> TlsResultNamed(std::string_view name) {
  for (std::size_t i = 0; i < kTlsResults; ++i) {
    if (TlsResultName(static_cast<TlsResult>(i)) == name) return static_cast<TlsResult>(i);
  }
  return std::nullopt;
}

TlsResult TlsResultOfSts(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kUnauthenticated:
      return TlsResult::kStsWebpkiInvalid;
    case absl::StatusCode::kInvalidArgument:
      return TlsResult::kStsPolicyInvalid;
    default:
      return TlsResult::kStsPolicyFetchError;
  }
}

absl::CivilDay TlsReports::today() const {
  return absl::ToCivilDay(clock_.Now(), absl::UTCTimeZone());
}

// A clock that was set back leaves days to come; they go like those that are long over.
bool TlsReports::Kept(absl::CivilDay day) const {
  const absl::CivilDay now = today();
  return day <= now && now - day <= options_.days_max;
}

TlsReports::Day& TlsReports::Today() {
  std::erase_if(days_, [this](const auto& day) { return !Kept(day.first); });
  return days_[today()];
}

TlsPolicySums* TlsReports::FindOrAdd(Day& day, const TlsPolicyUsed& policy) {
  const auto name = mail::NormalizeDomain(policy.domain);
  if (!name.ok()) return nullptr;
  TlsPolicySums fresh;
  fresh.policy.domain = *name;
  fresh.policy.type = policy.type;
  fresh.policy.strings = Cut(policy.strings, options_.strings_max);
  fresh.policy.mx = Cut(policy.mx, options_.strings_max);

  const auto domain = day.domains.find(*name);
  if (domain != day.domains.end()) {
    for (TlsPolicySums& sums : domain->second) {
      const TlsPolicyUsed& known = sums.policy;
      if (known.type == fresh.policy.type && known.strings == fresh.policy.strings &&
          known.mx == fresh.policy.mx) {
        return &sums;
      }
    }
    if (domain->second.size() >= options_.policies_max) return nullptr;
  } else if (day.domains.size() >= options_.domains_max) {
    return nullptr;
  }
  const std::size_t bytes = kSumsBytes + 2 * name->size() + BytesOfTexts(fresh.policy.strings) +
                            BytesOfTexts(fresh.policy.mx);
  if (day.bytes + bytes > options_.bytes_max) return nullptr;
  day.bytes += bytes;
  std::vector<TlsPolicySums>& all = day.domains[*name];
  all.push_back(std::move(fresh));
  return &all.back();
}

TlsPolicySums* TlsReports::SumsFor(Day& day, const TlsPolicyUsed& policy) {
  TlsPolicySums* const sums = FindOrAdd(day, policy);
  if (sums == nullptr) ++day.left_out.sessions;
  return sums;
}

void TlsReports::NoteSuccess(const TlsPolicyUsed& policy) {
  const std::lock_guard lock(mutex_);
  TlsPolicySums* const sums = SumsFor(Today(), policy);
  if (sums != nullptr) ++sums->successes;
}

void TlsReports::NoteFailure(const TlsPolicyUsed& policy, const TlsFailure& failure) {
  TlsFailure detail = failure;
  for (std::string* text : {&detail.receiving_mx, &detail.receiving_ip, &detail.sending_ip})
    *text = Cut(*text);
  const std::size_t bytes = kDetailBytes + detail.receiving_mx.size() + detail.receiving_ip.size() +
                            detail.sending_ip.size();

  const std::lock_guard lock(mutex_);
  Day& day = Today();
  TlsPolicySums* const sums = SumsFor(day, policy);
  if (sums == nullptr) return;
  ++sums->failures;
  const auto known = sums->details.find(detail);
  if (known != sums->details.end()) {
    ++known->second;
  } else if (sums->details.size() < options_.details_max &&
             day.bytes + bytes <= options_.bytes_max) {
    day.bytes += bytes;
    sums->details.emplace(std::move(detail), 1);
  } else {
    ++day.left_out.details;
  }
}

std::vector<absl::CivilDay> TlsReports::Days() const {
  const std::lock_guard lock(mutex_);
  std::vector<absl::CivilDay> days;
  for (const auto& [day, counted] : days_) {
    if (Kept(day)) days.push_back(day);
  }
  return days;
}

std::vector<std::string> TlsReports::Domains(absl::CivilDay day) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  const auto found = days_.find(day);
  if (found == days_.end() || !Kept(day)) return names;
  for (const auto& [name, sums] : found->second.domains)
    names.push_back(name);
  return names;
}

std::vector<TlsPolicySums> TlsReports::PoliciesOf(absl::CivilDay day,
                                                  const std::string& domain) const {
  const auto name = mail::NormalizeDomain(domain);
  if (!name.ok()) return {};
  const std::lock_guard lock(mutex_);
  const auto counted = days_.find(day);
  if (counted == days_.end() || !Kept(day)) return {};
  const auto found = counted->second.domains.find(*name);
  return found == counted->second.domains.end() ? std::vector<TlsPolicySums>() : found->second;
}

std::optional<std::string> TlsReports::ToJson(absl::CivilDay day,
                                              const std::string& domain,
                                              const TlsReporter& reporter) const {
  const std::vector<TlsPolicySums> policies = PoliciesOf(day, domain);
  if (policies.empty()) return std::nullopt;

  JsonWriter json;
  json.Open('{');
  json.Member("organization-name", reporter.organization);
  json.Name("date-range");
  json.Open('{');
  json.Member("start-datetime", base::Cat(DateOf(day), "T00:00:00Z"));
  json.Member("end-datetime", base::Cat(DateOf(day), "T23:59:59Z"));
  json.Close('}');
  json.Member("contact-info", reporter.contact);
  json.Member("report-id", reporter.report_id);
  json.Name("policies");
  json.Open('[');
  for (const TlsPolicySums& sums : policies) {
    json.Open('{');
    WritePolicy(json, sums.policy);
    json.Name("summary");
    json.Open('{');
    json.Member("total-successful-session-count", sums.successes);
    json.Member("total-failure-session-count", sums.failures);
    json.Close('}');
    if (!sums.details.empty()) {
      json.Name("failure-details");
      json.Open('[');
      for (const auto& [failure, sessions] : sums.details)
        WriteDetail(json, failure, sessions);
      json.Close(']');
    }
    json.Close('}');
  }
  json.Close(']');
  json.Close('}');
  return std::move(json).Take();
}

TlsReports::LeftOut TlsReports::left_out(absl::CivilDay day) const {
  const std::lock_guard lock(mutex_);
  const auto found = days_.find(day);
  return found == days_.end() ? LeftOut() : found->second.left_out;
}

}  // namespace postern::smtp
