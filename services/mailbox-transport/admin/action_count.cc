#include "services/mailbox-transport/admin/action_count.h"

namespace postern::admin {

void Count(const Judged& judged,
           const std::string& identity,
           bool named,
           bool dry_run,
           v1::ActionResponse& response) {
  if (judged.acts) {
    response.set_changed(response.changed() + 1);
    if (dry_run && response.identities_size() < kNamedMax) response.add_identities(identity);
  } else if (judged.refusal.empty() || !named) {
    response.set_unchanged(response.unchanged() + 1);
    if (judged.refusal.empty()) return;
    response.set_refused(response.refused() + 1);
    if (response.has_refusal()) return;
    response.mutable_refusal()->set_identity(identity);
    response.mutable_refusal()->set_reason(judged.refusal);
  } else {
    response.set_failed(response.failed() + 1);
    if (response.failures_size() >= kFailuresMax) return;
    v1::ActionFailure& failure = *response.add_failures();
    failure.set_identity(identity);
    failure.set_reason(judged.refusal);
  }
}

}  // namespace postern::admin
