#include "cli/tls_report_verb.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

constexpr auto kRight = Table::Align::kRight;

// "certificate-expired: 3, starttls-not-supported: 1"
std::string SumsOf(const v1::TlsPolicyInfo& policy) {
  std::map<std::string, std::uint64_t> sums;
  for (const v1::TlsFailureInfo& detail : policy.failure_details())
    sums[detail.result_type()] += detail.failed_session_count();
  std::vector<std::string> texts;
  for (const auto& [result, sessions] : sums)
    texts.push_back(base::Cat(result, ": ", sessions));
  return base::Join(texts, ", ");
}

void PrintDetails(const v1::GetTlsReportResponse& response, Shell& shell) {
  Table table({{"Date"},
               {"PolicyType"},
               {"ResultType"},
               {"ReceivingMx"},
               {"ReceivingIP"},
               {"SendingIP"},
               {"Sessions", kRight}});
  for (const v1::TlsPolicyInfo& policy : response.policies()) {
    for (const v1::TlsFailureInfo& detail : policy.failure_details()) {
      table.Add({policy.date(), policy.policy_type(), detail.result_type(),
                 detail.receiving_mx_hostname(), detail.receiving_ip(), detail.sending_mta_ip(),
                 base::Cat(detail.failed_session_count())});
    }
  }
  if (!table.empty()) shell.out << '\n' << table.Render(shell.width);
}

void PrintLeftOut(const v1::GetTlsReportResponse& response, Shell& shell) {
  if (response.truncated()) {
    shell.err << "there is more than an answer holds: narrow it with -PolicyDomain or -Date\n";
  }
  if (response.sessions_left_out() > 0) {
    shell.err << "WARNING: " << response.sessions_left_out()
              << " sessions are not counted here: there was no room for their policy domains\n";
  }
  if (response.details_left_out() > 0) {
    shell.err << "WARNING: " << response.details_left_out()
              << " failed sessions are in the sums, but not in the details\n";
  }
}

}  // namespace

void Print(const v1::GetTlsReportResponse& response, bool one, Shell& shell) {
  if (response.policies().empty()) {
    shell.err << "no TLS sessions were counted\n";
    return PrintLeftOut(response, shell);
  }
  Table table({{"PolicyDomain"},
               {"PolicyType"},
               {"Date"},
               {"Successful", kRight},
               {"Failed", kRight},
               {"FailureDetails"}});
  for (const v1::TlsPolicyInfo& policy : response.policies()) {
    table.Add({policy.policy_domain(), policy.policy_type(), policy.date(),
               base::Cat(policy.total_successful_session_count()),
               base::Cat(policy.total_failure_session_count()), SumsOf(policy)});
  }
  shell.out << table.Render(shell.width);
  if (one) PrintDetails(response, shell);
  PrintLeftOut(response, shell);
}

absl::Status Run(const v1::GetTlsReportRequest& request, Connection& connection, Shell& shell) {
  const auto response = connection.Ask(request);
  if (!response.ok()) return response.status();
  if (request.documents()) {
    for (const std::string& document : response->documents())
      shell.out << document << '\n';
    PrintLeftOut(*response, shell);
    return absl::OkStatus();
  }
  if (shell.output != Output::kTable) return PrintData(*response, shell);
  Print(*response, !request.policy_domain().empty(), shell);
  return absl::OkStatus();
}

}  // namespace postern::cli
