#include "services/mailbox-transport/accept/assemble.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/io/completion.h"
#include "common/mail/enhanced_status.h"
#include "common/mail/header.h"
#include "common/mail/received.h"

namespace postern::accept {

namespace {

// A chunk and the piece that makes it overflow.
constexpr std::size_t kBufferBytes = model::kChunkBytes + 64 * 1024;
// More than what goes in front of nearly all content.
constexpr std::size_t kStampRoom = 1024;

model::Priority PriorityOf(mail::Importance importance) {
  if (importance == mail::Importance::kHigh) return model::Priority::kHigh;
  if (importance == mail::Importance::kLow) return model::Priority::kLow;
  return model::Priority::kNormal;
}

Refusal MakeRefusal(int code,
                    mail::EnhancedStatus enhanced,
                    absl::StatusCode status,
                    std::string_view klass,
                    std::string text) {
  return Refusal{code, enhanced, status, std::move(text), klass};
}

Refusal BadContent(std::string text) {
  return MakeRefusal(554, mail::permanent::kOtherMediaError, absl::StatusCode::kInvalidArgument,
                     "content", std::move(text));
}

std::uint64_t Limited(std::uint64_t bytes, std::uint64_t limit) {
  return std::min(bytes, limit);
}

}  // namespace

std::string Refusal::ToString() const {
  return base::Cat(code, ' ', enhanced.ToString(), ' ', text);
}

Refusal TooLarge(std::uint64_t bytes_max) {
  return MakeRefusal(
      552, mail::permanent::kMessageTooBigForSystem, absl::StatusCode::kOutOfRange, "size",
      base::Cat("message size exceeds the maximum of ", base::FormatSize(bytes_max)));
}

Refusal RefusalFrom(const absl::Status& answer) {
  const std::string why = base::Printable(base::MessageOf(answer));
  switch (answer.code()) {
    case absl::StatusCode::kResourceExhausted:
      return MakeRefusal(452, mail::transient::kMailSystemFull, answer.code(), "full",
                         "insufficient system resources");
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      return MakeRefusal(421, mail::transient::kSystemNotAcceptingNetworkMessages,
                         absl::StatusCode::kUnavailable, "stopping",
                         "service not available, closing transmission channel");
    case absl::StatusCode::kAlreadyExists:
      return MakeRefusal(550, mail::permanent::kOtherSecurityStatus, answer.code(), "refused", why);
    case absl::StatusCode::kInvalidArgument:
      return MakeRefusal(550, mail::permanent::kOtherMediaError, answer.code(), "refused", why);
    default:
      return MakeRefusal(451, mail::transient::kOtherMailSystemStatus,
                         absl::StatusCode::kUnavailable, "failed",
                         "temporary failure, try again later");
  }
}

Assembler::Assembler(const Parts& parts, RulesPtr rules, Submission submission)
    : parts_(parts),
      rules_(std::move(rules)),
      submission_(std::move(submission)),
      id_(parts.intake.NextId()) {
  if (!submission_.idempotency_key.empty()) HashEnvelope();
}

Assembler::~Assembler() {
  DropChunks();
}

// Each text with its length before it, so that no two envelopes give the same bytes.
void Assembler::HashEnvelope() {
  hash_ = std::make_unique<tls::Sha256>();
  const mail::Envelope& envelope = submission_.envelope;
  const auto add = [this](std::string_view text) {
    hash_->Update(base::Cat(text.size(), ':'));
    hash_->Update(text);
  };
  add(envelope.sender);
  add(envelope.envid);
  add(base::Cat(static_cast<int>(envelope.ret), ',', static_cast<int>(envelope.body), ',',
                envelope.smtputf8, ',', envelope.recipients.size()));
  for (const mail::Recipient& recipient : envelope.recipients) {
    add(recipient.address);
    add(recipient.orcpt);
    add(base::Cat(static_cast<int>(recipient.notify)));
  }
  // Left out without it, so that a key from before it was known still fits.
  if (envelope.require_tls) add("REQUIRETLS");
}

void Assembler::Expect(std::uint64_t bytes) {
  // A claim beyond one window reserves one window.
  window_.reserve(Limited(bytes + kStampRoom, kBufferBytes));
}

void Assembler::Refuse(Refusal refusal) {
  if (refusal_) return;
  refusal_ = std::move(refusal);
  window_ = std::string();
  DropChunks();
}

void Assembler::DropChunks() {
  if (finished_ || chunks_ == 0) return;
  parts_.intake.DropChunks(id_, std::exchange(chunks_, 0));
}

io::Task<void> Assembler::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, model::kChunkBytes);
    bytes.remove_prefix(piece.size());
    if (!refusal_) {
      scan_.Feed(piece);
      window_.append(piece);
    }
    co_await Grew(piece.size());
  }
}

