// common/rpc/frame_stream.h
//
// FrameStream: a long-lived two-way stream of frames, seen from one executor; gRPC or memory
// beneath.
//
// Flow      Send merges frames until the end of the loop's turn, or a moment longer while many
//           come, and writes them as one message; the handler's OnFrame brings the peer's; Close
//           ends politely, Abort at once; OnClosed comes once, last, always.
// Failure   OnClosed carries why: OK when the peer ended, kUnavailable when the connection broke.
// Lifetime  Shared. The handler must live until OnClosed. Send after the end is dropped.
// Limits    The next frame is read when OnFrame has returned, so an unread peer is held back by
//           gRPC's flow control. What waits to be sent is bounded by the credits of the protocol
//           above.
// See       docs/architecture.md "Egress"

#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"

#include "postern/v1/proxy.pb.h"

namespace postern::rpc {

// How much of one body may be under way that the front end has not asked for again; both sides hold
// to it.
inline constexpr std::uint64_t kBodyWindowBytes = 256 * 1024;

template <typename Out, typename In>
class FrameStream {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void OnFrame(In frame) = 0;
    virtual void OnClosed(absl::Status status) = 0;
  };

  virtual ~FrameStream() = default;
  virtual void Send(Out frame) = 0;
  virtual void Close() = 0;
  virtual void Abort() = 0;
};

// The two ends of the proxy stream.
using ToFrontEnd = FrameStream<v1::ProxyToFrontEnd, v1::ProxyToMailbox>;
using ToMailbox = FrameStream<v1::ProxyToMailbox, v1::ProxyToFrontEnd>;

// Adds what `from` carries to `into`, moving where it can.
void Merge(v1::ProxyToFrontEnd& from, v1::ProxyToFrontEnd& into);
void Merge(v1::ProxyToMailbox& from, v1::ProxyToMailbox& into);

// Whether nobody's next step hangs on it, or only that of a delivery that has not begun: a new
// delivery, whether it may begin, or its outcome; not the parts of a content or the room for them.
bool CanWait(const v1::ProxyToFrontEnd& frame);
bool CanWait(const v1::ProxyToMailbox& frame);

}  // namespace postern::rpc
