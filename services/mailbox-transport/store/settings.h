// services/mailbox-transport/store/settings.h
//
// The settings of the store. None reloads: they are read when the store opens.

#pragma once

#include <cstdint>
#include <string>

#include "common/settings/setting.h"

namespace postern::store {

using settings::Setting;
using settings::Size;

inline constexpr std::uint64_t kMiB = 1024 * 1024;

struct StoreSettings {
  Setting<std::string> path{.key = "store.path",
                            .fallback = "/var/lib/postern/store",
                            .about = "The folder of the store; it must be on a disk of its own."};

  Setting<absl::Duration> settle_delay_max{
      .key = "store.settle_delay_max",
      .fallback = absl::Milliseconds(50),
      .min = absl::ZeroDuration(),
      .max = absl::Seconds(5),
      .about =
          "How long the result of an attempt may wait to be written; a crash within it "
          "delivers those messages again."};

  Setting<Size> disk_reserve{
      .key = "store.disk_reserve",
      .fallback = {256 * kMiB},
      .min = {0},
      .max = {1024 * 1024 * kMiB},
      .about = "Free space that is kept for removals; below it new mail is answered 452."};

  Setting<absl::Duration> disk_check_interval{
      .key = "store.disk_check_interval",
      .fallback = absl::Seconds(1),
      .min = absl::Milliseconds(1),
      .max = absl::Minutes(1),
      .about =
          "How often the free space is read, and how often writing is tried again after the "
          "disk was full."};

  Setting<Size> batch_bytes_max{.key = "store.batch_bytes_max",
                                .fallback = {kMiB},
                                .min = {64 * 1024},
                                .max = {16 * kMiB},
                                .about = "How many bytes one commit writes at most."};

  Setting<Size> queue_bytes_max{
      .key = "store.queue_bytes_max",
      .fallback = {64 * kMiB},
      .min = {kMiB},
      .max = {1024 * kMiB},
      .about =
          "How many bytes may wait for the commit thread; beyond it new mail is answered 452."};

  Setting<absl::Duration> key_retention{
      .key = "store.key_retention",
      .fallback = absl::Hours(24),
      .min = absl::Seconds(1),
      .max = absl::Hours(24 * 30),
      .about = "How long an idempotency key is remembered after its message is settled."};

  Setting<int> keys_max{.key = "store.keys_max",
                        .fallback = 1'000'000,
                        .min = 1,
                        .max = 100'000'000,
                        .about =
                            "How many idempotency keys are remembered, at most three quarters of "
                            "them of one identity; "
                            "beyond it a submission with a key is asked to come again later."};

  Setting<int> relay_keys_max{
      .key = "store.relay_keys_max",
      .fallback = 500'000,
      .min = 1'000,
      .max = 100'000'000,
      .about =
          "How many relayed messages are remembered, so that a repeat gets the first receipt; "
          "beyond it those are forgotten that are settled for longest."};

  Setting<Size> write_buffers{.key = "store.write_buffers",
                              .fallback = {128 * kMiB},
                              .min = {8 * kMiB},
                              .max = {4096 * kMiB},
                              .about = "Memory of all write buffers together."};

  Setting<Size> block_cache{.key = "store.block_cache",
                            .fallback = {64 * kMiB},
                            .min = {kMiB},
                            .max = {16384 * kMiB},
                            .about = "Memory for blocks, indexes and filters that were read."};

  Setting<Size> log_bytes_max{.key = "store.log_bytes_max",
                              .fallback = {256 * kMiB},
                              .min = {8 * kMiB},
                              .max = {4096 * kMiB},
                              .about = "Size of the write-ahead log before buffers are flushed."};

  Setting<Size> spare_log_rate{
      .key = "store.spare_log_rate",
      .fallback = {32 * kMiB},
      .min = {0},
      .max = {4096 * kMiB},
      .about =
          "Bytes a second at which the file of the next log is filled with zeros ahead of time, so "
          "that a sync has only data to write; 0: logs grow as they are written."};

  Setting<int> open_files_max{.key = "store.open_files_max",
                              .fallback = 512,
                              .min = 32,
                              .max = 65536,
                              .about = "How many table files are open at a time."};

  Setting<int> in_hand_slots{
      .key = "store.in_hand_slots",
      .fallback = 65536,
      .min = 1024,
      .max = 16'777'216,
      .about =
          "How many attempts under way the in-hand table can note; beyond it every queued "
          "message counts as in hand after a crash."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(path);
    visit(settle_delay_max);
    visit(disk_reserve);
    visit(disk_check_interval);
    visit(batch_bytes_max);
    visit(queue_bytes_max);
    visit(key_retention);
    visit(keys_max);
    visit(relay_keys_max);
    visit(write_buffers);
    visit(block_cache);
    visit(log_bytes_max);
    visit(spare_log_rate);
    visit(open_files_max);
    visit(in_hand_slots);
  }
};

}  // namespace postern::store
