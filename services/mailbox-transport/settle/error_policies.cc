// A channel to a partner is looked after on both sides. There
//   - a refusal that somebody will mend should not send the mail back at once, and
//   - a "later" that no waiting will change should not keep the sender waiting for two days.
// What a mailbox says of itself is final in the first case; what a network says never is in the
// other.

#include "services/mailbox-transport/settle/error_policies.h"

#include <algorithm>

namespace postern::settle {

namespace {

constexpr StatusRange kDowngraded[] = {
    {3, 0, 2, "the mail system has trouble, is full or takes no mail: its administrators know"},
    {3, 5, 5, "the system is configured wrongly"},
    {4, 3, 4, "the directory behind the server fails, or it finds no route"},
    {7, 0, 1, "refused by policy or reputation: block lists, relay not yet allowed"},
    {7, 3, 5, "the session is not authenticated or not secure enough for the partner"},
    {7, 8, 11, "credentials or encryption of the channel are not what the partner wants"},
    {7, 20, 28, "DKIM, SPF or reverse DNS of the sender do not hold, or it sends too much"},
    {7, 64, 64, "the partner's tenant does not know our connector"},
    {7, 500, 899, "the partner's provider blocks our address or our tenant for now"},
};

constexpr StatusRange kUpgraded[] = {
    {1, 1, 1, "the mailbox is not known"},
    {1, 3, 3, "the address is not well formed"},
    {1, 6, 6, "the mailbox has moved, and nobody forwards"},
    {1, 10, 10, "the domain takes no mail"},
    {2, 2, 3, "the mailbox is full, or the message too large for it"},
    {3, 4, 4, "the message is too large for the system"},
    {6, 1, 3, "the content is of a kind that the partner does not take"},
    {6, 5, 5, "the content cannot be converted"},
};

bool Holds(std::span<const StatusRange> table, mail::EnhancedStatus status) {
  return std::any_of(table.begin(), table.end(), [status](const StatusRange& range) {
    return status.subject == range.subject && status.detail >= range.first &&
           status.detail <= range.last;
  });
}

mail::EnhancedStatus OfClass(int klass, mail::EnhancedStatus status) {
  status.klass = static_cast<std::uint16_t>(klass);
  return status;
}

// A null MX is no failure of the DNS: the domain has said that it takes no mail.
bool IsNullMx(mail::EnhancedStatus status) {
  return status.subject == 1 && status.detail == 10;
}

}  // namespace

std::span<const StatusRange> DowngradedCodes() {
  return kDowngraded;
}

std::span<const StatusRange> UpgradedCodes() {
  return kUpgraded;
}

std::optional<mail::EnhancedStatus> JudgedBy(const connector::ErrorPolicies& policies,
                                             const smtp::RecipientResult& result) {
  if (result.origin == smtp::Origin::kDns && policies.downgrade_dns_failures) {
    const bool changes = result.enhanced.permanent() && !IsNullMx(result.enhanced);
    return changes ? std::optional(OfClass(4, result.enhanced)) : std::nullopt;
  }
  if (!result.reply) return std::nullopt;
  const auto status = result.reply->enhanced();
  if (!status) return std::nullopt;
  if (policies.downgrade_custom_failures && result.reply->permanent() &&
      Holds(kDowngraded, *status)) {
    return OfClass(4, *status);
  }
  if (policies.upgrade_custom_failures && result.reply->transient() && Holds(kUpgraded, *status)) {
    return OfClass(5, *status);
  }
  return std::nullopt;
}

}  // namespace postern::settle
