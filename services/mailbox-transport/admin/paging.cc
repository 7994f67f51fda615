#include "services/mailbox-transport/admin/paging.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::admin {

namespace {

absl::Status BadPage(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

}  // namespace

absl::StatusOr<PageQuery> PageQuery::Of(const v1::Page& page) {
  PageQuery query;
  if (page.result_size() > kResultsMax) {
    return BadPage("result_size: ", page.result_size(), ": at most ", kResultsMax);
  }
  if (page.result_size() > 0) query.most = page.result_size();
  if (page.bookmark_index() > 0 && !page.bookmark_object().empty()) {
    return BadPage("give a bookmark index or a bookmark object, not both");
  }
  if (page.bookmark_index() > 0 && page.search_backward()) {
    return BadPage("a bookmark index is for searching forward");
  }
  if (page.bookmark_index() > kResultsMax) {
    return BadPage("bookmark_index: ", page.bookmark_index(), ": at most ", kResultsMax,
                   "; give a bookmark object instead");
  }
  if (page.bookmark_index() > 0) query.skip = page.bookmark_index() - 1;
  query.bookmark = page.bookmark_object();
  query.with_bookmark = !page.exclude_bookmark();
  query.backward = page.search_backward();
  query.counts = page.return_page_info();
  return query;
}

PageQuery::Part PageQuery::PartOf(std::size_t count,
                                  std::optional<std::size_t> bookmark_place) const {
  Part part;
  if (backward) {
    std::size_t at = bookmark_place ? *bookmark_place + (with_bookmark ? 1 : 0) : count;
    for (; at > 0 && part.places.size() < most; --at)
      part.places.push_back(at - 1);
    part.truncated = at > 0;
  } else {
    std::size_t at = bookmark_place ? *bookmark_place + (with_bookmark ? 0 : 1) : skip;
    for (; at < count && part.places.size() < most; ++at)
      part.places.push_back(at);
    part.truncated = at < count;
  }
  if (!part.places.empty()) {
    part.first = 1 + *std::min_element(part.places.begin(), part.places.end());
  }
  return part;
}

}  // namespace postern::admin
