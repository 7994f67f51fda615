// What is read from MAIL and RCPT can be written again and means the same; a fault is a line to
// send.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/mail/esmtp_params.h"
#include "common/mail/utf8.h"
#include "common/mail/xtext.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mail = postern::mail;
  if (size == 0) return 0;
  const bool smtputf8 = (data[0] & 1) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const mail::EsmtpFeatures all = {true, true, true, true, true, true, 0};

  mail::MailOptions options;
  if (const auto fault = mail::ParseMailParameters(text, all, options)) {
    POSTERN_CHECK(fault->Text().find_first_of("\r\n") == std::string::npos);
    POSTERN_CHECK(mail::IsAscii(fault->Text()) && fault->Text().size() < 900);
  } else {
    mail::Envelope envelope;
    envelope.body = options.body;
    envelope.ret = options.ret;
    envelope.envid = options.envid;
    envelope.smtputf8 = options.smtputf8;
    envelope.require_tls = options.require_tls;
    mail::MailOptions again;
    POSTERN_CHECK(!mail::ParseMailParameters(mail::MailParameters(envelope, all), all, again));
    POSTERN_CHECK(again.envid == options.envid && again.ret == options.ret);
    POSTERN_CHECK(again.body == options.body && again.smtputf8 == options.smtputf8);
    POSTERN_CHECK(again.require_tls == options.require_tls);
  }

  mail::RecipientOptions asked;
  if (const auto fault = mail::ParseRecipientParameters(text, all, smtputf8, asked); !fault) {
    POSTERN_CHECK(mail::IsNotify(asked.notify));
    mail::Recipient recipient;
    recipient.notify = asked.notify;
    recipient.orcpt = asked.orcpt;
    mail::RecipientOptions again;
    POSTERN_CHECK(!mail::ParseRecipientParameters(mail::RecipientParameters(recipient), all,
                                                  smtputf8, again));
    POSTERN_CHECK(again.notify == asked.notify && again.orcpt == asked.orcpt);
  }

  POSTERN_CHECK(mail::DecodeXtext(mail::EncodeXtext(text)) == text);
  POSTERN_CHECK(mail::IsXtext(text) == mail::DecodeXtext(text).has_value());
  return 0;
}
