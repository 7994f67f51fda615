#include "common/dns/cares_reply.h"

#include "common/base/text.h"
#include "common/dns/question.h"

namespace postern::dns {

absl::Status Failure(absl::StatusCode code, const Asked& asked, std::string_view cause) {
  return base::Error(code, "dns ", KindOf(asked.type), " ", asked.name, ": ", cause, " (asked ",
                     asked.servers, ")");
}

absl::StatusOr<Answer> Judge(const Asked& asked, const Reply& reply) {
  using enum absl::StatusCode;
  switch (reply.status) {
    case ARES_SUCCESS:
      break;
    case ARES_ETIMEOUT:
      return Failure(kDeadlineExceeded, asked, "no answer");
    // c-ares says "refused" when the last server answered SERVFAIL or REFUSED, too.
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
      return Failure(kUnavailable, asked, "server failure");
    case ARES_EREFUSED:
      return Failure(kUnavailable, asked, "refused");
    case ARES_EBADNAME:
      return Failure(kInvalidArgument, asked, "not a domain name");
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return Failure(kCancelled, asked, "stopping");
    default:
      return Failure(kUnavailable, asked, base::LowerAscii(ares_strerror(reply.status)));
  }
  absl::StatusOr<Answer> answer = ParseAnswer(reply.bytes, asked.type);
  if (!answer.ok()) return Failure(kUnavailable, asked, base::MessageOf(answer.status()));
  if (answer->code == ResponseCode::kNoSuchName) {
    return WithNegativeTtl(Failure(kNotFound, asked, "no such name"), answer->negative_ttl);
  }
  if (answer->code != ResponseCode::kNoError) {
    const auto code = static_cast<int>(answer->code);
    return Failure(kUnavailable, asked, base::Cat("response code ", code));
  }
  if (answer->truncated) return Failure(kUnavailable, asked, "truncated answer");
  if (answer->referral) return Failure(kUnavailable, asked, "the server does not recurse");
  if (answer->empty()) answer->ttl = answer->negative_ttl;
  return answer;
}

}  // namespace postern::dns
