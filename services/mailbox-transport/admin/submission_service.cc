#include "services/mailbox-transport/admin/submission_service.h"

#include <atomic>
#include <optional>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/io/completion.h"
#include "common/io/event.h"
#include "common/io/fiber.h"
#include "common/io/scope.h"
#include "common/observe/log.h"
#include "postern/v1/submission.grpc.pb.h"
#include "services/mailbox-transport/accept/assemble.h"
#include "services/mailbox-transport/accept/probe.h"
#include "services/mailbox-transport/admin/submission_check.h"

namespace postern::admin {

namespace {

using Reactor = grpc::ServerReadReactor<v1::SubmitRequest>;

constexpr absl::Duration kConfirmTimeout = absl::Seconds(30);

// What an upload needs of its service.
struct Desk {
  explicit Desk(const SubmissionService::Parts& given) : parts(given), probe(given.registry) {}

  SubmissionService::Parts parts;
  accept::Probe probe;
  std::atomic<std::size_t> open{0};
};

// Refuses a call with a status.
class RefusedCall final : public Reactor {
 public:
  explicit RefusedCall(const absl::Status& status) { Finish(rpc::ToGrpc(status)); }

  void OnDone() override { delete this; }
};

// One call. Its fiber reads, one message at a time, and is the only one to finish it, as its last
// act; gRPC's threads only complete what the fiber waits for.
class Upload final : public Reactor {
 public:
  Upload(Desk& desk, io::Executor& executor, const rpc::Identity& identity, std::string source_ip)
      : desk_(desk),
        executor_(executor),
        rules_(desk.parts.rules()),
        identity_(identity.name),
        service_(identity.service),
        source_ip_(std::move(source_ip)) {
    ++desk_.open;
  }

  ~Upload() override { --desk_.open; }

  // Shared by the fiber and by gRPC, which lets go in OnDone.
  static io::Task<void> Serve(std::shared_ptr<Upload> upload, v1::SubmitResponse* response) {
    upload->self_ = upload;
    const absl::Status status = co_await upload->Take(response);
    upload->Finish(rpc::ToGrpc(status));
  }

  void OnReadDone(bool ok) override { read_->Set(ok); }

  void OnSendInitialMetadataDone(bool ok) override { confirmed_->Set(ok); }

  void OnDone() override {
    // The executor may be using what this owns until the fiber's end.
    executor_.Post([self = std::move(self_)] {});
  }

 private:
  enum class Read { kFrame, kEnd, kLate };

  io::Task<Read> Next() {
    read_ = std::make_shared<io::Completion<bool>>(executor_);
    StartRead(&frame_);
    const std::optional<bool> got = co_await read_->Until(desk_.parts.idle_timeout);
    if (!got) co_return Read::kLate;
    co_return *got ? Read::kFrame : Read::kEnd;
  }

  // A broken connection ends the reading just as the caller's last message does, but then nothing
  // can be sent any more: without this a part of a message could pass for the whole.
  io::Task<bool> EndedByCaller() {
    confirmed_ = std::make_shared<io::Completion<bool>>(executor_);
    StartSendInitialMetadata();
    const std::optional<bool> sent = co_await confirmed_->Until(kConfirmTimeout);
    co_return sent.value_or(false);
  }

  static bool Stopped() { return io::Fiber::Current()->cancelled(); }

  absl::Status Late() const {
    if (Stopped()) return absl::UnavailableError(kStopping);
    return base::Error(absl::StatusCode::kDeadlineExceeded, "no message of the stream came for ",
                       absl::ToInt64Seconds(desk_.parts.idle_timeout), " s");
  }

  absl::Status Refused(const accept::Refusal& refusal) {
    desk_.probe.Refused(refusal.klass);
    return absl::Status(refusal.status, refusal.ToString());
  }

  absl::Status Refused(absl::Status status, std::string_view klass) {
    desk_.probe.Refused(klass);
    return status;
  }

  absl::Status Admit(const mail::Envelope& envelope);
  io::Task<absl::Status> Take(v1::SubmitResponse* response);
  io::Task<absl::Status> TakeContent(accept::Assembler& assembler);
  void Note(const accept::Taken& taken, std::size_t recipients, std::uint64_t bytes);

  static constexpr char kStopping[] = "421 4.3.2 the service is stopping";

