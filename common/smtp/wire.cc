#include "common/smtp/wire.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/smtp/wire_check.h"

namespace postern::smtp {

namespace {

// What the results of all recipients may take, so that an outcome fits into one frame whatever the
// remote says.
constexpr std::size_t kResultsBytesMax = 2 * 1024 * 1024;
constexpr std::size_t kResultBytesMin = 128;
// Of a TLSA record: those with a digest are whole, of a certificate a report has the beginning.
constexpr std::size_t kTlsaBytesMax = 255;

std::size_t ResultBytesMax(std::size_t recipients) {
  const std::size_t share = kResultsBytesMax / std::max<std::size_t>(recipients, 1);
  return std::clamp(share, kResultBytesMin, kWireTextBytesMax);
}

// Text that CheckText takes: a wrong one would cost the whole outcome.
std::string Shown(std::string_view text) {
  return mail::CleanText(text, kWireTextBytesMax);
}

void ReplyToWire(const mail::Reply& reply, std::size_t bytes_max, v1::Reply& wire) {
  wire.set_code(static_cast<std::uint32_t>(reply.code));
  for (const std::string& line : reply.lines) {
    const std::string_view kept = std::string_view(line).substr(0, bytes_max);
    bytes_max -= kept.size();
    wire.add_lines(Utf8Only(kept));
    if (bytes_max == 0) break;
  }
}

v1::LocalError ErrorToWire(const absl::Status& error,
                           mail::EnhancedStatus enhanced,
                           std::size_t bytes_max) {
  v1::LocalError wire;
  wire.set_status_code(static_cast<std::uint32_t>(error.code()));
  std::string message = base::Printable(base::MessageOf(error), bytes_max);
  if (message.size() > bytes_max) message.resize(bytes_max);
  wire.set_message(std::move(message));
  if (enhanced.klass != 0) wire.set_enhanced_status(enhanced.ToString());
  return wire;
}

absl::Status StatusFromWire(const v1::LocalError& wire, absl::Status& error) {
  if (wire.status_code() > 16) return Wrong("error.status_code", "must be at most 16");
  POSTERN_RETURN_IF_ERROR(CheckText("error.message", wire.message()));
  error = absl::Status(static_cast<absl::StatusCode>(wire.status_code()), wire.message());
  return absl::OkStatus();
}

absl::StatusOr<Stage> StageFromWire(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Stage::kBody); ++i) {
    if (NameOf(static_cast<Stage>(i)) == name) return static_cast<Stage>(i);
  }
  return Wrong("hosts.stage", "is not a stage");
}

absl::StatusOr<HostTried> HostFromWire(const v1::HostTried& wire) {
  HostTried tried;
  POSTERN_RETURN_IF_ERROR(CheckText("hosts.host", wire.host()));
  POSTERN_RETURN_IF_ERROR(CheckText("hosts.address", wire.address()));
  POSTERN_ASSIGN_OR_RETURN(tried.stage, StageFromWire(wire.stage()));
  tried.host = wire.host();
  tried.address = wire.address();
  if (!v1::PolicySource_IsValid(wire.policy())) return Wrong("hosts.policy", "is not known");
  tried.policy = static_cast<PolicySource>(wire.policy());
  POSTERN_RETURN_IF_ERROR(CheckText("hosts.tls_result", wire.tls_result()));
  tried.tls_result = wire.tls_result();
  tried.sts_testing = wire.sts_testing();
  POSTERN_RETURN_IF_ERROR(CheckText("hosts.sending_ip", wire.sending_ip()));
  tried.sending_ip = wire.sending_ip();
  POSTERN_RETURN_IF_ERROR(CheckText("hosts.tlsa_base", wire.tlsa_base()));
  tried.tlsa_base = wire.tlsa_base();
  if (static_cast<std::size_t>(wire.tlsa_size()) > kWireTlsaMax) {
    return Wrong("hosts.tlsa", base::Cat("must be at most ", kWireTlsaMax));
  }
  for (const std::string& record : wire.tlsa()) {
    POSTERN_RETURN_IF_ERROR(CheckText("hosts.tlsa", record));
    tried.tlsa.push_back(record);
  }
  if (wire.has_reply()) {
    POSTERN_ASSIGN_OR_RETURN(tried.reply, ReplyFromWire(wire.reply()));
  }
  if (wire.has_error()) POSTERN_RETURN_IF_ERROR(StatusFromWire(wire.error(), tried.error));
  return tried;
}

