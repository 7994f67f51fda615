#include "common/mail/reply.h"

#include "common/base/text.h"

namespace postern::mail {

std::optional<EnhancedStatus> Reply::enhanced() const {
  if (lines.empty()) return std::nullopt;
  const auto status = EnhancedStatus::Parse(lines.front());
  if (!status || status->klass != code / 100) return std::nullopt;
  return status;
}

std::string Reply::ToString() const {
  std::string out = base::Cat(code);
  for (const std::string& line : lines) {
    if (!line.empty()) out.append(" ").append(line);
  }
  return out;
}

}  // namespace postern::mail
