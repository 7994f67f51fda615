// common/mail/importance.h
//
// How urgent a sender calls a message: X-Priority, or Importance where there is none.
//
// Flow      A HeaderImportance sees each field; value() says what they come to.
// Failure   A value that is not known says nothing.
// See       RFC 2156 §5.3.6 (Importance); X-Priority is a custom of mail programs: 1 is the highest
//           of 5

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace postern::mail {

enum class Importance : std::uint8_t { kNormal, kHigh, kLow };

// "1 (Highest)": 1 and 2 are high, 3 is normal, 4 and 5 are low.
std::optional<Importance> ParseXPriority(std::string_view body);
// "high", "normal", "low" in any case.
std::optional<Importance> ParseImportance(std::string_view body);

class HeaderImportance {
 public:
  // The first field of a name counts.
  void See(std::string_view name, std::string_view body);

  Importance value() const {
    return x_priority_.value_or(importance_.value_or(Importance::kNormal));
  }

 private:
  std::optional<Importance> x_priority_;
  std::optional<Importance> importance_;
};

}  // namespace postern::mail
