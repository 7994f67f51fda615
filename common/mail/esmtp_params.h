// common/mail/esmtp_params.h
//
// The parameters of MAIL FROM and RCPT TO: read on the way in, written on the way out.
//
// Flow      In: PathBytes and ParseReversePath take the path, ParseMailParameters the rest of the
//           line. Out: MailParameters follows "MAIL FROM:<...>".
// Failure   A ParameterFault is an answer for the client, not a Status.
// Limits    kEnvidBytesMax, kOrcptBytesMax; the line's length is the caller's.
// See       RFC 5321 §4.1.1.11; RFC 1870; RFC 6152; RFC 3461 §4; RFC 6531 §3.4; RFC 6533 §3;
//           RFC 4954 §5; RFC 8689 §2

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/mail/envelope.h"

namespace postern::mail {

inline constexpr std::size_t kEnvidBytesMax = 100;
inline constexpr std::size_t kOrcptBytesMax = 500;

// What EHLO offered: ours on the way in, the peer's on the way out.
struct EsmtpFeatures {
  bool size = false;
  bool eight_bit_mime = false;
  bool dsn = false;
  bool smtputf8 = false;
  bool require_tls = false;        // only of a session under TLS
  bool auth = false;               // in only: AUTH= is read and not used
  std::uint64_t message_size = 0;  // out only: the value of SIZE=
};

struct MailOptions {
  std::optional<std::uint64_t> size;
  BodyType body = BodyType::k7Bit;
  Ret ret = Ret::kUnspecified;
  std::string envid;  // xtext, as it was given
  bool smtputf8 = false;
  bool require_tls = false;
};

struct RecipientOptions {
  std::uint8_t notify = 0;  // bits of Notify
  std::string orcpt;        // as it was given
};

struct ParameterFault {
  enum class Kind : std::uint8_t { kSyntax, kUnknown };

  Kind kind = Kind::kSyntax;
  std::string parameter;  // "SIZE"; printable and bounded
  std::string value;      // printable and bounded; empty when there was none
  std::string rule;       // "must be a number of bytes"

  int code() const { return kind == Kind::kUnknown ? 555 : 501; }

  // What follows the code in the answer: "5.5.4 SIZE=abc: must be a number of bytes".
  std::string Text() const;
};

// `text` is all that follows the path, its leading space included. A keyword that `offered` does
// not cover is unknown. On a fault `options` is not to be used.
std::optional<ParameterFault> ParseMailParameters(std::string_view text,
                                                  const EsmtpFeatures& offered,
                                                  MailOptions& options);
// `smtputf8` tells that the MAIL of this transaction had SMTPUTF8 (RFC 6533 allows UTF-8 in ORCPT
// then).
std::optional<ParameterFault> ParseRecipientParameters(std::string_view text,
                                                       const EsmtpFeatures& offered,
                                                       bool smtputf8,
                                                       RecipientOptions& options);

// True for xtext of printable ASCII, within kEnvidBytesMax.
bool IsEnvid(std::string_view text);
// True for "type;address", an atom and xtext of printable ASCII, within kOrcptBytesMax; when
// `utf8`, the address of type utf-8 may be in UTF-8.
bool IsOrcpt(std::string_view text, bool utf8);
// True for no bits, NEVER alone, or any of SUCCESS, FAILURE and DELAY.
bool IsNotify(std::uint32_t notify);

// What goes after "MAIL FROM:<...>" to a peer of those features, each parameter with the space
// before it: " SIZE=1024 BODY=8BITMIME RET=HDRS ENVID=abc".
std::string MailParameters(const Envelope& envelope, const EsmtpFeatures& peer);
// What goes after "RCPT TO:<...>" to a peer that offers DSN; nothing for any other peer.
std::string RecipientParameters(const Recipient& recipient);

}  // namespace postern::mail
