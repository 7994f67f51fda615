// services/mailbox-transport/admin/message_page.h
//
// MessagePage: the rows of Get-Message that are shown, out of all that a walk visits; in the order
// of identities, which can be cut into several answers, or sorted. Pure.
//
// Flow      Construct; Take each row that fits; Finish into the answer.
// Failure   kResourceExhausted: the answer grew beyond kResponseBytesMax.
// Limits    A sorted page holds the keys of its rows and no others: result_size + bookmark_index of
//           them; the rows themselves are read at its end.
// See       paging.h, message_walk.h

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/message_walk.h"
#include "services/mailbox-transport/admin/paging.h"
#include "services/mailbox-transport/admin/sort_order.h"

namespace postern::admin {

inline constexpr std::size_t kResponseBytesMax = 64 * 1024 * 1024;

// A row as it is shown; what is damaged says so.
v1::MessageInfo InfoOf(const MessageWalk::Row& row, bool with_recipients);

// In the order of identities. `cursor` says what earlier answers gave.
class OrderedPage {
 public:
  // `down`: the walk goes from the greatest identity downwards.
  OrderedPage(const PageQuery& query,
              bool down,
              std::optional<RowPlace> bookmark,
              bool with_recipients)
      : query_(query), down_(down), bookmark_(bookmark), with_recipients_(with_recipients) {}

  // False: the page is full, and nothing is to be counted.
  bool Take(const MessageWalk::Row& row, v1::Cursor& cursor, v1::GetMessageResponse& response);

  // Rows of this answer are enough: the rest is for the next one.
  bool heavy() const { return bytes_ > kResponseBytesMax / 16; }

  // After the last row.
  void Finish(const v1::Cursor& cursor, v1::GetMessageResponse& response) const;

 private:
  bool IsShown(const RowPlace& place) const;

  const PageQuery query_;
  const bool down_;
  const std::optional<RowPlace> bookmark_;
  const bool with_recipients_;
  std::size_t bytes_ = 0;
};

class SortedPage {
 public:
  struct Bookmark {
    SortOrder::Key key;
    RowPlace place;
  };

  // The row at a place, as it is now; nothing when it has left.
  using Read = absl::FunctionRef<std::optional<v1::MessageInfo>(const RowPlace& place)>;

  // `results_max`: rows that are skipped or shown.
  SortedPage(const PageQuery& query,
             const SortOrder& order,
             std::optional<Bookmark> bookmark,
             std::size_t results_max = kResultsMax);

  void Take(const MessageWalk::Row& row);
  absl::Status Finish(Read read, v1::GetMessageResponse& response);

 private:
  struct Kept {
    SortOrder::Key key;
    RowPlace place;
  };

  // In the order in which rows are shown.
  int Compare(const SortOrder::Key& a, RowPlace at, const SortOrder::Key& b, RowPlace bt) const;
  bool IsBefore(const Kept& a, const Kept& b) const;

  const PageQuery query_;
  const SortOrder order_;
  const std::optional<Bookmark> bookmark_;
  const std::size_t most_;  // rows kept, one more than are shown
  std::vector<Kept> kept_;  // a heap, the last one shown on top
  std::uint64_t matched_ = 0;
  std::uint64_t passed_ = 0;  // rows on the other side of the bookmark
};

}  // namespace postern::admin
