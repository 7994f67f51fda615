#include "common/rpc/frame_stream.h"

namespace postern::rpc {

namespace {

// Swapping elements moves bodies instead of copying them.
template <typename Repeated>
void MoveAll(Repeated* from, Repeated* into) {
  into->Reserve(into->size() + from->size());
  for (auto& element : *from)
    into->Add()->Swap(&element);
}

}  // namespace

void Merge(v1::ProxyToFrontEnd& from, v1::ProxyToFrontEnd& into) {
  MoveAll(from.mutable_offers(), into.mutable_offers());
  MoveAll(from.mutable_data(), into.mutable_data());
  MoveAll(from.mutable_cancels(), into.mutable_cancels());
  MoveAll(from.mutable_admissions(), into.mutable_admissions());
}

void Merge(v1::ProxyToMailbox& from, v1::ProxyToMailbox& into) {
  if (from.has_credit()) into.mutable_credit()->Swap(from.mutable_credit());
  if (from.has_go_away()) into.mutable_go_away()->Swap(from.mutable_go_away());
  MoveAll(from.mutable_ready(), into.mutable_ready());
  MoveAll(from.mutable_windows(), into.mutable_windows());
  MoveAll(from.mutable_outcomes(), into.mutable_outcomes());
  MoveAll(from.mutable_destinations(), into.mutable_destinations());
  MoveAll(from.mutable_asks(), into.mutable_asks());
}

bool CanWait(const v1::ProxyToFrontEnd& frame) {
  return frame.data().empty() && frame.cancels().empty();
}

bool CanWait(const v1::ProxyToMailbox& frame) {
  return !frame.has_credit() && !frame.has_go_away() && frame.ready().empty() &&
         frame.windows().empty();
}

}  // namespace postern::rpc
