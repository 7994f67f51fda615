#include "services/mailbox-transport/admin/relay_service.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "common/rpc/relay_client.h"
#include "postern/v1/relay.grpc.pb.h"
#include "services/mailbox-transport/accept/assemble.h"
#include "services/mailbox-transport/accept/probe.h"
#include "services/mailbox-transport/admin/submission_check.h"
#include "services/mailbox-transport/admin/upload.h"
#include "services/mailbox-transport/model/relayed.h"

namespace postern::admin {

namespace {

struct RelayDesk {
  explicit RelayDesk(const RelayService::Parts& given)
      : parts(given), probe(given.registry), io_threads(given.executors) {}

  RelayService::Parts parts;
  accept::Probe probe;
  UploadThreads io_threads;
};

// A status with the mark that it is ours, so that the caller knows that nothing was kept.
void Mark(grpc::CallbackServerContext& call) {
  call.AddTrailingMetadata(rpc::kRelayAnswered, "1");
}

// A piece may be a little larger than a chunk only by mistake.
bool FitsOnePiece(const v1::RelayRequest& frame) {
  return frame.content().size() <= model::kChunkBytes;
}

class RelayedCall final : public Upload<v1::RelayRequest> {
 public:
  RelayedCall(RelayDesk& desk,
              io::Executor& executor,
              std::shared_ptr<void> place,
              grpc::CallbackServerContext& call,
              v1::RelayReceipt* receipt)
      : Upload(executor, std::move(place), desk.parts.idle_timeout),
        desk_(desk),
        call_(call),
        rules_(std::make_shared<const accept::Rules>(accept::ForRelay(*desk.parts.rules()))),
        source_ip_(AddressOfPeer(call.peer())),
        receipt_(receipt) {}

 private:
  io::Task<absl::Status> Take() override {
    absl::Status status = co_await TakeMessage();
    if (!status.ok()) Mark(call_);
    co_return status;
  }

  absl::Status Refused(const accept::Refusal& refusal) {
    desk_.probe.Refused(refusal.klass);
    return absl::Status(refusal.status, refusal.ToString());
  }

  // With the code that SMTP would give before the words.
  absl::Status Refused(absl::StatusCode code, std::string_view reply, std::string_view why) {
    desk_.probe.Refused("relay");
    return base::Error(code, reply, " ", why);
  }

  absl::StatusOr<model::Message> Opened();
  accept::Submission SubmissionOf(model::Message message) const;
  io::Task<absl::Status> TakeMessage();
  io::Task<absl::Status> TakeContent(accept::Assembler& assembler, std::uint64_t size);
  void Note(const accept::Taken& taken, std::uint64_t bytes);

