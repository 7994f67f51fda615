#include "common/mail/message_id.h"

#include "common/base/text.h"

namespace postern::mail {

std::string NewMessageId(std::string_view host, base::Random& random) {
  return base::Cat("<", random.Uuid(), "@", host, ">");
}

}  // namespace postern::mail
