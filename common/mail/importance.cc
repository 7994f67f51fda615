#include "common/mail/importance.h"

#include "common/base/text.h"

namespace postern::mail {

std::optional<Importance> ParseXPriority(std::string_view body) {
  const std::string_view text = base::Trim(body);
  const bool alone = text.size() == 1 || (text.size() > 1 && (text[1] == ' ' || text[1] == '('));
  if (!alone) return std::nullopt;
  switch (text[0]) {
    case '1':
    case '2':
      return Importance::kHigh;
    case '3':
      return Importance::kNormal;
    case '4':
    case '5':
      return Importance::kLow;
    default:
      return std::nullopt;
  }
}

std::optional<Importance> ParseImportance(std::string_view body) {
  const std::string_view text = base::Trim(body);
  if (base::EqualsIgnoreCase(text, "high")) return Importance::kHigh;
  if (base::EqualsIgnoreCase(text, "normal")) return Importance::kNormal;
  if (base::EqualsIgnoreCase(text, "low")) return Importance::kLow;
  return std::nullopt;
}

void HeaderImportance::See(std::string_view name, std::string_view body) {
  if (!x_priority_ && base::EqualsIgnoreCase(name, "X-Priority")) {
    x_priority_ = ParseXPriority(body);
  } else if (!importance_ && base::EqualsIgnoreCase(name, "Importance")) {
    importance_ = ParseImportance(body);
  }
}

}  // namespace postern::mail
