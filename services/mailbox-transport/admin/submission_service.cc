#include "services/mailbox-transport/admin/submission_service.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "postern/v1/submission.grpc.pb.h"
#include "services/mailbox-transport/accept/assemble.h"
#include "services/mailbox-transport/accept/probe.h"
#include "services/mailbox-transport/accept/replies.h"
#include "services/mailbox-transport/admin/submission_check.h"
#include "services/mailbox-transport/admin/upload.h"

namespace postern::admin {

namespace {

// What an upload needs of its service.
struct Desk {
  explicit Desk(const SubmissionService::Parts& given)
      : parts(given), probe(given.registry), io_threads(given.executors) {}

  SubmissionService::Parts parts;
  accept::Probe probe;
  UploadThreads io_threads;
};

class SubmitCall final : public Upload<v1::SubmitRequest> {
 public:
  SubmitCall(Desk& desk,
             io::Executor& executor,
             std::shared_ptr<void> place,
             const rpc::Identity& identity,
             std::string source_ip,
             v1::SubmitResponse* response)
      : Upload(executor, std::move(place), desk.parts.idle_timeout),
        desk_(desk),
        rules_(desk.parts.rules()),
        identity_(identity.name),
        service_(identity.service),
        source_ip_(std::move(source_ip)),
        response_(response) {}

 private:
  absl::Status Refused(const accept::Refusal& refusal) {
    desk_.probe.Refused(refusal.klass);
    return absl::Status(refusal.status, refusal.ToString());
  }

  absl::Status Refused(absl::Status status, std::string_view klass) {
    desk_.probe.Refused(klass);
    return status;
  }

  absl::Status Admit(const mail::Envelope& envelope);
  io::Task<absl::Status> Take() override;
  io::Task<absl::Status> TakeContent(accept::Assembler& assembler);
  void Note(const accept::Taken& taken, std::size_t recipients, std::uint64_t bytes);

  Desk& desk_;
  accept::RulesPtr rules_;
  std::string identity_;
  std::string service_;
  std::string source_ip_;
  v1::SubmitResponse* response_;
};

absl::Status SubmitCall::Admit(const mail::Envelope& envelope) {
  if (const absl::Status ready = desk_.parts.intake.Ready(model::Submitter::kApplication);
      !ready.ok()) {
    return Refused(accept::RefusalFrom(ready));
  }
  const int recipients = static_cast<int>(envelope.recipients.size());
  const int a_minute = rules_->rates.recipients_per_minute;
  if (a_minute != 0 && recipients > a_minute) {
    // It does not go later either.
    return Refused(
        absl::InvalidArgumentError(base::Cat("550 5.5.3 ", recipients,
                                             " recipients, and accept.recipients_per_minute is ",
                                             a_minute, ": submit the message in parts")),
        "rate");
  }
  accept::RateLimit& limit = desk_.parts.rate_limit;
  if (!limit.TakeMessage(identity_, rules_->rates)) {
    return Refused(base::Error(absl::StatusCode::kResourceExhausted, accept::kTooManyMessages),
                   "rate");
  }
  if (!limit.TakeRecipients(identity_, recipients, rules_->rates)) {
    return Refused(base::Error(absl::StatusCode::kResourceExhausted, accept::kTooManyRecipients),
                   "rate");
  }
  return absl::OkStatus();
}

io::Task<absl::Status> SubmitCall::Take() {
  const Read first = co_await Next();
  if (first == Read::kLate) co_return Late();
  if (first == Read::kEnd) frame().Clear();
  auto envelope = EnvelopeOf(frame(), rules_->policy.max_recipient_envelope_limit);
  if (!envelope.ok()) co_return Refused(envelope.status(), "envelope");
  const absl::Status key = CheckIdempotencyKey(frame().envelope().idempotency_key());
  if (!key.ok()) co_return Refused(key, "envelope");
  const absl::Status admitted = Admit(*envelope);
  if (!admitted.ok()) co_return admitted;

  const std::size_t recipients = envelope->recipients.size();
  accept::Submission submission;
  submission.envelope = std::move(*envelope);
  submission.source_name = "gRPC";
  submission.source_ip = source_ip_;
  submission.identity = identity_;
  submission.idempotency_key = frame().envelope().idempotency_key();
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
  response_->set_message_id(taken.receipt.id.ToString());
  response_->set_internet_message_id(taken.receipt.internet_message_id);
  response_->set_server(desk_.parts.host_name);
  response_->set_repeated(taken.receipt.repeated);
  co_return absl::OkStatus();
}

io::Task<absl::Status> SubmitCall::TakeContent(accept::Assembler& assembler) {
  while (true) {
    const Read next = co_await Next();
    if (next == Read::kLate) co_return Late();
    if (next == Read::kEnd) break;
    absl::Status checked = CheckContent(frame());
    if (!checked.ok()) co_return Refused(std::move(checked), "content");
    const std::string_view content = frame().content();
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

void SubmitCall::Note(const accept::Taken& taken, std::size_t recipients, std::uint64_t bytes) {
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
  explicit Implementation(const Parts& parts) : desk_(parts) {}

  grpc::ServerReadReactor<v1::SubmitRequest>* Submit(grpc::CallbackServerContext* call,
                                                     v1::SubmitResponse* response) override {
    using Refused = RefusedUpload<v1::SubmitRequest>;
    const auto identity = desk_.parts.authority.Require(*call, rpc::Role::kSubmit);
    if (!identity.ok()) return new Refused(identity.status());
    auto place = desk_.io_threads.Enter(identity->name);
    if (!place.ok()) return new Refused(place.status());
    io::Scope& scope = desk_.io_threads.Next();
    auto upload = std::make_shared<SubmitCall>(desk_, scope.executor(), *std::move(place),
                                               *identity, AddressOfPeer(call->peer()), response);
    scope.SpawnFrom(SubmitCall::Serve(upload));
    return upload.get();
  }

  void Stop(absl::Duration grace) { desk_.io_threads.Stop(grace); }

 private:
  Desk desk_;
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
