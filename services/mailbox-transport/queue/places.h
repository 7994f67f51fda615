// services/mailbox-transport/queue/places.h
//
// Place: where a ticket stands in the queue; with the orders that hold places without owning them.
//
// Lifetime  A Fifo or a Heap holds pointers; whoever takes a member out of its world removes it
//           first.
// Limits    Not one allocation for each member: links and heap positions lie in the member itself.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "services/mailbox-transport/model/ticket.h"

namespace postern::queue {

struct Line;

inline constexpr std::uint32_t kNowhere = UINT32_MAX;

struct Place {
  enum class In : std::uint8_t { kReady, kLater, kLapsed, kSuspended };

  model::Ticket ticket;
  Line* line = nullptr;
  std::uint64_t mark = 0;
  Place* before = nullptr;
  Place* after = nullptr;
  std::uint32_t later_position = kNowhere;
  std::uint32_t expiry_position = kNowhere;
  std::uint32_t notify_position = kNowhere;
  In in = In::kReady;
  bool removed = false;  // by an administrator, once its attempt had ended
  bool with_ndr = false;

  absl::Time due() const { return ticket.due; }

  absl::Time expires() const { return ticket.expires; }

  absl::Time notify() const { return ticket.notify_delay_at; }
};

// By message, for sets of places; a message may have several.
struct ById {
  using is_transparent = void;

  bool operator()(const Place* a, const Place* b) const {
    return a->ticket.id == b->ticket.id ? a->mark < b->mark : a->ticket.id < b->ticket.id;
  }

  bool operator()(const Place* a, base::MessageId b) const { return a->ticket.id < b; }

  bool operator()(base::MessageId a, const Place* b) const { return a < b->ticket.id; }
};

// First come, first out; members leave from anywhere.
class Fifo {
 public:
  bool empty() const { return front_ == nullptr; }

  std::size_t size() const { return size_; }

  Place* front() const { return front_; }

  void PushBack(Place* place) {
    place->before = back_;
    place->after = nullptr;
    (back_ == nullptr ? front_ : back_->after) = place;
    back_ = place;
    ++size_;
  }

  void Remove(Place* place) {
    (place->before == nullptr ? front_ : place->before->after) = place->after;
    (place->after == nullptr ? back_ : place->after->before) = place->before;
    --size_;
  }

 private:
  Place* front_ = nullptr;
  Place* back_ = nullptr;
  std::size_t size_ = 0;
};

// The earliest first, by Key, and of those the least by Then; a member knows its position, so that
// it leaves from anywhere.
template <typename Member,
          absl::Time (Member::*Key)() const,
          std::uint32_t Member::*Position,
          std::uint64_t Member::*Then = nullptr>
class Heap {
 public:
  bool empty() const { return members_.empty(); }

  std::size_t size() const { return members_.size(); }

  Member* top() const { return members_.front(); }

  absl::Time first() const { return empty() ? absl::InfiniteFuture() : KeyOf(top()); }

  const std::vector<Member*>& members() const { return members_; }

  static bool Holds(const Member* member) { return member->*Position != kNowhere; }

  void Push(Member* member) {
    members_.push_back(member);
    Rise(members_.size() - 1, member);
  }

  void Remove(Member* member) {
    const std::size_t hole = member->*Position;
    member->*Position = kNowhere;
    Member* last = members_.back();
    members_.pop_back();
    if (last != member) Settle(hole, last);
    if (members_.empty()) members_.shrink_to_fit();
  }

  // After the key of a member changed.
  void Update(Member* member) { Settle(member->*Position, member); }

 private:
  static absl::Time KeyOf(const Member* member) { return (member->*Key)(); }

  static bool Earlier(const Member* a, const Member* b) {
    const absl::Time time = KeyOf(a);
    const absl::Time other = KeyOf(b);
    if constexpr (Then != nullptr) {
      if (time == other) return a->*Then < b->*Then;
    }
    return time < other;
  }

  void Put(std::size_t at, Member* member) {
    members_[at] = member;
    member->*Position = static_cast<std::uint32_t>(at);
  }

  void Settle(std::size_t at, Member* member) {
    if (at > 0 && Earlier(member, members_[(at - 1) / 2])) {
      Rise(at, member);
    } else {
      Sink(at, member);
    }
  }

  void Rise(std::size_t at, Member* member) {
    while (at > 0) {
      const std::size_t parent = (at - 1) / 2;
      if (!Earlier(member, members_[parent])) break;
      Put(at, members_[parent]);
      at = parent;
    }
    Put(at, member);
  }

  void Sink(std::size_t at, Member* member) {
    for (std::size_t child = 2 * at + 1; child < members_.size(); child = 2 * at + 1) {
      if (child + 1 < members_.size() && Earlier(members_[child + 1], members_[child])) ++child;
      if (!Earlier(members_[child], member)) break;
      Put(at, members_[child]);
      at = child;
    }
    Put(at, member);
  }

  std::vector<Member*> members_;
};

}  // namespace postern::queue
