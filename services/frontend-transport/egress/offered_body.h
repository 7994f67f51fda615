// services/frontend-transport/egress/offered_body.h
//
// OfferedBody: the content of an offered delivery: whole in its offer, or asked for and streamed.
//
// Flow      A small body is at hand. A large one: Rewind asks the mailbox side for a round (Ready),
//           Add takes its parts, Next gives them on and opens the window again.
// Failure   Next: kDeadlineExceeded when the body stalls, kCancelled after Cancel: the SMTP
//           connection is then closed without a final dot.
// Lifetime  Borrows the sender of frames. One executor.
// Limits    At most rpc::kBodyWindowBytes wait here; more is a breach of the protocol and cancels.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "absl/time/time.h"

#include "common/io/event.h"
#include "common/smtp/body_source.h"
#include "postern/v1/proxy.pb.h"

namespace postern::egress {

class OfferedBody final : public smtp::BodySource {
 public:
  using Send = std::function<void(v1::ProxyToMailbox)>;

  OfferedBody(std::uint64_t delivery,
              std::uint64_t size,
              std::string first,
              absl::Duration stall,
              Send send);

  std::uint64_t size() const override { return size_; }

  std::string_view whole() const override;

  // A large body's offer brings its first bytes too.
  std::string_view beginning() const override { return first_; }

  io::Task<absl::Status> Rewind() override;
  io::Task<absl::StatusOr<std::string_view>> Next() override;

  void Add(v1::Data data);
  void Cancel(absl::Status why);

 private:
  bool at_hand() const { return first_.size() == size_; }

  void OpenWindow(std::size_t bytes);

  std::uint64_t delivery_;
  std::uint64_t size_;
  std::string first_;
  absl::Duration stall_;
  Send send_;

  std::uint32_t round_ = 0;
  bool given_ = false;          // a small body has been read once in this round
  std::uint64_t received_ = 0;  // in this round
  std::uint64_t buffered_ = 0;
  std::uint64_t to_open_ = 0;  // read on, but not yet opened again to the sender
  bool last_ = false;
  absl::Status cancelled_;
  std::deque<std::string> parts_;
  std::string current_;
  io::Event changed_;
};

}  // namespace postern::egress
