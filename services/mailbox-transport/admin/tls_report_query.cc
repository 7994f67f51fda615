#include "services/mailbox-transport/admin/tls_report_query.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/mail/utf8.h"

namespace postern::admin {

namespace {

constexpr std::size_t kTextBytesMax = 255;

absl::StatusOr<std::vector<absl::CivilDay>> DaysAsked(const smtp::TlsReports& reports,
                                                      const std::string& date) {
  if (date.empty()) return reports.Days();
  absl::CivilDay day;
  // The parser takes spaces and other lengths too.
  if (!absl::ParseCivilTime(date, &day) || absl::FormatCivilTime(day) != date) {
    return base::Error(absl::StatusCode::kInvalidArgument, "date: \"", base::Printable(date),
                       "\" is not a day as 2026-11-28");
  }
  return std::vector<absl::CivilDay>{day};
}

std::string Shown(std::string_view text) {
  return mail::CleanText(text, kTextBytesMax);
}

v1::TlsPolicyInfo InfoOf(absl::CivilDay day, const smtp::TlsPolicySums& sums) {
  v1::TlsPolicyInfo info;
  info.set_date(absl::FormatCivilTime(day));
  info.set_policy_domain(sums.policy.domain);
  info.set_policy_type(std::string(smtp::TlsPolicyTypeName(sums.policy.type)));
  for (const std::string& line : sums.policy.strings)
    info.add_policy_string(Shown(line));
  for (const std::string& pattern : sums.policy.mx)
    info.add_mx_host(Shown(pattern));
  info.set_total_successful_session_count(sums.successes);
  info.set_total_failure_session_count(sums.failures);
  for (const auto& [failure, sessions] : sums.details) {
    v1::TlsFailureInfo& detail = *info.add_failure_details();
    detail.set_result_type(std::string(smtp::TlsResultName(failure.result)));
    detail.set_sending_mta_ip(Shown(failure.sending_ip));
    detail.set_receiving_mx_hostname(Shown(failure.receiving_mx));
    detail.set_receiving_ip(Shown(failure.receiving_ip));
    detail.set_failed_session_count(sessions);
  }
  return info;
}

// Fills the answer as long as there is room.
class Answer {
 public:
  Answer(const v1::GetTlsReportRequest& request, v1::GetTlsReportResponse& response)
      : documents_(request.documents()), response_(response) {}

  void Add(const smtp::TlsReports& reports,
           const TlsReportSource& source,
           absl::CivilDay day,
           const std::string& domain) {
    if (!documents_) {
      for (const smtp::TlsPolicySums& sums : reports.PoliciesOf(day, domain)) {
        v1::TlsPolicyInfo info = InfoOf(day, sums);
        if (HasRoom(info.ByteSizeLong())) *response_.add_policies() = std::move(info);
      }
      return;
    }
    smtp::TlsReporter reporter;
    reporter.organization = source.organization;
    reporter.contact = source.contact;
    reporter.report_id =
        base::Cat(absl::FormatCivilTime(day), "-", source.since, ".", domain, "@", source.host);
    std::optional<std::string> json = reports.ToJson(day, domain, reporter);
    if (json.has_value() && HasRoom(json->size())) response_.add_documents(*std::move(json));
  }

 private:
  bool HasRoom(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ <= kTlsReportBytesMax) return true;
    response_.set_truncated(true);
    return false;
  }

  const bool documents_;
  v1::GetTlsReportResponse& response_;
  std::size_t bytes_ = 0;
};

}  // namespace

absl::Status AnswerTlsReport(const smtp::TlsReports& reports,
                             const TlsReportSource& source,
                             const v1::GetTlsReportRequest& request,
                             v1::GetTlsReportResponse& response) {
  POSTERN_ASSIGN_OR_RETURN(const std::vector<absl::CivilDay> days,
                           DaysAsked(reports, request.date()));
  std::string only;
  if (!request.policy_domain().empty()) {
    auto name = mail::NormalizeDomain(request.policy_domain());
    if (!name.ok()) return base::Annotate(name.status(), "policy_domain");
    only = *std::move(name);
  }
  Answer answer(request, response);
  std::uint64_t sessions = 0;
  std::uint64_t details = 0;
  for (const absl::CivilDay day : days) {
    const smtp::TlsReports::LeftOut left_out = reports.left_out(day);
    sessions += left_out.sessions;
    details += left_out.details;
    const auto domains = only.empty() ? reports.Domains(day) : std::vector<std::string>{only};
    for (const std::string& domain : domains) {
      if (!response.truncated()) answer.Add(reports, source, day, domain);
    }
  }
  response.set_sessions_left_out(sessions);
  response.set_details_left_out(details);
  return absl::OkStatus();
}

}  // namespace postern::admin
