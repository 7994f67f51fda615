// common/smtp/outgoing.h
//
// Outgoing: the content of a message as one remote may get it: behind the header firewall, and
// 7-bit for a peer that takes nothing else.
//
// Flow      Obey with the rules of a session, then ToSevenBit or AsItIs, before each transaction;
//           then first() and rest() when at_hand(), else Rewind and Next until it gives an empty
//           view.
// Failure   Obey, ToSevenBit, Rewind, Next: the content cannot be had (see BodySource); kDataLoss
//           when it is shorter or longer than its size, or when its header has no end in sight.
//           Content that cannot be converted is no failure: seven_bit_refusal() tells why.
// Lifetime  Borrows the body. Views live until the next call.
// Limits    Content that passes as it stands is never copied; of other content the header block is,
//           kHeaderHeldMax at most. Content of more than kConvertedBytesMax is not converted.
// See       common/mail/header_firewall.h; docs/exchange.md "Types and the header firewall";
//           common/mail/eight_bit.h

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/io/task.h"
#include "common/mail/header_firewall.h"
#include "common/smtp/body_source.h"

namespace postern::smtp {

inline constexpr std::size_t kHeaderHeldMax = 256 * 1024;
// No step holds more of a large body.
inline constexpr std::size_t kConvertedBytesMax = 256 * 1024;

class Outgoing {
 public:
  explicit Outgoing(BodySource& body) : body_(body), size_(body.size()) {}

  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  io::Task<absl::Status> Obey(mail::FirewallRules rules);

  // From now to AsItIs or other rules the content is 7-bit, where that can be.
  io::Task<absl::Status> ToSevenBit();

  void AsItIs() { seven_bit_goes_ = false; }

  // Whether that came about.
  bool converted() const { return seven_bit_goes_ && seven_bit_ && seven_bit_->ok(); }

  // Why it did not.
  absl::Status seven_bit_refusal() const {
    return seven_bit_ ? seven_bit_->status() : absl::OkStatus();
  }

  // Whether the header is known to be ASCII. One whose end is not at hand is not.
  io::Task<absl::StatusOr<bool>> HeaderIsAscii();

  // Of what goes out. Of content whose header is not at hand: of what there is to send.
  std::uint64_t size() const { return converted() ? (*seven_bit_)->size() : size_; }

  // Whether the content is in memory: first() with rest() behind it.
  bool at_hand() const { return converted() || !body_.whole().empty(); }

  std::string_view first() const {
    return header_ && !converted() ? std::string_view(*header_) : "";
  }

  std::string_view rest() const {
    if (converted()) return **seven_bit_;
    return body_.whole().substr(header_ ? header_bytes_ : 0);
  }

  io::Task<absl::Status> Rewind();
  io::Task<absl::StatusOr<std::string_view>> Next();

 private:
  enum class Stand : std::uint8_t {
    kPasses,  // as it is
    kKnown,   // header_ takes the place of the first header_bytes_
    kUnseen,  // the header comes with the content
  };

  void LookAt(std::string_view beginning);
  // All that goes out, in memory.
  io::Task<absl::StatusOr<std::string>> Collect();
  io::Task<absl::StatusOr<std::string_view>> Pull();
  io::Task<absl::StatusOr<std::string_view>> PullHeader();

  BodySource& body_;
  std::optional<mail::FirewallRules> rules_;  // in force
  Stand stand_ = Stand::kPasses;
  std::optional<std::string> header_;  // the header as it goes out, where that differs
  std::size_t header_bytes_ = 0;       // of the header as it came
  std::uint64_t size_ = 0;
  std::optional<absl::StatusOr<std::string>> seven_bit_;  // by the rules in force
  bool seven_bit_goes_ = false;

  // Of the round since Rewind.
  std::uint64_t pulled_ = 0;
  bool header_sent_ = false;
  std::string held_;
};

}  // namespace postern::smtp
