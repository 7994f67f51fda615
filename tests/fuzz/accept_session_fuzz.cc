// Whatever a client says, a session comes to its end, and what it hands over is clean: CRLF only,
// no NUL, recipients present. A stranger hands over nothing.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "common/io/executor.h"
#include "common/io/on_disk.h"
#include "common/io/scope.h"
#include "common/mail/content.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/accept/session.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_stream.h"

namespace {

namespace accept = postern::accept;
namespace io = postern::io;
namespace model = postern::model;

class CheckedIntake final : public model::Intake {
 public:
  postern::base::MessageId NextId() override { return postern::base::MessageId{++last_}; }

  void PutChunk(postern::base::MessageId,
                std::uint32_t number,
                std::string bytes,
                absl::AnyInvocable<void(absl::Status)> done) override {
    if (number == 0) chunked_.clear();
    chunked_ += bytes;
    done(absl::OkStatus());
  }

  void DropChunks(postern::base::MessageId, std::uint32_t) override {}

  void Accept(model::MessagePtr message, Done done) override {
    POSTERN_CHECK(may_relay);
    POSTERN_CHECK(!message->envelope.recipients.empty());
    const std::string& content = message->body != nullptr ? *message->body : chunked_;
    POSTERN_CHECK(content.size() == message->size);
    POSTERN_CHECK(message->header_bytes <= content.size());
    postern::mail::ContentScan scan;
    scan.Feed(content);
    scan.Finish();
    POSTERN_CHECK(!scan.bare_cr() && !scan.bare_lf() && !scan.nul());
    done(model::Receipt{message->id, message->internet_message_id, false});
  }

  absl::Status Ready(model::Submitter) const override { return absl::OkStatus(); }

  absl::Duration Hold() const override { return absl::ZeroDuration(); }

  bool may_relay = false;

 private:
  std::uint64_t last_ = 0;
  std::string chunked_;
};

struct Stage {
  io::Executor executor{"fuzz"};
  io::DiskPool disk{1};
  postern::testing::FakeClock clock;
  postern::base::SeededRandom random{1};
  postern::observe::Registry registry;
  CheckedIntake intake;
  accept::Authenticator authenticator{disk, clock, ""};
  accept::RateLimit rate_limit{clock};
  accept::Probe probe{registry};
  postern::tls::ServerContext tls;
  accept::SessionParts parts{intake, authenticator, rate_limit, tls,
                             probe,  clock,         random,     "mail.example.test"};
  accept::ListenerConfig listener;

  Stage() {
    (void)postern::observe::OpenLog(postern::observe::Level::kError);
    listener.name = "relay";
    listener.networks = {io::Network::Parse("192.0.2.0/24").value()};
    executor.Start();
  }

  ~Stage() { executor.Stop(); }
};

io::Task<void> Drain(io::Stream* client) {
  char bytes[4096];
  while (true) {
    const absl::StatusOr<std::size_t> read = co_await client->Read(bytes, sizeof(bytes));
    if (!read.ok() || *read == 0) co_return;
  }
}

// The first byte chooses who the client is and how the rest is cut.
io::Task<void> Converse(Stage* stage, std::string input) {
  const bool stranger = !input.empty() && (input[0] & 1) != 0;
  const std::size_t cut = input.empty() ? 1 : 1 + static_cast<unsigned char>(input[0]) / 2;
  stage->intake.may_relay = !stranger;
  auto [near, far] = postern::testing::MemoryPipe();
  accept::Rules rules;
  rules.policy.max_receive_size = 1 << 20;
  rules.tarpit_interval = absl::ZeroDuration();
  rules.protocol_errors_max = 1000;
  accept::Client client;
  client.address.address = io::IpAddress::Parse(stranger ? "198.51.100.1" : "192.0.2.1").value();
  const std::string_view rest = std::string_view(input).substr(input.empty() ? 0 : 1);
  io::Stream* writer = near.get();
  accept::Session session(stage->parts, stage->listener,
                          std::make_shared<const accept::Rules>(rules), client, std::move(far),
                          std::nullopt);
  io::Scope scope(stage->executor);
  scope.Spawn(session.Run());
  scope.Spawn(Drain(writer));
  for (std::size_t at = 0; at < rest.size(); at += cut) {
    const absl::Status written = co_await writer->Write(rest.substr(at, cut));
    if (!written.ok()) break;
  }
  writer->Close();
  co_await scope.Join();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Stage stage;
  io::RunTask(stage.executor,
              Converse(&stage, std::string(reinterpret_cast<const char*>(data), size)));
  return 0;
}
