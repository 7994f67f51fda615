#include "services/frontend-transport/egress/offered_body.h"

#include <utility>

#include "common/base/text.h"
#include "common/rpc/frame_stream.h"

namespace postern::egress {

namespace {

// The window is opened again in steps, so that frames stay few.
constexpr std::uint64_t kWindowStep = 64 * 1024;

}  // namespace

OfferedBody::OfferedBody(
    std::uint64_t delivery, std::uint64_t size, std::string first, absl::Duration stall, Send send)
    : delivery_(delivery),
      size_(size),
      first_(std::move(first)),
      stall_(stall),
      send_(std::move(send)) {}

std::string_view OfferedBody::whole() const {
  return at_hand() ? std::string_view(first_) : std::string_view();
}

io::Task<absl::Status> OfferedBody::Rewind() {
  given_ = false;
  if (at_hand()) co_return absl::OkStatus();
  if (!cancelled_.ok()) co_return cancelled_;
  ++round_;
  parts_.clear();
  received_ = buffered_ = to_open_ = 0;
  last_ = false;
  v1::ProxyToMailbox frame;
  v1::Ready& ready = *frame.add_ready();
  ready.set_delivery(delivery_);
  ready.set_from(0);
  ready.set_round(round_);
  send_(std::move(frame));
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<std::string_view>> OfferedBody::Next() {
  if (at_hand()) {
    if (std::exchange(given_, true)) co_return std::string_view();
    co_return std::string_view(first_);
  }
  while (parts_.empty()) {
    if (!cancelled_.ok()) co_return cancelled_;
    if (last_) co_return std::string_view();
    const absl::Status waited = co_await changed_.Until(stall_);
    if (!waited.ok()) co_return base::Annotate(waited, "the body stalled");
  }
  current_ = std::move(parts_.front());
  parts_.pop_front();
  buffered_ -= current_.size();
  OpenWindow(current_.size());
  co_return std::string_view(current_);
}

void OfferedBody::OpenWindow(std::size_t bytes) {
  to_open_ += bytes;
  if (to_open_ < kWindowStep || last_) return;
  v1::ProxyToMailbox frame;
  v1::Window& window = *frame.add_windows();
  window.set_delivery(delivery_);
  window.set_bytes(static_cast<std::uint32_t>(std::exchange(to_open_, 0)));
  send_(std::move(frame));
}

void OfferedBody::Add(v1::Data data) {
  if (at_hand() || data.round() != round_ || last_ || !cancelled_.ok()) return;
  received_ += data.bytes().size();
  buffered_ += data.bytes().size();
  if (buffered_ > rpc::kBodyWindowBytes || received_ > size_ ||
      (data.last() && received_ != size_)) {
    return Cancel(absl::InvalidArgumentError("the body breaks its window or its size"));
  }
  last_ = data.last();
  if (!data.bytes().empty()) parts_.push_back(std::move(*data.mutable_bytes()));
  changed_.NotifyAll();
}

void OfferedBody::Cancel(absl::Status why) {
  cancelled_ = std::move(why);
  parts_.clear();
  changed_.NotifyAll();
}

}  // namespace postern::egress
