#include "common/mail/enhanced_status.h"

#include "common/base/text.h"

namespace postern::mail {

namespace {

// One to three digits at `at`, which moves past them.
std::optional<std::uint16_t> TakeNumber(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  std::uint16_t value = 0;
  while (at < text.size() && at - begin < 3 && text[at] >= '0' && text[at] <= '9') {
    value = static_cast<std::uint16_t>(value * 10 + (text[at] - '0'));
    ++at;
  }
  if (at == begin) return std::nullopt;
  return value;
}

}  // namespace

std::string EnhancedStatus::ToString() const {
  return base::Cat(klass, ".", subject, ".", detail);
}

std::optional<EnhancedStatus> EnhancedStatus::Parse(std::string_view text) {
  if (text.size() < 5 || text[1] != '.') return std::nullopt;
  if (text[0] != '2' && text[0] != '4' && text[0] != '5') return std::nullopt;
  std::size_t at = 2;
  const auto subject = TakeNumber(text, at);
  if (!subject || at == text.size() || text[at] != '.') return std::nullopt;
  ++at;
  const auto detail = TakeNumber(text, at);
  if (!detail || (at < text.size() && text[at] != ' ')) return std::nullopt;
  return EnhancedStatus{static_cast<std::uint16_t>(text[0] - '0'), *subject, *detail};
}

}  // namespace postern::mail
