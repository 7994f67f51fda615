#include "services/mailbox-transport/settle/probe.h"

#include <string>

namespace postern::settle {

Probe::Probe(observe::Registry& registry)
    : expired_(registry.AddCounter("postern_settle_expired_total",
                                   "Recipients returned because their time was over.")),
      removed_(registry.AddCounter("postern_settle_removed_total",
                                   "Recipients whose message an administrator removed.")),
      double_bounces_(
          registry.AddCounter("postern_settle_double_bounce_total",
                              "DSNs of ours, and messages of the null sender, that could "
                              "not be delivered and were dropped.")),
      not_asked_(registry.AddCounter("postern_settle_dsn_not_asked_total",
                                     "Recipients with a result that NOTIFY asked not to report.")) {
  for (std::size_t kind = 0; kind < verdicts_.size(); ++kind) {
    verdicts_[kind] = &registry.AddCounter(
        "postern_settle_verdicts_total", "Verdicts on recipients after attempts.",
        {{"verdict", std::string(NameOf(static_cast<Verdict::Kind>(kind)))}});
  }
  for (std::size_t kind = 0; kind < dsns_.size(); ++kind) {
    dsns_[kind] =
        &registry.AddCounter("postern_settle_dsn_total", "DSNs made, by what they report.",
                             {{"kind", std::string(NameOf(static_cast<DsnKind>(kind)))}});
  }
}

}  // namespace postern::settle
