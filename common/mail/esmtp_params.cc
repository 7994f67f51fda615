// parameters  = *( 1*SP keyword [ "=" value ] ) *SP
// keyword     = ( letter / digit ) *( letter / digit / "-" )
// value       = 1*( any character but controls, space and "=" )

#include "common/mail/esmtp_params.h"

#include <array>

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/mail/xtext.h"

namespace postern::mail {

namespace {

constexpr std::size_t kShownBytesMax = 80;
constexpr std::size_t kSizeDigitsMax = 20;  // RFC 1870 §3
constexpr std::uint8_t kNotifyOthers = kNotifySuccess | kNotifyFailure | kNotifyDelay;

struct Parameter {
  std::string_view keyword;
  std::string_view value;
  bool has_value = false;
};

using Fault = std::optional<ParameterFault>;

ParameterFault MakeFault(ParameterFault::Kind kind, const Parameter& given, std::string_view rule) {
  return {kind, base::Printable(given.keyword, kShownBytesMax),
          base::Printable(given.value, kShownBytesMax), std::string(rule)};
}

ParameterFault Broken(const Parameter& given, std::string_view rule) {
  return MakeFault(ParameterFault::Kind::kSyntax, given, rule);
}

ParameterFault Unknown(const Parameter& given,
                       std::string_view rule = "is not a parameter of this command here") {
  return MakeFault(ParameterFault::Kind::kUnknown, given, rule);
}

bool IsKeyword(std::string_view text) {
  if (text.empty() || !base::IsLetterOrDigit(text.front())) return false;
  for (const char c : text) {
    if (!base::IsLetterOrDigit(c) && c != '-') return false;
  }
  return true;
}

bool IsValue(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 32 || byte == 127 || c == '=') return false;
  }
  return !text.empty();
}

// Takes the next parameter off `rest`. False at the end; `fault` is set when what is there is none.
bool TakeParameter(std::string_view& rest, Parameter& given, Fault& fault) {
  const std::size_t begin = rest.find_first_not_of(' ');
  if (begin == std::string_view::npos) return false;
  const std::string_view word = rest.substr(begin, rest.find(' ', begin) - begin);
  const std::size_t equals = word.find('=');
  given.keyword = word.substr(0, equals);
  given.has_value = equals != std::string_view::npos;
  given.value = given.has_value ? word.substr(equals + 1) : std::string_view();
  rest.remove_prefix(begin + word.size());
  if (begin == 0) {
    fault = Broken(given, "must have a space before it");
  } else if (!IsKeyword(given.keyword)) {
    fault = Broken(given, "is not a keyword");
  } else if (given.has_value && !IsValue(given.value)) {
    fault = Broken(given, "must have a value of printable characters without \"=\"");
  }
  return true;
}

// Calls apply(parameter) -> Fault for each; the keywords of `known` at most once each.
template <std::size_t Count, typename Apply>
Fault ForEachParameter(std::string_view rest,
                       const std::array<std::string_view, Count>& known,
                       Apply apply) {
  unsigned seen = 0;
  while (true) {
    Parameter given;
    Fault fault;
    if (!TakeParameter(rest, given, fault)) return std::nullopt;
    if (fault) return fault;
    std::size_t which = 0;
    while (which < Count && !base::EqualsIgnoreCase(given.keyword, known[which]))
      ++which;
    if (which == Count) return Unknown(given);
    if ((seen >> which & 1U) != 0) return Broken(given, "must not be given twice");
    seen |= 1U << which;
    if (Fault found = apply(which, given)) return found;
  }
}

enum MailKeyword : std::size_t { kSize, kBody, kRet, kEnvid, kSmtputf8, kRequireTls, kAuth };

constexpr std::array<std::string_view, 7> kMailKeywords = {"SIZE",     "BODY",       "RET", "ENVID",
                                                           "SMTPUTF8", "REQUIRETLS", "AUTH"};

enum RecipientKeyword : std::size_t { kNotify, kOrcpt };

constexpr std::array<std::string_view, 2> kRecipientKeywords = {"NOTIFY", "ORCPT"};

