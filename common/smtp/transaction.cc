#include "common/smtp/transaction.h"

namespace postern::smtp {

std::size_t Transaction::accepted() const {
  std::size_t count = 0;
  for (const std::optional<mail::Reply>& reply : recipients) {
    if (reply.has_value() && reply->positive()) ++count;
  }
  return count;
}

bool Transaction::bdat_unknown() const {
  if (!by_bdat || !body.has_value() || accepted() == 0) return false;
  return body->code == 500 || body->code == 502 || body->code == 503 || body->code == 504;
}

bool Transaction::ambiguous() const {
  if (!body_ended || body.has_value()) return false;
  if (mail.has_value() && !mail->positive()) return false;
  for (const std::optional<mail::Reply>& reply : recipients) {
    if (!reply.has_value() || reply->positive()) return true;
  }
  return false;
}

}  // namespace postern::smtp