absl::StatusOr<RecipientResult> ResultFromWire(const v1::RecipientResult& wire) {
  if (!v1::Origin_IsValid(wire.origin())) return Wrong("recipients.origin", "is not known");
  RecipientResult result;
  result.origin = static_cast<Origin>(wire.origin());
  POSTERN_RETURN_IF_ERROR(CheckText("recipients.host", wire.host()));
  result.host = wire.host();
  if (wire.has_reply() != (result.origin == Origin::kRemote)) {
    return Wrong("recipients.reply", "must stand with origin remote, and only there");
  }
  if (wire.has_reply()) {
    POSTERN_ASSIGN_OR_RETURN(result.reply, ReplyFromWire(wire.reply()));
  }
  if (!wire.has_error()) return result;
  POSTERN_RETURN_IF_ERROR(StatusFromWire(wire.error(), result.error));
  if (!wire.error().enhanced_status().empty()) {
    const auto enhanced = mail::EnhancedStatus::Parse(wire.error().enhanced_status());
    if (!enhanced) return Wrong("error.enhanced_status", "is not an enhanced status code");
    result.enhanced = *enhanced;
  }
  return result;
}

}  // namespace

void ToWire(const mail::Reply& reply, v1::Reply& wire) {
  wire.set_code(static_cast<std::uint32_t>(reply.code));
  for (const std::string& line : reply.lines)
    wire.add_lines(Utf8Only(line));
}

absl::StatusOr<mail::Reply> ReplyFromWire(const v1::Reply& wire) {
  if (wire.code() < 200 || wire.code() > 599) return Wrong("reply.code", "must be 200 to 599");
  if (static_cast<std::size_t>(wire.lines_size()) > kWireReplyLinesMax) {
    return Wrong("reply.lines", base::Cat("must be at most ", kWireReplyLinesMax));
  }
  mail::Reply reply;
  reply.code = static_cast<int>(wire.code());
  for (const std::string& line : wire.lines()) {
    const bool whole = line.find_first_of(std::string_view("\r\n", 2)) == std::string::npos;
    if (line.size() > kWireTextBytesMax || !whole) {
      return Wrong("reply.lines", "must be lines of at most 4096 bytes");
    }
    reply.lines.push_back(line);
  }
  return reply;
}

void ToWire(const Outcome& outcome, v1::Outcome& wire) {
  const std::size_t result_bytes = ResultBytesMax(outcome.recipients.size());
  for (const RecipientResult& result : outcome.recipients) {
    v1::RecipientResult& to = *wire.add_recipients();
    to.set_origin(static_cast<v1::Origin>(result.origin));
    to.set_host(Shown(result.host));
    if (result.reply.has_value()) ReplyToWire(*result.reply, result_bytes, *to.mutable_reply());
    if (!result.error.ok()) {
      *to.mutable_error() = ErrorToWire(result.error, result.enhanced, result_bytes);
    }
  }
  for (const HostTried& tried : outcome.hosts) {
    v1::HostTried& to = *wire.add_hosts();
    to.set_host(Shown(tried.host));
    to.set_address(tried.address);
    to.set_stage(std::string(NameOf(tried.stage)));
    to.set_policy(static_cast<v1::PolicySource>(tried.policy));
    to.set_tls_result(tried.tls_result);
    to.set_sts_testing(tried.sts_testing);
    to.set_sending_ip(tried.sending_ip);
    to.set_tlsa_base(Shown(tried.tlsa_base));
    for (std::size_t i = 0; i < std::min(tried.tlsa.size(), kWireTlsaMax); ++i)
      to.add_tlsa(tried.tlsa[i].substr(0, kTlsaBytesMax));
    if (tried.reply.has_value()) {
      ReplyToWire(*tried.reply, kWireTextBytesMax, *to.mutable_reply());
    }
    if (!tried.error.ok()) {
      *to.mutable_error() = ErrorToWire(tried.error, mail::EnhancedStatus(), kWireTextBytesMax);
    }
  }
  wire.set_body_ended(outcome.body_ended);
  wire.set_ambiguous(outcome.ambiguous);
  if (outcome.tls.has_value()) {
    wire.mutable_tls()->set_version(outcome.tls->version);
    wire.mutable_tls()->set_cipher(outcome.tls->cipher);
    wire.mutable_tls()->set_verified(outcome.tls->verified);
    wire.mutable_tls()->set_peer_subject(Shown(outcome.tls->peer_subject));
  }
  for (const std::string& keyword : outcome.keywords)
    wire.add_keywords(keyword);
  wire.set_bytes_sent(outcome.bytes_sent);
  wire.set_connect_ms(outcome.connect_ms);
  wire.set_total_ms(outcome.total_ms);
  wire.set_session_reused(outcome.session_reused);
  if (outcome.sts.has_value()) ToWire(*outcome.sts, *wire.mutable_sts());
  wire.set_tls_policy_domain(outcome.tls_policy_domain);
  wire.set_sts_result(outcome.sts_result);
}