io::Task<void> Assembler::Grew(std::size_t appended) {
  content_bytes_ += appended;
  if (refusal_) co_return;
  if (hash_ != nullptr) {
    hash_->Update(std::string_view(window_).substr(window_.size() - appended));
  }
  if (content_bytes_ > rules_->policy.max_receive_size) {
    co_return Refuse(TooLarge(rules_->policy.max_receive_size));
  }
  if (!stamped_) LookForHeaderEnd();
  if (!refusal_ && window_.size() > model::kChunkBytes) co_await PutWholeWindows();
}

// The header block ends with the first empty line; until then nothing leaves the window.
void Assembler::LookForHeaderEnd() {
  const std::string_view window = window_;
  std::size_t header_bytes = 0;
  if (window.substr(0, 2) == "\r\n") {
    header_bytes = 2;
  } else {
    const std::size_t end = window.find("\r\n\r\n", searched_);
    if (end != std::string_view::npos) header_bytes = end + 4;
    searched_ = window.size() < 3 ? 0 : window.size() - 3;
  }
  const std::size_t seen = header_bytes == 0 ? window.size() : header_bytes;
  if (seen > rules_->header_bytes_max) {
    return Refuse(MakeRefusal(552, mail::permanent::kMessageTooBigForSystem,
                              absl::StatusCode::kOutOfRange, "header",
                              base::Cat("header size exceeds the maximum of ",
                                        base::FormatSize(rules_->header_bytes_max))));
  }
  if (header_bytes > 0) Stamp(header_bytes);
}

// Leaves out what the submitter may not bring; the bytes of the header block then.
std::size_t Assembler::Firewall(std::size_t header_bytes) {
  const std::string_view header = std::string_view(window_).substr(0, header_bytes);
  if (submission_.headers.rights.routing && !mail::MentionsExchange(header)) return header_bytes;
  const auto filtered = mail::FilterHeader(header, submission_.headers);
  if (!filtered) return header_bytes;
  window_.replace(0, header_bytes, *filtered);
  return filtered->size();
}

void Assembler::Stamp(std::size_t header_bytes) {
  header_bytes = Firewall(header_bytes);
  mail::ReceivedParts received;
  const std::string id = id_.ToString();
  received.helo = submission_.helo;
  received.client_address = submission_.source_ip;
  received.host = submission_.host_name;
  received.protocol = submission_.protocol;
  received.id = id;
  const mail::Envelope& envelope =
      submission_.relayed ? submission_.relayed->envelope : submission_.envelope;
  if (envelope.recipients.size() == 1) received.recipient = envelope.recipients.front().address;
  received.tls_version = submission_.tls_version;
  received.tls_cipher = submission_.tls_cipher;
  received.date = parts_.clock.Now();
  stamp_ =
      mail::MakeStamp(std::string_view(window_).substr(0, header_bytes), received, parts_.random);
  stamped_ = true;
  if (stamp_.received_count > rules_->hop_count_max) {
    return Refuse(MakeRefusal(554, mail::permanent::kRoutingLoopDetected,
                              absl::StatusCode::kFailedPrecondition, "loop",
                              "hop count exceeded - possible mail loop"));
  }
  if (stamp_.hides && !submission_.relayed) Hide(header_bytes);
  window_.insert(0, stamp_.prepend);
}

// Whom an application sends to is in the envelope; what it wrote for itself goes to nobody.
void Assembler::Hide(std::size_t header_bytes) {
  mail::FirewallRules rules{mail::HeaderRights::All(), mail::CrossPremises::kKeep};
  rules.hides = true;
  const auto shown = mail::FilterHeader(std::string_view(window_).substr(0, header_bytes), rules);
  if (!shown) return;
  stamp_.header_bytes -= header_bytes - shown->size();
  window_.replace(0, header_bytes, *shown);
}

io::Task<void> Assembler::PutWholeWindows() {
  while (!refusal_ && window_.size() > model::kChunkBytes) {
    std::string rest;
    rest.reserve(kBufferBytes);
    rest.assign(window_, model::kChunkBytes);
    window_.resize(model::kChunkBytes);
    co_await PutWindow();
    if (!refusal_) window_ = std::move(rest);
  }
}

