#include "services/mailbox-transport/pipeline/sender_rules.h"

#include "common/mail/domain.h"

namespace postern::pipeline {

namespace {

std::string OrOwn(const std::string& of_all, const std::string& own) {
  return of_all.empty() ? own : of_all;
}

bool IsAccepted(const directory::Snapshot& snapshot, std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return false;
  const auto domain = mail::NormalizeDomain(address.substr(at + 1));
  return domain.ok() && snapshot.AcceptedDomainOf(*domain) != nullptr;
}

}  // namespace

settle::SenderRules SenderRulesOf(const directory::SnapshotPtr& snapshot,
                                  const settle::SettleSettings& settings) {
  const directory::TransportConfig& config = snapshot->config();
  settle::SenderRules rules;
  rules.external.max_message_attach_size = config.external_dsn_max_message_attach_size;
  rules.external.reporting_authority =
      OrOwn(config.external_dsn_reporting_authority, *settings.external_dsn_reporting_authority);
  rules.external.postmaster_address =
      config.external_postmaster_address.empty() && !settings.external_postmaster_address->empty()
          ? *settings.external_postmaster_address
          : snapshot->PostmasterAddress();
  rules.external.delay_dsn_enabled = config.external_delay_dsn_enabled;
  rules.external.send_html = config.external_dsn_send_html;

  rules.internal.max_message_attach_size = config.internal_dsn_max_message_attach_size;
  rules.internal.reporting_authority = config.internal_dsn_reporting_authority;
  rules.internal.postmaster_address = rules.external.postmaster_address;
  rules.internal.delay_dsn_enabled = config.internal_delay_dsn_enabled;
  rules.internal.send_html = config.internal_dsn_send_html;
  rules.is_internal = [snapshot](std::string_view address) {
    return IsAccepted(*snapshot, address);
  };
  return rules;
}

}  // namespace postern::pipeline
