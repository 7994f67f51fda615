#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mail/address.h"
#include "common/mail/utf8.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/accept/replies.h"
#include "services/mailbox-transport/accept/session.h"

namespace postern::accept {

namespace {

// More recipients are never held, whatever the directory says (Exchange's highest value).
constexpr std::uint64_t kRecipientsMax = 512000;
constexpr std::size_t kLinearSearchMax = 8;

// "FROM:<a@b> SIZE=1": the text behind "FROM:". Spaces after the colon are tolerated.
std::optional<std::string_view> After(std::string_view prefix, std::string_view argument) {
  if (!base::StartsWithIgnoreCase(argument, prefix)) return std::nullopt;
  argument.remove_prefix(prefix.size());
  while (!argument.empty() && argument.front() == ' ')
    argument.remove_prefix(1);
  return argument;
}

// RFC 6531 §3.5: this has answers of its own.
bool LacksUtf8(std::string_view path, bool smtputf8) {
  return !smtputf8 && !mail::IsAscii(path);
}

// What either of two RCPT of one address asks for; 0 is the default, failures and delays.
std::uint8_t Together(std::uint8_t one, std::uint8_t other) {
  if (one == other) return one;
  const auto spelled = [](std::uint8_t notify) {
    return notify == 0 ? mail::kNotifyFailure | mail::kNotifyDelay : int{notify};
  };
  return static_cast<std::uint8_t>((spelled(one) | spelled(other)) & ~mail::kNotifyNever);
}

}  // namespace

mail::EsmtpFeatures Session::Features() const {
  mail::EsmtpFeatures features;
  const bool extended = hello_ && hello_->extended;
  features.size = features.eight_bit_mime = features.dsn = features.smtputf8 = extended;
  features.require_tls = extended && encrypted();
  // Where AUTH is offered its parameter is taken, of a client without a login as if it said nothing
  // (RFC 4954 §5).
  features.auth = extended && offers_auth();
  return features;
}

bool Session::MayRelay() const {
  if (authenticated()) return true;
  return client_.address_counts && listener_.MayRelay(client_.address.address);
}

std::string Session::RateName() const {
  if (authenticated()) return identity_;
  return base::Cat("address:", client_.address.address.Source().ToString());
}

void Session::ResetTransaction() {
  in_transaction_ = excused_ = false;
  envelope_ = mail::Envelope();
  claimed_bytes_ = 0;
  places_.clear();
  assembler_.reset();
}

bool Session::MayBegin() {
  if (!hello_) return No(kHelloFirst);
  if (in_transaction_) return No("503 5.5.1 a sender is given already");
  if (listener_.auth == AuthMode::kRequired && !authenticated()) {
    Fault(encrypted() ? "530 5.7.0 authentication required"
                      : "530 5.7.0 must issue a STARTTLS command first");
    return false;
  }
  if (leaving_) {
    SayGoodbye();
    return false;
  }
  const absl::Status ready = parts_.intake.Ready(model::Submitter::kApplication);
  if (ready.ok()) return true;
  excused_ = true;
  Refuse(RefusalFrom(ready));
  return false;
}

void Session::Mail(std::string_view argument) {
  if (!MayBegin()) return;
  const auto rest = After("FROM:", argument);
  const std::size_t path_bytes = rest ? mail::PathBytes(*rest) : 0;
  if (path_bytes == 0) return Fault("501 5.5.4 must be MAIL FROM:<address>");
  mail::MailOptions options;
  const auto fault = mail::ParseMailParameters(rest->substr(path_bytes), Features(), options);
  if (fault) return Fault(base::Cat(fault->code(), ' ', fault->Text()));
  const std::string_view path = rest->substr(0, path_bytes);
  const auto sender = mail::ParseReversePath(path, options.smtputf8);
  if (!sender.ok() && LacksUtf8(path, options.smtputf8)) {
    return Fault("550 5.6.7 the address of the sender needs SMTPUTF8");
  }
  if (!sender.ok()) {
    return Fault(base::Cat("501 5.1.7 ", base::Printable(base::MessageOf(sender.status()))));
  }
  excused_ = true;
  const std::uint64_t size_max = rules_->policy.max_receive_size;
  if (options.size.value_or(0) > size_max) return Refuse(TooLarge(size_max));
  if (!parts_.rate_limit.TakeMessage(RateName(), rules_->rates)) {
    parts_.probe.Refused("rate");
    return Say(kTooManyMessages);
  }
  hold_ = parts_.intake.Hold();
  in_transaction_ = true;
  excused_ = false;
  envelope_.sender = sender->ToString();
  envelope_.ret = options.ret;
  envelope_.envid = std::move(options.envid);
  envelope_.body = options.body;
  envelope_.smtputf8 = options.smtputf8;
  envelope_.require_tls = options.require_tls;
  claimed_bytes_ = options.size.value_or(0);
  Say("250 2.1.0 sender ok");
}

// One copy is what the sender wants of an address that comes again; null: it has not come yet.
mail::Recipient* Session::Known(const std::string& address) {
  std::vector<mail::Recipient>& recipients = envelope_.recipients;
  if (recipients.size() < kLinearSearchMax) {
    const auto found = std::find_if(recipients.begin(), recipients.end(),
                                    [&](const auto& one) { return one.address == address; });
    return found == recipients.end() ? nullptr : &*found;
  }
  for (std::size_t i = places_.size(); i < recipients.size(); ++i)
    places_.emplace(recipients[i].address, i);
  const auto found = places_.find(address);
  return found == places_.end() ? nullptr : &recipients[found->second];
}

bool Session::MayAdd(const std::string& address) {
  if (!MayRelay()) {
    parts_.probe.Refused("relay");
    POSTERN_LOG(kInfo, "accept", "relay refused",
                {{"listener", listener_.name},
                 {"client", client_.address.ToString()},
                 {"recipient", base::Printable(address)}});
    return No("550 5.7.1 Unable to relay");
  }
  const std::uint64_t most = std::min(rules_->policy.max_recipient_envelope_limit, kRecipientsMax);
  if (envelope_.recipients.size() >= most) {
    parts_.probe.Refused("recipients");
    Say("452 4.5.3 too many recipients");
    return false;
  }
  if (!parts_.rate_limit.TakeRecipients(RateName(), 1, rules_->rates)) {
    parts_.probe.Refused("rate");
    Say(kTooManyRecipients);
    return false;
  }
  return true;
}

void Session::Recipient(std::string_view argument) {
  if (!in_transaction_) return Missing(kMailFirst);
  if (assembler_ != nullptr) return Fault("503 5.5.1 content is arriving already");
  const auto rest = After("TO:", argument);
  const std::size_t path_bytes = rest ? mail::PathBytes(*rest) : 0;
  if (path_bytes == 0) return Fault("501 5.5.4 must be RCPT TO:<address>");
  mail::RecipientOptions options;
  const auto fault = mail::ParseRecipientParameters(rest->substr(path_bytes), Features(),
                                                    envelope_.smtputf8, options);
  if (fault) return Fault(base::Cat(fault->code(), ' ', fault->Text()));
  const std::string_view path = rest->substr(0, path_bytes);
  const auto address = mail::ParseForwardPath(path, envelope_.smtputf8);
  if (!address.ok() && LacksUtf8(path, envelope_.smtputf8)) {
    constexpr std::string_view kNeeds = "553 5.6.7 the address of the recipient needs SMTPUTF8";
    return MayRelay() ? Say(kNeeds) : Fault(kNeeds);
  }
  excused_ = true;
  // A wrong address of a client that may send is one recipient's trouble, not the session's.
  if (!address.ok() && MayRelay()) {
    return Say(base::Cat("501 5.1.3 ", base::Printable(base::MessageOf(address.status()))));
  }
  if (!address.ok()) {
    return Fault(base::Cat("501 5.1.3 ", base::Printable(base::MessageOf(address.status()))));
  }
  if (!MayAdd(address->ToString())) return;
  if (address->domain.empty()) {
    return Say("550 5.1.1 there are no mailboxes here: the address needs a domain");
  }
  mail::Recipient recipient;
  recipient.address = address->ToString();
  recipient.notify = options.notify;
  recipient.orcpt = std::move(options.orcpt);
  if (mail::Recipient* known = Known(recipient.address)) {
    known->notify = Together(known->notify, recipient.notify);
    if (known->orcpt.empty()) known->orcpt = std::move(recipient.orcpt);
  } else {
    envelope_.recipients.push_back(std::move(recipient));
  }
  Say("250 2.1.5 recipient ok");
}

}  // namespace postern::accept
