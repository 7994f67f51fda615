// services/mailbox-transport/admin/message_walk.h
//
// MessageWalk: goes through the messages of the store in the order of their ids and shows those
// that fit: what Get-Message and every command on messages are made of.
//
// Flow      Next again and again, each on the disk pool, until its Slice says that it has ended.
// Failure   What the store says. A damaged record is shown with its error, in the queue "*", unless
//           queues are named.
// Limits    kSliceMessages messages a slice.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "services/mailbox-transport/admin/filter.h"
#include "services/mailbox-transport/admin/message_fields.h"
#include "services/mailbox-transport/admin/queue_state.h"
#include "services/mailbox-transport/model/message_store.h"

namespace postern::admin {

inline constexpr std::size_t kSliceMessages = 256;

// The place before the first row, or behind the last one.
RowPlace EdgePlace(bool backward);

class MessageWalk {
 public:
  struct Terms {
    Filter filter;
    std::optional<std::set<std::string>> queues;      // their names; nullopt: all
    std::set<std::string> other_queues;               // and not in these
    std::optional<std::vector<base::MessageId>> ids;  // in order: only these; nullopt: all
    bool backward = false;
  };

  struct Row {
    RowPlace place;
    MessageRow fields;
    absl::Status damage;
  };

  // `visit` says false when it has seen enough. Rows live as long as the call.
  using Visit = absl::FunctionRef<bool(const Row&)>;

  MessageWalk(model::MessageStore& store, std::string server, Terms terms)
      : store_(store), server_(std::move(server)), terms_(std::move(terms)) {}

  struct Slice {
    bool ended = false;    // there is nothing behind it
    bool stopped = false;  // by `visit`
    std::uint64_t examined = 0;
  };

  // Goes on behind `at`, which is the last place looked at, and moves it.
  absl::StatusOr<Slice> Next(const QueueState& state,
                             absl::Time now,
                             RowPlace& at,
                             Visit visit) const;

 private:
  bool IsBeyond(const RowPlace& place, const RowPlace& at) const;
  // False: `visit` has seen enough.
  bool ShowAll(const QueueState& state,
               const model::Message& message,
               absl::Time now,
               RowPlace& at,
               Visit visit) const;
  bool ShowDamage(base::MessageId id,
                  const absl::Status& damage,
                  absl::Time now,
                  RowPlace& at,
                  Visit visit) const;
  absl::StatusOr<Slice> NextListed(const QueueState& state,
                                   absl::Time now,
                                   RowPlace& at,
                                   Visit visit) const;
  bool Show(const QueueState& state,
            base::MessageId id,
            const absl::StatusOr<model::Message>& message,
            absl::Time now,
            RowPlace& at,
            Visit visit) const;

  model::MessageStore& store_;
  const std::string server_;
  const Terms terms_;
};

}  // namespace postern::admin
