// services/mailbox-transport/admin/tls_report_query.h
//
// What the admin API tells of the TLS sessions that were counted, without gRPC.
//
// Flow      AnswerTlsReport, from any thread.
// Failure   kInvalidArgument naming the field and the rule. A day or a domain without anything is
//           an empty answer.
// Limits    kTlsReportBytesMax; what is beyond is left out and told.
// See       RFC 8460 §4.4; proto/postern/v1/admin.proto

#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"

#include "common/smtp/tls_report.h"
#include "postern/v1/admin.pb.h"

namespace postern::admin {

inline constexpr std::size_t kTlsReportBytesMax = std::size_t{32} << 20;

// Who reports, in every document.
struct TlsReportSource {
  std::string organization;
  std::string contact;
  std::string host;   // in report ids
  std::string since;  // the same: counts begin with the process
};

absl::Status AnswerTlsReport(const smtp::TlsReports& reports,
                             const TlsReportSource& source,
                             const v1::GetTlsReportRequest& request,
                             v1::GetTlsReportResponse& response);

}  // namespace postern::admin
