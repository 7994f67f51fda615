#include "common/observe/http_server.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include <arpa/inet.h>
#include <civetweb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::observe {

namespace {

constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

// CivetWeb takes more than an address here (lists, "s" for TLS), hence the strictness.
absl::StatusOr<Address> ParseAddress(std::string_view text) {
  const std::size_t colon = std::min(text.rfind(':'), text.size());
  const std::string host(text.substr(0, colon));
  const auto port = base::ParseUnsigned(text.substr(std::min(colon + 1, text.size())));
  Address address;
  auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1) {
    address.storage.ss_family = AF_INET;
    address.bytes = sizeof *four;
  } else if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
             ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six->sin6_addr) == 1) {
    address.storage.ss_family = AF_INET6;
    address.bytes = sizeof *six;
  }
  if (address.bytes != 0 && port && *port <= 65535) return address;
  return base::Error(absl::StatusCode::kInvalidArgument, "listen on \"", base::Printable(text),
                     "\": write an IP address and a port, as 0.0.0.0:9717 or [::]:9717");
}

// Opens and drops a connection: CivetWeb looks at its stop flag only every 2 s, or when somebody
// calls.
void Knock(const Address& address) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  static_cast<void>(
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.bytes));
  ::close(fd);
}

void Answer(mg_connection* connection,
            bool body_wanted,
            int status,
            std::string_view reason,
            std::string_view type,
            std::string_view body,
            std::string_view more = "") {
  std::string out = base::Cat("HTTP/1.1 ", status, " ", reason, "\r\nContent-Type: ", type,
                              "\r\nContent-Length: ", body.size(),
                              "\r\nCache-Control: no-store\r\nConnection: close\r\n", more, "\r\n");
  if (body_wanted) out.append(body);
  // A reader that left takes its answer with it.
  static_cast<void>(mg_write(connection, out.data(), out.size()));
}

}  // namespace

struct HttpServer::State {
  const Registry* registry = nullptr;
  mg_context* server = nullptr;
  std::atomic<bool> started = false;
  Address address;
  int port = 0;
  std::string trouble;  // What CivetWeb says while it starts.
  std::mutex mutex;

  struct Reason {
    std::string text;
    absl::Time until;
  };

  std::map<std::string, Reason> not_ready;

  // "" when ready, else a reason a line.
  std::string Reasons() {
    const std::lock_guard lock(mutex);
    const absl::Time now = absl::Now();
    std::string out;
    for (const auto& [check, reason] : not_ready) {
      if (now < reason.until) base::AppendTo(out, check, ": ", reason.text, "\n");
    }
    return out;
  }

  int Serve(mg_connection* connection) {
    const mg_request_info* request = mg_get_request_info(connection);
    const std::string_view method = request->request_method;
    const std::string_view path = request->local_uri == nullptr ? "" : request->local_uri;
    const bool get = method == "GET";
    if (path != "/metrics" && path != "/livez" && path != "/readyz") {
      Answer(connection, method != "HEAD", 404, "Not Found", kPlain,
             "only /metrics, /livez and /readyz are here\n");
      return 404;
    }
    if (!get && method != "HEAD") {
      Answer(connection, true, 405, "Method Not Allowed", kPlain, "only GET and HEAD are known\n",
             "Allow: GET, HEAD\r\n");
      return 405;
    }
    if (path == "/metrics") {
      Answer(connection, get, 200, "OK", kPrometheus, registry->Text());
      return 200;
    }
    const std::string reasons = path == "/readyz" ? Reasons() : std::string();
    if (reasons.empty()) {
      Answer(connection, get, 200, "OK", kPlain, "ok\n");
      return 200;
    }
    Answer(connection, get, 503, "Service Unavailable", kPlain, reasons);
    return 503;
  }

  static int OnRequest(mg_connection* connection) {
    auto* state = static_cast<State*>(mg_get_user_data(mg_get_context(connection)));
    return state->Serve(connection);
  }

  // Called from inside mg_start2 only until it returns; later messages are about single
  // connections.
  static int OnMessage(const mg_connection* connection, const char* message) {
    auto* state = static_cast<State*>(mg_get_user_data(mg_get_context(connection)));
    if (state != nullptr && !state->started.load() && state->trouble.empty()) {
      state->trouble = message;
    }
    return 1;
  }
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::Status HttpServer::CheckAddress(const std::string& address) {
  return ParseAddress(address).status();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                              const Registry& registry,
                                                              const std::string& starting) {
  auto parsed = ParseAddress(address);
  if (!parsed.ok()) return parsed.status();
  static const unsigned library = mg_init_library(0);
  static_cast<void>(library);

  auto state = std::make_unique<State>();
  state->registry = &registry;
  if (!starting.empty()) state->not_ready[starting] = {"starting", absl::InfiniteFuture()};
  mg_callbacks callbacks{};
  callbacks.begin_request = State::OnRequest;
  callbacks.log_message = State::OnMessage;
  // A connection that says nothing holds a thread until its time is over; a probe must get one.
  const char* options[] = {"listening_ports",
                           address.c_str(),
                           "num_threads",
                           "32",
                           "request_timeout_ms",
                           "2000",
                           "enable_keep_alive",
                           "no",
                           nullptr};
  errno = 0;
  mg_context* server = mg_start(&callbacks, state.get(), options);
  if (server == nullptr) {
    const int error = errno;
    std::string why = base::LowerAscii(error == 0 ? state->trouble : std::strerror(error));
    return base::Error(absl::StatusCode::kUnavailable, "listen on ", address, ": ", why);
  }
  mg_server_port port{};
  POSTERN_CHECK(mg_get_server_ports(server, 1, &port) == 1);
  state->port = port.port;
  state->address = *parsed;
  // sin_port and sin6_port stand at the same place.
  reinterpret_cast<sockaddr_in*>(&state->address.storage)->sin_port =
      htons(static_cast<std::uint16_t>(port.port));
  state->server = server;
  state->started.store(true);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  std::atomic<bool> stopped = false;
  std::thread stopper([this, &stopped] {
    mg_stop(state_->server);
    stopped.store(true);
  });
  while (!stopped.load()) {
    Knock(state_->address);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  stopper.join();
}

void HttpServer::SetNotReady(const std::string& check,
                             const std::string& reason,
                             absl::Time until) {
  const std::lock_guard lock(state_->mutex);
  state_->not_ready[check] = {base::Printable(reason, 500), until};
}

void HttpServer::SetReady(const std::string& check) {
  const std::lock_guard lock(state_->mutex);
  state_->not_ready.erase(check);
}

int HttpServer::port() const {
  return state_->port;
}

}  // namespace postern::observe
