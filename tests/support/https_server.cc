#include "tests/support/https_server.h"

#include <utility>

#include "absl/time/clock.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/io/event.h"

namespace postern::testing {

namespace {

constexpr std::size_t kHeadBytesMax = 16 * 1024;

io::Task<void> JoinAll(io::Scope* scope) {
  co_await scope->Join();
}

}  // namespace

HttpsServer::HttpsServer(const CertificateFiles& certificate, std::string_view address) {
  Shows(certificate);
  executor_.Start();
  const io::Endpoint at{*io::IpAddress::Parse(address), 0};
  executor_.Run([this, at] {
    auto opened = io::Listener::Open(executor_, at);
    POSTERN_CHECK(opened.ok());
    listener_ = *std::move(opened);
    port_ = listener_->endpoint().port;
    scope_ = std::make_unique<io::Scope>(executor_);
    scope_->Spawn(Accept());
  });
}

HttpsServer::~HttpsServer() {
  Leaves();
  executor_.Run([this] { scope_->Stop(); });
  io::RunTask(executor_, JoinAll(scope_.get()));
  executor_.Run([this] {
    scope_.reset();
    listener_.reset();
  });
  executor_.Stop();
}

void HttpsServer::Shows(const CertificateFiles& certificate) {
  POSTERN_CHECK(context_.Load(certificate.certificate_file, certificate.key_file).ok());
}

void HttpsServer::Serves(std::string body, std::string_view content_type) {
  Answers("200 OK", base::Cat("Content-Type: ", content_type, "\r\n"), body);
}

void HttpsServer::Answers(std::string_view status,
                          std::string_view headers,
                          std::string_view body) {
  Says(base::Cat("HTTP/1.1 ", status, "\r\nContent-Length: ", body.size(), "\r\n", headers, "\r\n",
                 body));
  const std::lock_guard lock(mutex_);
  script_.stays = true;
}

void HttpsServer::Says(std::string bytes) {
  const std::lock_guard lock(mutex_);
  script_ = Script{std::move(bytes)};
}

void HttpsServer::Stalls() {
  const std::lock_guard lock(mutex_);
  script_.stalls = true;
}

void HttpsServer::Drips(absl::Duration between) {
  const std::lock_guard lock(mutex_);
  script_.between = between;
}

void HttpsServer::Leaves() {
  executor_.Run([this] { listener_->Close(); });
}

std::vector<std::string> HttpsServer::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

int HttpsServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

bool HttpsServer::WaitFor(std::size_t requests) const {
  for (int round = 0; round < 5000 && heard().size() < requests; ++round)
    absl::SleepFor(absl::Milliseconds(1));
  return heard().size() >= requests;
}

io::Task<void> HttpsServer::Accept() {
  while (true) {
    auto stream = co_await listener_->Accept();
    if (!stream.ok()) co_return;
    {
      const std::lock_guard lock(mutex_);
      ++connections_;
    }
    scope_->Spawn(Talk(*std::move(stream)));
  }
}

io::Task<void> HttpsServer::Talk(std::unique_ptr<io::Stream> stream) {
  auto session = co_await context_.Start(std::move(stream));
  if (!session.ok()) co_return;
  bool stays = true;
  while (stays)
    stays = co_await Take(*session->stream);
}

io::Task<bool> HttpsServer::Take(io::Stream& stream) {
  std::string head;
  char buffer[4096];
  while (!head.ends_with("\r\n\r\n")) {
    const auto got = co_await stream.Read(buffer, sizeof buffer);
    if (!got.ok() || *got == 0 || head.size() > kHeadBytesMax) co_return false;
    head.append(buffer, *got);
  }
  Script script = Hear(std::move(head));
  co_return co_await Say(stream, std::move(script));
}

HttpsServer::Script HttpsServer::Hear(std::string head) {
  const std::lock_guard lock(mutex_);
  heard_.push_back(std::move(head));
  return script_;
}

io::Task<bool> HttpsServer::Say(io::Stream& stream, Script script) {
  if (script.stalls) {
    // Until the client leaves.
    char byte = 0;
    static_cast<void>(co_await stream.Read(&byte, 1));
    co_return false;
  }
  const std::size_t step =
      script.between > absl::ZeroDuration() ? 1 : std::max<std::size_t>(1, script.bytes.size());
  for (std::size_t at = 0; at < script.bytes.size(); at += step) {
    const absl::Status written =
        co_await stream.Write(std::string_view(script.bytes).substr(at, step));
    if (!written.ok()) co_return false;
    if (step > 1) continue;
    const absl::Status slept = co_await io::Sleep(script.between);
    if (!slept.ok()) co_return false;
  }
  co_return script.stays;
}

}  // namespace postern::testing
