// services/mailbox-transport/store/probe.h
//
// What the store counts.
//
// Lifetime  Borrows the registry.

#pragma once

#include "common/observe/metrics.h"

namespace postern::store {

class Probe {
 public:
  explicit Probe(observe::Registry& registry)
      : commits_(registry.AddCounter("postern_store_commits_total", "Batches that were written.")),
        syncs_(registry.AddCounter("postern_store_syncs_total", "Batches that were synced.")),
        bytes_(registry.AddCounter("postern_store_bytes_total", "Bytes given to the log.")),
        spare_logs_(registry.AddCounter("postern_store_logs_total",
                                        "Logs that were begun: over a spare, or growing.",
                                        {{"space", "spare"}})),
        growing_logs_(registry.AddCounter("postern_store_logs_total",
                                          "Logs that were begun: over a spare, or growing.",
                                          {{"space", "growing"}})),
        quarantined_(registry.AddCounter("postern_store_quarantined_total",
                                         "Damaged records that were set aside.")),
        no_space_(registry.AddCounter("postern_store_no_space_total",
                                      "Writes that failed because the disk was full.")),
        keys_full_(registry.AddCounter("postern_store_keys_refused_total",
                                       "Submissions that were refused because too many idempotency "
                                       "keys are remembered.")),
        full_(registry.AddGauge("postern_store_full", "1 while new mail is refused.")),
        batch_messages_(registry.AddHistogram("postern_store_batch_messages",
                                              "Messages and settlements that shared one batch.",
                                              {1, 2, 4, 8, 16, 32, 64, 128, 256})),
        commit_seconds_(registry.AddHistogram("postern_store_commit_seconds",
                                              "Time of one batch, with its sync.",
                                              observe::SecondsBuckets())) {}

  void Committed(std::size_t commits, std::size_t bytes, bool synced, double seconds) {
    commits_.Add();
    if (synced) syncs_.Add();
    bytes_.Add(bytes);
    batch_messages_.Record(static_cast<double>(commits));
    commit_seconds_.Record(seconds);
  }

  void BeganLog(bool spare) { (spare ? spare_logs_ : growing_logs_).Add(); }

  void SetAside() { quarantined_.Add(); }

  void NoSpace() { no_space_.Add(); }

  void KeysFull() { keys_full_.Add(); }

  void Full(bool full) { full_.Set(full ? 1 : 0); }

  std::uint64_t set_aside() const { return quarantined_.value(); }

  std::uint64_t syncs() const { return syncs_.value(); }

  std::uint64_t bytes() const { return bytes_.value(); }

  std::uint64_t commits() const { return commits_.value(); }

 private:
  observe::Counter& commits_;
  observe::Counter& syncs_;
  observe::Counter& bytes_;
  observe::Counter& spare_logs_;
  observe::Counter& growing_logs_;
  observe::Counter& quarantined_;
  observe::Counter& no_space_;
  observe::Counter& keys_full_;
  observe::Gauge& full_;
  observe::Histogram& batch_messages_;
  observe::Histogram& commit_seconds_;
};

}  // namespace postern::store
