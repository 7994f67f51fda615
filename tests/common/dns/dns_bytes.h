// tests/common/dns/dns_bytes.h
//
// Writes DNS answers byte by byte, right ones and wrong ones.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/text.h"
#include "common/dns/message.h"

namespace postern::dns {

inline std::string Short(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}

inline std::string Long(std::uint32_t value) {
  return Short(value >> 16) + Short(value & 0xFFFF);
}

// "a.test" as labels; "" is the root.
inline std::string Wire(std::string_view name) {
  std::string out;
  if (!name.empty()) {
    for (const std::string_view label : base::Split(name, '.')) {
      out.push_back(static_cast<char>(label.size()));
      out.append(label);
    }
  }
  out.push_back('\0');
  return out;
}

// The question's name, which always begins at byte 12.
inline const std::string kSameName("\xC0\x0C", 2);

class AnswerBytes {
 public:
  AnswerBytes(std::string_view name, RecordType type, unsigned flags = 0x8180)
      : flags_(flags), question_(Wire(name) + Short(static_cast<unsigned>(type)) + Short(1)) {}

  AnswerBytes& Record(std::string owner, unsigned type, std::uint32_t ttl, std::string data) {
    ++answers_;
    records_ += owner + Short(type) + Short(1) + Long(ttl) +
                Short(static_cast<unsigned>(data.size())) + data;
    return *this;
  }

  AnswerBytes& Mx(std::uint32_t ttl, unsigned preference, std::string_view host) {
    return Record(kSameName, 15, ttl, Short(preference) + Wire(host));
  }

  AnswerBytes& Alias(std::string_view owner, std::uint32_t ttl, std::string_view target) {
    return Record(Wire(owner), 5, ttl, Wire(target));
  }

  AnswerBytes& Soa(std::uint32_t ttl, std::uint32_t minimum) {
    const std::string data =
        Wire("ns.test") + Wire("root.test") + Long(1) + Long(2) + Long(3) + Long(4) + Long(minimum);
    authority_ += Wire("test") + Short(6) + Short(1) + Long(ttl) +
                  Short(static_cast<unsigned>(data.size())) + data;
    ++authorities_;
    return *this;
  }

  AnswerBytes& Refer(std::string_view zone, std::string_view server) {
    const std::string data = Wire(server);
    authority_ += Wire(zone) + Short(2) + Short(1) + Long(60) +
                  Short(static_cast<unsigned>(data.size())) + data;
    ++authorities_;
    return *this;
  }

  AnswerBytes& ClaimAnswers(unsigned count) {
    answers_ = count;
    return *this;
  }

  AnswerBytes& Questions(unsigned count) {
    questions_ = count;
    return *this;
  }

  std::string Text() const {
    return Short(7) + Short(flags_) + Short(questions_) + Short(answers_) + Short(authorities_) +
           Short(0) + question_ + records_ + authority_;
  }

 private:
  unsigned flags_;
  unsigned questions_ = 1;
  unsigned answers_ = 0;
  unsigned authorities_ = 0;
  std::string question_;
  std::string records_;
  std::string authority_;
};

}  // namespace postern::dns