  Desk& desk_;
  io::Executor& executor_;
  accept::RulesPtr rules_;
  std::string identity_;
  std::string service_;
  std::string source_ip_;
  v1::SubmitRequest frame_;
  std::shared_ptr<io::Completion<bool>> read_;
  std::shared_ptr<io::Completion<bool>> confirmed_;
  std::shared_ptr<Upload> self_;
};

absl::Status Upload::Admit(const mail::Envelope& envelope) {
  if (const absl::Status ready = desk_.parts.intake.Ready(); !ready.ok()) {
    return Refused(accept::RefusalFrom(ready));
  }
  accept::RateLimit& limit = desk_.parts.rate_limit;
  if (!limit.TakeMessage(identity_, rules_->rates)) {
    return Refused(
        absl::ResourceExhaustedError("450 4.7.1 too many messages in a minute, try again later"),
        "rate");
  }
  const int recipients = static_cast<int>(envelope.recipients.size());
  if (!limit.TakeRecipients(identity_, recipients, rules_->rates)) {
    return Refused(
        absl::ResourceExhaustedError("450 4.7.1 too many recipients in a minute, try again later"),
        "rate");
  }
  return absl::OkStatus();
}

io::Task<absl::Status> Upload::Take(v1::SubmitResponse* response) {
  const Read first = co_await Next();
  if (first == Read::kLate) co_return Late();
  if (first == Read::kEnd) frame_.Clear();
  auto envelope = EnvelopeOf(frame_, rules_->policy.max_recipient_envelope_limit);
  if (!envelope.ok()) co_return Refused(envelope.status(), "envelope");
  const absl::Status key = CheckIdempotencyKey(frame_.envelope().idempotency_key());
  if (!key.ok()) co_return Refused(key, "envelope");
  const absl::Status admitted = Admit(*envelope);
  if (!admitted.ok()) co_return admitted;

  const std::size_t recipients = envelope->recipients.size();
  accept::Submission submission;
  submission.envelope = std::move(*envelope);
  submission.source_name = "gRPC";
  submission.source_ip = source_ip_;
  submission.identity = identity_;
  submission.idempotency_key = frame_.envelope().idempotency_key();
  submission.helo = service_;
  submission.host_name = desk_.parts.host_name;
  submission.protocol = "gRPC";
  const accept::Assembler::Parts parts{desk_.parts.intake, desk_.parts.clock, desk_.parts.random};
  accept::Assembler assembler(parts, rules_, std::move(submission));

  const absl::Status content = co_await TakeContent(assembler);
  if (!content.ok()) co_return content;
  const std::uint64_t bytes = assembler.content_bytes();
  const absl::Time ended = desk_.parts.clock.Now();
  const accept::Taken taken = co_await assembler.Finish();
  if (taken.refusal) co_return Refused(*taken.refusal);
  desk_.probe.MessageTaken(bytes, recipients, desk_.parts.clock.Now() - ended);
  Note(taken, recipients, bytes);
  response->set_message_id(taken.receipt.id.ToString());
  response->set_internet_message_id(taken.receipt.internet_message_id);
  response->set_server(desk_.parts.host_name);
  response->set_repeated(taken.receipt.repeated);
  co_return absl::OkStatus();
}

io::Task<absl::Status> Upload::TakeContent(accept::Assembler& assembler) {
  while (true) {
    const Read next = co_await Next();
    if (next == Read::kLate) co_return Late();
    if (next == Read::kEnd) break;
    absl::Status checked = CheckContent(frame_);
    if (!checked.ok()) co_return Refused(std::move(checked), "content");
    const std::string_view content = frame_.content();
    co_await assembler.Add(content);
    if (assembler.refusal()) co_return Refused(*assembler.refusal());
  }
  const bool ended = co_await EndedByCaller();
  if (!ended && Stopped()) co_return Late();
  if (!ended) co_return absl::CancelledError("the call ended before the content did");
  if (assembler.content_bytes() == 0) {
    co_return Refused(absl::InvalidArgumentError(
                          "content: missing: the message follows the envelope in the stream"),
                      "content");
  }
  co_return absl::OkStatus();
}

void Upload::Note(const accept::Taken& taken, std::size_t recipients, std::uint64_t bytes) {
  POSTERN_LOG(kInfo, "accept", taken.receipt.repeated ? "message repeated" : "message accepted",
              {{"message_id", taken.receipt.id.ToString()},
               {"listener", "gRPC"},
               {"client", source_ip_},
               {"identity", identity_},
               {"recipients", recipients},
               {"bytes", bytes}});
}

}  // namespace

class SubmissionService::Implementation final : public v1::Submission::CallbackService {
 public:
  explicit Implementation(const Parts& parts) : desk_(parts) {
    POSTERN_CHECK(!parts.executors.empty());
    for (io::Executor* executor : parts.executors) {
      executor->Run([&] { scopes_.push_back(std::make_unique<io::Scope>(*executor)); });
    }
  }

  ~Implementation() override {
    Stop(absl::ZeroDuration());
    for (auto& scope : scopes_) {
      io::Executor& executor = scope->executor();
      executor.Run([&] { scope.reset(); });
    }
  }

  grpc::ServerReadReactor<v1::SubmitRequest>* Submit(grpc::CallbackServerContext* call,
                                                     v1::SubmitResponse* response) override {
    const auto identity = desk_.parts.authority.Require(*call, rpc::Role::kSubmit);
    if (!identity.ok()) return new RefusedCall(identity.status());
    if (stopping_)
      return new RefusedCall(absl::UnavailableError("421 4.3.2 the service is stopping"));
    if (desk_.open >= kUploadsMax) {
      return new RefusedCall(absl::ResourceExhaustedError("421 4.3.2 too many calls at a time"));
    }
    io::Scope& scope = *scopes_[next_++ % scopes_.size()];
    auto upload =
        std::make_shared<Upload>(desk_, scope.executor(), *identity, AddressOfPeer(call->peer()));
    scope.SpawnFrom(Upload::Serve(upload, response));
    return upload.get();
  }

  void Stop(absl::Duration grace) {
    stopping_ = true;
    const absl::Time deadline = absl::Now() + grace;
    for (const auto& scope : scopes_)
      io::RunTask(scope->executor(), End(scope.get(), deadline));
  }

 private:
  static io::Task<void> End(io::Scope* scope, absl::Time deadline) {
    constexpr absl::Duration kLook = absl::Milliseconds(20);
    while (scope->size() > 0 && absl::Now() < deadline) {
      const absl::Status slept = co_await io::Sleep(kLook);
      if (!slept.ok()) break;
    }
    scope->Stop();
    co_await scope->Join();
  }

  Desk desk_;
  std::vector<std::unique_ptr<io::Scope>> scopes_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopping_{false};
};

SubmissionService::SubmissionService(const Parts& parts)
    : implementation_(std::make_unique<Implementation>(parts)) {}

SubmissionService::~SubmissionService() = default;

grpc::Service* SubmissionService::service() {
  return implementation_.get();
}

void SubmissionService::Stop(absl::Duration grace) {
  implementation_->Stop(grace);
}

}  // namespace postern::admin
