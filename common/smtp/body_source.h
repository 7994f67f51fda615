// common/smtp/body_source.h
//
// BodySource: the content of one message, read in order, as often as hosts are tried.
//
// Flow      Rewind, then Next until it gives an empty view; Rewind again for the next host. Before
//           that, Begin where the header must be seen first.
// Failure   Next, Rewind: the content cannot be had (store, stream of the proxy): the attempt ends
//           without a final dot, as Origin::kFrontEnd or kLocal.
// Lifetime  A view from Next lives until the following Next or Rewind.
// Limits    A view holds at most 256 KiB.

#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/io/task.h"

namespace postern::smtp {

class BodySource {
 public:
  virtual ~BodySource() = default;

  virtual std::uint64_t size() const = 0;

  // The whole content, when it is at hand in memory; else empty.
  virtual std::string_view whole() const { return {}; }

  // Brings the first bytes to hand, if that does not mean asking for the content itself.
  virtual io::Task<absl::Status> Begin() { co_return absl::OkStatus(); }

  // Those first bytes, as far as they are at hand; gone after Rewind.
  virtual std::string_view beginning() const { return whole(); }

  virtual io::Task<absl::Status> Rewind() = 0;
  virtual io::Task<absl::StatusOr<std::string_view>> Next() = 0;
};

}  // namespace postern::smtp