  RelayDesk& desk_;
  grpc::CallbackServerContext& call_;
  const accept::RulesPtr rules_;
  const std::string source_ip_;
  v1::RelayReceipt* receipt_;
  std::string from_;  // the server that relays it
  std::size_t recipients_ = 0;
};

// The message that the first frame opens.
absl::StatusOr<model::Message> RelayedCall::Opened() {
  if (const absl::Status ready = desk_.parts.intake.Ready(model::Submitter::kServer); !ready.ok()) {
    return Refused(accept::RefusalFrom(ready));
  }
  if (!frame().has_message()) {
    return Refused(absl::StatusCode::kInvalidArgument, "550 5.6.0", "message: missing");
  }
  auto message = model::FromRelayed(frame().message());
  if (message.ok()) return message;
  const bool loop = absl::IsFailedPrecondition(message.status());
  return Refused(message.status().code(), loop ? "554 5.4.6" : "550 5.6.0",
                 base::Printable(base::MessageOf(message.status())));
}

accept::Submission RelayedCall::SubmissionOf(model::Message message) const {
  accept::Submission submission;
  submission.source_ip = source_ip_;
  submission.helo = from_;
  submission.host_name = desk_.parts.host_name;
  submission.protocol = "gRPC";
  submission.headers = {mail::HeaderRights::All(), mail::CrossPremises::kKeep};
  submission.relayed = std::move(message);
  return submission;
}

io::Task<absl::Status> RelayedCall::TakeMessage() {
  const Read first = co_await Next();
  if (first == Read::kLate) co_return Late();
  if (first == Read::kEnd) frame().Clear();
  auto message = Opened();
  if (!message.ok()) co_return message.status();

  const std::uint64_t size = message->size;
  from_ = message->servers.back();
  recipients_ = message->recipients.size();
  const accept::Assembler::Parts parts{desk_.parts.intake, desk_.parts.clock, desk_.parts.random};
  accept::Assembler assembler(parts, rules_, SubmissionOf(*std::move(message)));
  assembler.Expect(size);
  const absl::Status content = co_await TakeContent(assembler, size);
  if (!content.ok()) co_return content;
  const absl::Time ended = desk_.parts.clock.Now();
  const accept::Taken taken = co_await assembler.Finish();
  if (taken.refusal) co_return Refused(*taken.refusal);
  desk_.probe.MessageTaken(size, recipients_, desk_.parts.clock.Now() - ended);
  desk_.probe.RelayTaken();
  Note(taken, size);
  receipt_->set_message_id(taken.receipt.id.ToString());
  receipt_->set_server(desk_.parts.server);
  receipt_->set_repeated(taken.receipt.repeated);
  co_return absl::OkStatus();
}

// Whether it is the whole is known by its size, not by the end of the call: a connection that
// breaks looks like that end.
io::Task<absl::Status> RelayedCall::TakeContent(accept::Assembler& assembler, std::uint64_t size) {
  while (true) {
    const std::uint64_t left = size - assembler.content_bytes();
    if (!FitsOnePiece(frame()) || frame().content().size() > left) {
      co_return Refused(absl::StatusCode::kInvalidArgument, "550 5.6.0",
                        "content: more than was announced, or too large a piece");
    }
    const std::string_view content = frame().content();
    co_await assembler.Add(content);
    if (assembler.refusal()) co_return Refused(*assembler.refusal());
    if (assembler.content_bytes() == size) co_return absl::OkStatus();
    const Read next = co_await Next();
    if (next == Read::kLate) co_return Late();
    if (next == Read::kEnd) co_return absl::CancelledError("the call ended before the content did");
    if (frame().has_message()) {
      co_return Refused(absl::StatusCode::kInvalidArgument, "550 5.6.0", "message: a second one");
    }
  }
}

void RelayedCall::Note(const accept::Taken& taken, std::uint64_t bytes) {
  POSTERN_LOG(kInfo, "accept", taken.receipt.repeated ? "message repeated" : "message accepted",
              {{"message_id", taken.receipt.id.ToString()},
               {"listener", "gRPC relay"},
               {"client", source_ip_},
               {"from_server", from_},
               {"recipients", recipients_},
               {"bytes", bytes}});
}

}  // namespace

class RelayService::Implementation final : public v1::Relay::CallbackService {
 public:
  explicit Implementation(const Parts& parts) : desk_(parts) {}

  grpc::ServerReadReactor<v1::RelayRequest>* Relay(grpc::CallbackServerContext* call,
                                                   v1::RelayReceipt* receipt) override {
    const auto identity = desk_.parts.authority.Require(*call, rpc::Role::kRelay);
    absl::StatusOr<std::shared_ptr<void>> place =
        identity.ok() ? desk_.io_threads.Enter(identity->name) : identity.status();
    if (!place.ok()) {
      Mark(*call);
      return new RefusedUpload<v1::RelayRequest>(place.status());
    }
    io::Scope& scope = desk_.io_threads.Next();
    auto upload =
        std::make_shared<RelayedCall>(desk_, scope.executor(), *std::move(place), *call, receipt);
    scope.SpawnFrom(RelayedCall::Serve(upload));
    return upload.get();
  }

  void Stop(absl::Duration grace) { desk_.io_threads.Stop(grace); }

 private:
  RelayDesk desk_;
};

RelayService::RelayService(const Parts& parts)
    : implementation_(std::make_unique<Implementation>(parts)) {}

RelayService::~RelayService() = default;

grpc::Service* RelayService::service() {
  return implementation_.get();
}

void RelayService::Stop(absl::Duration grace) {
  implementation_->Stop(grace);
}

}  // namespace postern::admin
