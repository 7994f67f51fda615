// common/mail/stamp.h
//
// Stamp: the bytes that go before a message when it is accepted, and what its header says of it.
//
// Flow      The caller finds the header block; MakeStamp; store `prepend`, then the message
//           unchanged.
// Failure   None. The caller refuses a message whose received_count exceeds its MaxHopCount.
// Lifetime  Nothing is borrowed after the call.
// See       RFC 5321 §4.4, §6.3; RFC 6409 §8; RFC 8689 §3

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/mail/importance.h"
#include "common/mail/received.h"

namespace postern::mail {

struct Stamp {
  // Received; Date and Message-ID when the message has none; and an empty line when the message
  // begins with something that is no header field, so that all of it is body.
  std::string prepend;
  std::string internet_message_id;  // with angle brackets, as far as the sender gave them; at most
                                    // 998 bytes
  std::string subject;              // decoded, at most kDecodedBytesMax bytes
  bool tls_optional = false;        // "TLS-Required: No" is there, and no other of that field
  Importance importance = Importance::kNormal;
  bool hides = false;              // there is a field that HidesField
  std::size_t received_count = 0;  // in the message as it came, ours not counted
  std::size_t header_bytes = 0;    // of the header block as stored: `prepend` with what follows
};

// `header` is the header block with its empty line. A Date that is added is parts.date; a
// Message-ID that is added is of parts.host.
Stamp MakeStamp(std::string_view header, const ReceivedParts& parts, base::Random& random);

}  // namespace postern::mail