// Waits until the chunk is written, so that a fast client cannot fill memory.
io::Task<void> Assembler::PutWindow() {
  auto done = std::make_shared<io::Completion<absl::Status>>(*io::Executor::Current());
  stored_bytes_ += window_.size();
  parts_.intake.PutChunk(id_, chunks_++, std::move(window_),
                         [done](absl::Status status) { done->Set(std::move(status)); });
  window_ = std::string();
  const absl::Status put = co_await done->Wait();
  if (!put.ok()) Refuse(RefusalFrom(put));
}

void Assembler::Judge() {
  ContentFacts facts;
  if (facts_) {
    facts = *facts_;
  } else {
    scan_.Finish();
    facts.bare_line_end = scan_.bare_cr() || scan_.bare_lf();
    facts.nul = scan_.nul();
    facts.eight_bit = scan_.eight_bit();
    facts.longest_line = scan_.longest_line();
    facts_ = facts;
  }
  // A sender that ends lines wrongly may hide a second message: that is said first.
  if (facts.bare_line_end) {
    refusal_.reset();
    return Refuse(BadContent("the content has a CR or LF that is not part of CRLF"));
  }
  if (facts.nul) return Refuse(BadContent("the content has a NUL byte"));
  if (facts.longest_line > rules_->line_bytes_max) {
    return Refuse(BadContent(
        base::Cat("a line of the content exceeds the maximum of ", rules_->line_bytes_max)));
  }
}

model::MessagePtr Assembler::MakeMessage() {
  auto message = submission_.relayed
                     ? std::make_shared<model::Message>(*std::move(submission_.relayed))
                     : NewMessage();
  message->id = id_;
  message->chunks = chunks_;
  message->size = stored_bytes_;
  message->header_bytes = static_cast<std::uint32_t>(stamp_.header_bytes);
  message->eight_bit = facts_->eight_bit;
  message->internet_message_id = stamp_.internet_message_id;
  message->subject = stamp_.subject;
  return message;
}

// What a message has that comes into the organization here.
model::MessagePtr Assembler::NewMessage() {
  auto message = std::make_shared<model::Message>();
  message->envelope = std::move(submission_.envelope);
  message->envelope.tls_optional = stamp_.tls_optional && !message->envelope.require_tls;
  message->recipients.resize(message->envelope.recipients.size());
  message->priority = PriorityOf(stamp_.importance);
  // As its sender made it, without what we put in front.
  message->original_size = content_bytes_;
  message->source_name = submission_.source_name;
  message->source_ip = submission_.source_ip;
  message->identity = submission_.identity;
  message->idempotency_key = submission_.idempotency_key;
  if (hash_ != nullptr) message->content_hash = hash_->Finish();
  message->accepted = parts_.clock.Now();
  return message;
}

io::Task<Taken> Assembler::Finish() {
  Judge();
  // Content without an empty line is all header.
  if (!refusal_ && !stamped_) Stamp(window_.size());
  const bool small = chunks_ == 0 && window_.size() <= kInlineBytesMax;
  if (!refusal_ && !small) co_await PutWindow();
  Taken taken;
  if (refusal_) {
    taken.refusal = refusal_;
    co_return taken;
  }
  model::MessagePtr message = MakeMessage();
  if (small) {
    message->chunks = 1;
    message->size = window_.size();
    if (window_.capacity() > 2 * window_.size()) window_.shrink_to_fit();
    message->body = std::make_shared<const std::string>(std::move(window_));
  }
  auto done =
      std::make_shared<io::Completion<absl::StatusOr<model::Receipt>>>(*io::Executor::Current());
  parts_.intake.Accept(std::move(message), [done](absl::StatusOr<model::Receipt> answer) {
    done->Set(std::move(answer));
  });
  const absl::StatusOr<model::Receipt> answer = co_await done->Wait();
  if (!answer.ok()) {
    Refuse(RefusalFrom(answer.status()));
    taken.refusal = refusal_;
    co_return taken;
  }
  finished_ = true;
  taken.receipt = *answer;
  // An earlier message has this key: these chunks belong to none.
  if (answer->repeated && !small) parts_.intake.DropChunks(id_, chunks_);
  co_return taken;
}

}  // namespace postern::accept
