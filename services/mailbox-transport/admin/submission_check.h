// services/mailbox-transport/admin/submission_check.h
//
// The rules of a gRPC submission that need nothing but its frames: the envelope that comes first,
// the content that follows. Pure.
//
// Failure   kInvalidArgument naming field, value and rule.
// Limits    kIdempotencyKeyBytesMax, kContentBytesMax; recipients as the directory says.
// See       proto/postern/v1/submission.proto

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/mail/envelope.h"
#include "postern/v1/submission.pb.h"

namespace postern::admin {

inline constexpr std::size_t kIdempotencyKeyBytesMax = 128;
// Of one frame.
inline constexpr std::size_t kContentBytesMax = 256 * 1024;

// The envelope of the first frame. Exact repeats of a recipient are left out, as they are in SMTP.
absl::StatusOr<mail::Envelope> EnvelopeOf(const v1::SubmitRequest& first,
                                          std::uint64_t recipients_max);

// The first frame's key: empty, or printable ASCII.
absl::Status CheckIdempotencyKey(std::string_view key);

// A frame after the first.
absl::Status CheckContent(const v1::SubmitRequest& frame);

// "127.0.0.1" of gRPC's "ipv4:127.0.0.1:5000" or "::1" of "ipv6:%5B::1%5D:5000"; empty for others.
std::string AddressOfPeer(std::string_view peer);

}  // namespace postern::admin