bool Offered(std::size_t keyword, const EsmtpFeatures& features) {
  switch (keyword) {
    case kSize:
      return features.size;
    case kBody:
      return features.eight_bit_mime;
    case kRet:
    case kEnvid:
      return features.dsn;
    case kSmtputf8:
      return features.smtputf8;
    case kRequireTls:
      return features.require_tls;
    default:
      return features.auth;
  }
}

Fault ReadSize(const Parameter& given, MailOptions& options) {
  const bool digits = given.value.find_first_not_of("0123456789") == std::string_view::npos;
  if (given.value.empty() || !digits || given.value.size() > kSizeDigitsMax) {
    return Broken(given, "must be a number of bytes, of at most 20 digits");
  }
  // Twenty digits may pass 64 bits; that is too large for any limit, not a wrong form.
  options.size = base::ParseUnsigned(given.value).value_or(UINT64_MAX);
  return std::nullopt;
}

Fault ReadBody(const Parameter& given, MailOptions& options) {
  const bool eight = base::EqualsIgnoreCase(given.value, "8BITMIME");
  if (!eight && !base::EqualsIgnoreCase(given.value, "7BIT")) {
    return Broken(given, "must be 7BIT or 8BITMIME");
  }
  options.body = eight ? BodyType::k8BitMime : BodyType::k7Bit;
  return std::nullopt;
}

Fault ReadRet(const Parameter& given, MailOptions& options) {
  const bool full = base::EqualsIgnoreCase(given.value, "FULL");
  if (!full && !base::EqualsIgnoreCase(given.value, "HDRS")) {
    return Broken(given, "must be FULL or HDRS");
  }
  options.ret = full ? Ret::kFull : Ret::kHeaders;
  return std::nullopt;
}

Fault ApplyMail(std::size_t keyword, const Parameter& given, MailOptions& options) {
  switch (keyword) {
    case kSize:
      return ReadSize(given, options);
    case kBody:
      return ReadBody(given, options);
    case kRet:
      return ReadRet(given, options);
    case kEnvid:
      if (!IsEnvid(given.value)) {
        return Broken(given, "must be xtext of printable characters, at most 100 bytes");
      }
      options.envid = given.value;
      return std::nullopt;
    case kSmtputf8:
      if (given.has_value) return Broken(given, "must not have a value");
      options.smtputf8 = true;
      return std::nullopt;
    case kRequireTls:
      if (given.has_value) return Broken(given, "must not have a value");
      options.require_tls = true;
      return std::nullopt;
    default:
      if (!IsXtext(given.value) || given.value.empty()) return Broken(given, "must be xtext or <>");
      return std::nullopt;
  }
}

// 0 when the list is not one of NOTIFY.
std::uint8_t NotifyBits(std::string_view list) {
  static constexpr std::array<std::pair<std::string_view, std::uint8_t>, 4> kNames = {
      {{"NEVER", kNotifyNever},
       {"SUCCESS", kNotifySuccess},
       {"FAILURE", kNotifyFailure},
       {"DELAY", kNotifyDelay}}};
  std::uint8_t bits = 0;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    std::uint8_t bit = 0;
    for (const auto& [name, value] : kNames) {
      if (base::EqualsIgnoreCase(word, name)) bit = value;
    }
    if (bit == 0) return 0;
    bits |= bit;
    if (comma == std::string_view::npos) return IsNotify(bits) ? bits : 0;
    list.remove_prefix(comma + 1);
  }
}

bool IsAtom(std::string_view text) {
  for (const char c : text) {
    if (!base::IsLetterOrDigit(c) && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) == text.npos) {
      return false;
    }
  }
  return !text.empty();
}

// Nothing decoded may break a line or a field of a DSN.
bool DecodesToPrintable(std::string_view xtext) {
  const auto decoded = DecodeXtext(xtext);
  if (!decoded) return false;
  for (const char c : *decoded) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte >= 127) return false;
  }
  return true;
}

}  // namespace

std::string ParameterFault::Text() const {
  return base::Cat("5.5.4 ", parameter, value.empty() ? "" : "=", value, ": ", rule);
}