absl::StatusOr<Outcome> OutcomeFromWire(const v1::Outcome& wire, std::size_t recipients) {
  if (static_cast<std::size_t>(wire.recipients_size()) != recipients) {
    return Wrong("recipients",
                 base::Cat("must be ", recipients, " results, are ", wire.recipients_size()));
  }
  if (static_cast<std::size_t>(wire.hosts_size()) > kWireHostsMax) {
    return Wrong("hosts", base::Cat("must be at most ", kWireHostsMax));
  }
  Outcome outcome;
  for (const v1::RecipientResult& from : wire.recipients()) {
    POSTERN_ASSIGN_OR_RETURN(RecipientResult result, ResultFromWire(from));
    outcome.recipients.push_back(std::move(result));
  }
  for (const v1::HostTried& from : wire.hosts()) {
    POSTERN_ASSIGN_OR_RETURN(HostTried tried, HostFromWire(from));
    outcome.hosts.push_back(std::move(tried));
  }
  outcome.body_ended = wire.body_ended();
  outcome.ambiguous = wire.ambiguous();
  if (wire.has_tls()) {
    POSTERN_RETURN_IF_ERROR(CheckText("tls.version", wire.tls().version()));
    POSTERN_RETURN_IF_ERROR(CheckText("tls.cipher", wire.tls().cipher()));
    POSTERN_RETURN_IF_ERROR(CheckText("tls.peer_subject", wire.tls().peer_subject()));
    TlsFacts tls;
    tls.version = wire.tls().version();
    tls.cipher = wire.tls().cipher();
    tls.verified = wire.tls().verified();
    tls.peer_subject = wire.tls().peer_subject();
    outcome.tls = std::move(tls);
  }
  if (wire.keywords_size() > 64) return Wrong("keywords", "must be at most 64");
  for (const std::string& keyword : wire.keywords()) {
    POSTERN_RETURN_IF_ERROR(CheckText("keywords", keyword));
    outcome.keywords.push_back(keyword);
  }
  outcome.bytes_sent = wire.bytes_sent();
  outcome.connect_ms = wire.connect_ms();
  outcome.total_ms = wire.total_ms();
  outcome.session_reused = wire.session_reused();
  if (wire.has_sts()) {
    POSTERN_ASSIGN_OR_RETURN(outcome.sts, StsFromWire(wire.sts()));
  }
  POSTERN_RETURN_IF_ERROR(CheckText("tls_policy_domain", wire.tls_policy_domain()));
  outcome.tls_policy_domain = wire.tls_policy_domain();
  POSTERN_RETURN_IF_ERROR(CheckText("sts_result", wire.sts_result()));
  outcome.sts_result = wire.sts_result();
  return outcome;
}

}  // namespace postern::smtp
