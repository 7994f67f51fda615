// services/mailbox-transport/accept/gate.h
//
// Gate: how many connections are open, in all and from each source: an IPv4 address, or the /64 of
// an IPv6 address.
//
// Flow      Enter; keep the Pass as long as the connection lives.
// Failure   No pass: too many, in all or of this source. Loopback counts only in all.
// Lifetime  Outlives its passes. Thread-safe.
// Limits    As many sources are remembered as connections are open.

#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

#include "common/io/endpoint.h"

namespace postern::accept {

class Gate {
 public:
  class Pass {
   public:
    Pass() = default;

    Pass(Gate* gate, const io::IpAddress& source) : gate_(gate), source_(source) {}

    Pass(Pass&& other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)), source_(other.source_) {}

    Pass& operator=(Pass&&) = delete;

    ~Pass() {
      if (gate_ != nullptr) gate_->Leave(source_);
    }

    explicit operator bool() const { return gate_ != nullptr; }

   private:
    Gate* gate_ = nullptr;
    io::IpAddress source_;
  };

  Pass Enter(const io::IpAddress& address, std::size_t all_max, std::size_t per_source_max);
  std::size_t open() const;

 private:
  void Leave(const io::IpAddress& source);

  mutable std::mutex mutex_;
  std::size_t open_ = 0;
  std::map<io::IpAddress, std::size_t> by_source_;
};

}  // namespace postern::accept