bool IsNotify(std::uint32_t notify) {
  return notify == kNotifyNever || (notify & ~std::uint32_t{kNotifyOthers}) == 0;
}

bool IsEnvid(std::string_view text) {
  return !text.empty() && text.size() <= kEnvidBytesMax && DecodesToPrintable(text);
}

bool IsOrcpt(std::string_view text, bool utf8) {
  const std::size_t semicolon = text.find(';');
  if (text.size() > kOrcptBytesMax || semicolon == std::string_view::npos) return false;
  const std::string_view type = text.substr(0, semicolon);
  const std::string_view address = text.substr(semicolon + 1);
  if (!IsAtom(type) || address.empty()) return false;
  if (!utf8 || !base::EqualsIgnoreCase(type, "utf-8")) return DecodesToPrintable(address);
  if (!IsUtf8(address)) return false;
  // RFC 6533 §3: what is not ASCII stands for itself, the rest is xtext.
  std::string ascii;
  for (const char c : address)
    ascii.push_back(static_cast<unsigned char>(c) < 128 ? c : 'u');
  return DecodesToPrintable(ascii);
}

std::optional<ParameterFault> ParseMailParameters(std::string_view text,
                                                  const EsmtpFeatures& offered,
                                                  MailOptions& options) {
  return ForEachParameter(text, kMailKeywords,
                          [&](std::size_t keyword, const Parameter& given) -> Fault {
                            if (keyword == kRequireTls && !offered.require_tls) {
                              return Unknown(given, "must be given in a session under TLS");
                            }
                            if (!Offered(keyword, offered)) return Unknown(given);
                            return ApplyMail(keyword, given, options);
                          });
}

std::optional<ParameterFault> ParseRecipientParameters(std::string_view text,
                                                       const EsmtpFeatures& offered,
                                                       bool smtputf8,
                                                       RecipientOptions& options) {
  return ForEachParameter(
      text, kRecipientKeywords, [&](std::size_t keyword, const Parameter& given) -> Fault {
        if (!offered.dsn) return Unknown(given);
        if (keyword == kOrcpt) {
          if (!IsOrcpt(given.value, smtputf8)) {
            return Broken(given, "must be a type, a semicolon and xtext, at most 500 bytes");
          }
          options.orcpt = given.value;
          return std::nullopt;
        }
        options.notify = NotifyBits(given.value);
        if (options.notify == 0) {
          return Broken(given, "must be NEVER, or a list of SUCCESS, FAILURE and DELAY");
        }
        return std::nullopt;
      });
}

std::string MailParameters(const Envelope& envelope, const EsmtpFeatures& peer) {
  std::string out;
  if (peer.size && peer.message_size > 0) out.append(base::Cat(" SIZE=", peer.message_size));
  if (peer.eight_bit_mime && envelope.body == BodyType::k8BitMime) out.append(" BODY=8BITMIME");
  if (peer.smtputf8 && envelope.smtputf8) out.append(" SMTPUTF8");
  if (peer.require_tls && envelope.require_tls) out.append(" REQUIRETLS");
  if (peer.dsn && envelope.ret == Ret::kFull) out.append(" RET=FULL");
  if (peer.dsn && envelope.ret == Ret::kHeaders) out.append(" RET=HDRS");
  if (peer.dsn && !envelope.envid.empty()) out.append(" ENVID=").append(envelope.envid);
  return out;
}

std::string RecipientParameters(const Recipient& recipient) {
  static constexpr std::array<std::pair<std::uint8_t, std::string_view>, 4> kNames = {
      {{kNotifyNever, "NEVER"},
       {kNotifySuccess, "SUCCESS"},
       {kNotifyFailure, "FAILURE"},
       {kNotifyDelay, "DELAY"}}};
  std::string out;
  for (const auto& [bit, name] : kNames) {
    if ((recipient.notify & bit) == 0) continue;
    out.append(out.empty() ? " NOTIFY=" : ",").append(name);
  }
  if (!recipient.orcpt.empty()) out.append(" ORCPT=").append(recipient.orcpt);
  return out;
}

}  // namespace postern::mail
