// services/mailbox-transport/admin/paging.h
//
// PageQuery: which part of the rows is shown: Exchange's ResultSize, SortOrder, BookmarkIndex,
// BookmarkObject, IncludeBookmark and SearchForward. Pure.
//
// Flow      PageQuery::Of(page); PartOf rows that are at hand; messages are walked by
//           message_page.h.
// Failure   kInvalidArgument and kNotFound name the term and the rule.
// Limits    kResultsMax rows, those that are skipped included when rows are sorted.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "postern/v1/admin.pb.h"

namespace postern::admin {

inline constexpr std::size_t kResultsDefault = 1000;
inline constexpr std::size_t kResultsMax = 250'000;

struct PageQuery {
  std::size_t most = kResultsDefault;
  std::size_t skip = 0;  // rows before the first one shown
  std::string bookmark;  // an identity, or empty
  bool with_bookmark = true;
  bool backward = false;
  bool counts = false;  // the number of all rows is asked for

  static absl::StatusOr<PageQuery> Of(const v1::Page& page);

  struct Part {
    std::vector<std::size_t> places;  // in the order in which they are shown
    bool truncated = false;
    std::size_t first = 0;  // from 1; 0: none is shown
  };

  // Of `count` rows in order, of which `bookmark_place` is the bookmark.
  Part PartOf(std::size_t count, std::optional<std::size_t> bookmark_place) const;
};

}  // namespace postern::admin
