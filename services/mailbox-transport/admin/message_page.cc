#include "services/mailbox-transport/admin/message_page.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace postern::admin {

v1::MessageInfo InfoOf(const MessageWalk::Row& row, bool with_recipients) {
  v1::MessageInfo info = ToInfo(row.fields, with_recipients && row.damage.ok());
  if (!row.damage.ok()) info.set_last_error(row.damage.ToString());
  return info;
}

bool OrderedPage::IsShown(const RowPlace& place) const {
  if (!bookmark_) return true;
  if (place == *bookmark_) return query_.with_bookmark;
  return down_ ? place < *bookmark_ : place > *bookmark_;
}

bool OrderedPage::Take(const MessageWalk::Row& row,
                       v1::Cursor& cursor,
                       v1::GetMessageResponse& response) {
  cursor.set_matched(cursor.matched() + 1);
  if (cursor.matched() <= query_.skip || !IsShown(row.place)) return true;
  if (cursor.given() == query_.most) {
    response.set_truncated(true);
    return query_.counts;
  }
  *response.add_messages() = InfoOf(row, with_recipients_);
  bytes_ += response.messages().rbegin()->ByteSizeLong();
  cursor.set_given(cursor.given() + 1);
  // When rows are searched backward the first one of the page is the last one given.
  if (query_.backward || cursor.given() == 1) cursor.set_first(cursor.matched());
  return true;
}

void OrderedPage::Finish(const v1::Cursor& cursor, v1::GetMessageResponse& response) const {
  if (cursor.given() == query_.most && cursor.matched() > cursor.first() && query_.counts) {
    const std::uint64_t shown = cursor.first() + (query_.backward ? 0 : cursor.given() - 1);
    response.set_truncated(cursor.matched() > shown);
  }
  if (!query_.counts) return;
  v1::PageInfo& info = *response.mutable_page_info();
  info.set_total(cursor.matched());
  if (cursor.given() == 0) return;
  info.set_first(query_.backward ? cursor.matched() - cursor.first() + 1 : cursor.first());
}

SortedPage::SortedPage(const PageQuery& query,
                       const SortOrder& order,
                       std::optional<Bookmark> bookmark,
                       std::size_t results_max)
    : query_(query),
      order_(order),
      bookmark_(std::move(bookmark)),
      most_(std::min(query.skip + query.most, results_max) + 1) {}

int SortedPage::Compare(const SortOrder::Key& a,
                        RowPlace at,
                        const SortOrder::Key& b,
                        RowPlace bt) const {
  int order = order_.Compare(a, b);
  if (order == 0) order = at < bt ? -1 : bt < at ? 1 : 0;
  return query_.backward ? -order : order;
}

bool SortedPage::IsBefore(const Kept& a, const Kept& b) const {
  return Compare(a.key, a.place, b.key, b.place) < 0;
}

void SortedPage::Take(const MessageWalk::Row& row) {
  ++matched_;
  SortOrder::Key key =
      order_.KeyOf([&row](std::size_t field) { return MessageField(field, row.fields); });
  if (bookmark_) {
    const int order = Compare(key, row.place, bookmark_->key, bookmark_->place);
    if (order < 0 || (order == 0 && !query_.with_bookmark)) {
      ++passed_;
      return;
    }
  }
  const auto before = [this](const Kept& a, const Kept& b) { return IsBefore(a, b); };
  if (kept_.size() == most_) {
    const Kept& last = kept_.front();
    if (Compare(key, row.place, last.key, last.place) > 0) return;
    std::pop_heap(kept_.begin(), kept_.end(), before);
    kept_.pop_back();
  }
  kept_.push_back({std::move(key), row.place});
  std::push_heap(kept_.begin(), kept_.end(), before);
}

absl::Status SortedPage::Finish(Read read, v1::GetMessageResponse& response) {
  std::sort_heap(kept_.begin(), kept_.end(),
                 [this](const Kept& a, const Kept& b) { return IsBefore(a, b); });
  const std::size_t from = std::min(query_.skip, kept_.size());
  // One more was kept than may be shown, to know that there is one.
  const std::size_t to = std::min({from + query_.most, kept_.size(), most_ - 1});
  std::size_t bytes = 0;
  for (std::size_t i = from; i < to; ++i) {
    std::optional<v1::MessageInfo> info = read(kept_[i].place);
    if (!info) continue;
    bytes += info->ByteSizeLong();
    if (bytes > kResponseBytesMax) {
      return base::Error(absl::StatusCode::kResourceExhausted, "the rows are more than ",
                         kResponseBytesMax, " bytes: ask for fewer of them, or narrow the filter");
    }
    response.add_messages()->Swap(&*info);
  }
  response.set_truncated(to < kept_.size());
  if (!query_.counts) return absl::OkStatus();
  v1::PageInfo& info = *response.mutable_page_info();
  info.set_total(matched_);
  if (from == to) return absl::OkStatus();
  const std::uint64_t above = passed_ + from;  // shown before, had the page begun at the first row
  info.set_first(query_.backward ? matched_ - above - (to - from) + 1 : above + 1);
  return absl::OkStatus();
}

}  // namespace postern::admin
