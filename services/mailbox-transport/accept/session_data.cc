#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mail/received.h"
#include "common/observe/log.h"
#include "common/smtp/dot_reader.h"
#include "services/mailbox-transport/accept/replies.h"
#include "services/mailbox-transport/accept/session.h"

namespace postern::accept {

namespace {

// Refused content is read to its end so that the client hears why; beyond this the connection ends.
constexpr std::uint64_t kDrainBytesMax = 256ull << 20;

}  // namespace

bool Session::MayTakeContent() {
  if (in_transaction_ && !envelope_.recipients.empty()) return true;
  Missing(in_transaction_ ? "503 5.5.1 no valid recipients" : kMailFirst);
  return false;
}

void Session::BeginContent() {
  Submission submission;
  submission.envelope = envelope_;
  submission.source_name = base::Cat("SMTP:", listener_.name);
  submission.source_ip = client_.address.address.ToString();
  submission.identity = identity_;
  submission.helo = hello_->name;
  submission.host_name = parts_.host_name;
  submission.protocol = std::string(
      mail::ProtocolName(hello_->extended, encrypted(), authenticated(), envelope_.smtputf8));
  submission.headers.rights = listener_.headers;
  if (encrypted()) {
    submission.tls_version = tls_facts_->version;
    submission.tls_cipher = tls_facts_->cipher;
  }
  const Assembler::Parts parts{parts_.intake, parts_.clock, parts_.random};
  assembler_ = std::make_unique<Assembler>(parts, rules_, std::move(submission));
  if (claimed_bytes_ > 0) assembler_->Expect(claimed_bytes_);
  content_last_ = parts_.clock.Now();
}

bool Session::DrainedTooMuch() {
  const std::uint64_t bytes = assembler_->content_bytes();
  if (!assembler_->refusal() || bytes < kDrainBytesMax) return false;
  if (bytes - kDrainBytesMax < rules_->policy.max_receive_size) return false;
  Refuse(*assembler_->refusal());
  ended_ = true;
  return true;
}

io::Task<void> Session::Data(std::string_view argument) {
  if (!argument.empty()) co_return Fault("501 5.5.4 DATA takes no argument");
  if (!MayTakeContent()) co_return;
  if (assembler_ != nullptr) co_return Fault("503 5.5.1 DATA cannot follow BDAT");
  BeginContent();
  Say("354 start mail input, end with <CRLF>.<CRLF>");
  co_await ReadContent();
}

// From the socket's buffer to the message in one step: DotReader appends to the assembler's window.
io::Task<void> Session::ReadContent() {
  smtp::DotReader dots;
  content_due_ = true;
  while (!dots.done()) {
    const std::string_view input = reader_.buffered();
    if (input.empty()) {
      const bool more = co_await MoreBytes();
      if (!more) co_return;
      continue;
    }
    const std::uint64_t before = dots.content_bytes();
    // Small content comes in one piece: it is copied once.
    if (before == 0 && claimed_bytes_ == 0) assembler_->Expect(input.size());
    const std::size_t taken = dots.Take(input, assembler_->content());
    reader_.Consume(taken);
    co_await assembler_->Grew(dots.content_bytes() - before);
    if (DrainedTooMuch()) co_return;
  }
  content_due_ = false;
  ContentFacts facts;
  facts.bare_line_end = dots.bare_cr() || dots.bare_lf();
  facts.nul = dots.nul();
  facts.eight_bit = dots.eight_bit();
  facts.longest_line = dots.line_bytes_max();
  assembler_->NoteFacts(facts);
  co_await EndContent();
}

io::Task<void> Session::EndContent() {
  const absl::Time ended = parts_.clock.Now();
  const Taken taken = co_await assembler_->Finish();
  if (taken.refusal) {
    Refuse(*taken.refusal);
    co_return ResetTransaction();
  }
  const std::uint64_t bytes = assembler_->content_bytes();
  const std::size_t recipients = envelope_.recipients.size();
  const std::string id = taken.receipt.id.ToString();
  parts_.probe.MessageTaken(bytes, recipients, parts_.clock.Now() - ended);
  POSTERN_LOG(kInfo, "accept", "message accepted",
              {{"message_id", id},
               {"listener", listener_.name},
               {"client", client_.address.ToString()},
               {"identity", identity_},
               {"recipients", recipients},
               {"bytes", bytes}});
  Say(base::Cat("250 2.6.0 ", base::Printable(taken.receipt.internet_message_id, 256),
                " [InternalId=", id, "] Queued mail for delivery"));
  faults_ = 0;
  ResetTransaction();
}

// The bytes of a chunk are never commands: they are taken off the wire whatever the answer is.
io::Task<void> Session::Bdat(std::string_view argument) {
  smtp::Chunk chunk;
  if (!smtp::ParseChunk(argument, chunk)) {
    Fault("501 5.5.4 must be BDAT size [LAST]");
    ended_ = true;  // how many bytes follow is not known
    co_return;
  }
  const std::uint64_t size_max = rules_->policy.max_receive_size;
  const bool wanted = in_transaction_ && !envelope_.recipients.empty();
  if (chunk.bytes > kDrainBytesMax && (!wanted || chunk.bytes > size_max)) {
    Refuse(TooLarge(size_max));
    ended_ = true;
    co_return;
  }
  if (wanted && assembler_ == nullptr) BeginContent();
  co_await ReadChunk(chunk.bytes);
  if (ended_) co_return;
  if (!wanted) {
    MayTakeContent();  // says what is missing
    co_return;
  }
  if (chunk.last) co_return co_await EndContent();
  if (assembler_->refusal()) {
    Refuse(*assembler_->refusal());
    ResetTransaction();  // further chunks are answered 503
    excused_ = true;
    co_return;
  }
  Say(base::Cat("250 2.0.0 ", chunk.bytes, " octets received"));
}

io::Task<void> Session::ReadChunk(std::uint64_t bytes) {
  if (bytes == 0) co_return;
  // Nobody stays for longer by chunks that nobody wants.
  content_due_ = assembler_ != nullptr;
  while (bytes > 0) {
    const std::string_view input = reader_.buffered();
    if (input.empty()) {
      const bool more = co_await MoreBytes();
      if (!more) co_return;
      continue;
    }
    const std::size_t taken =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes, input.size()));
    if (assembler_ != nullptr) co_await assembler_->Add(input.substr(0, taken));
    reader_.Consume(taken);
    bytes -= taken;
  }
  content_due_ = false;
  content_last_ = parts_.clock.Now();
}

}  // namespace postern::accept
