#include "common/observe/http_server.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>

#include "common/base/text.h"

namespace postern::observe {

namespace {

constexpr char kPlain[] = "text/plain; charset=utf-8";
constexpr char kPrometheus[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::size_t kThreads = 32;
constexpr std::time_t kReadSeconds = 2;
constexpr std::chrono::milliseconds kListenAgain{100};

struct Address {
  std::string host;
  int port = 0;
};

// Whoever resolves names would take more than an address here.
absl::StatusOr<Address> ParseAddress(std::string_view text) {
  const std::size_t colon = std::min(text.rfind(':'), text.size());
  std::string host(text.substr(0, colon));
  const auto port = base::ParseUnsigned(text.substr(std::min(colon + 1, text.size())));
  in6_addr parsed{};
  bool good = ::inet_pton(AF_INET, host.c_str(), &parsed) == 1;
  if (!good && host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    good = ::inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
  }
  if (good && port && *port <= 65535) return Address{host, static_cast<int>(*port)};
  return base::Error(absl::StatusCode::kInvalidArgument, "listen on \"", base::Printable(text),
                     "\": write an IP address and a port, as 0.0.0.0:9717 or [::]:9717");
}

void Answer(httplib::Response& response, int status, const std::string& body, const char* type) {
  response.status = status;
  response.set_header("Cache-Control", "no-store");
  response.set_content(body, type);
}

}  // namespace

struct HttpServer::State {
  struct Reason {
    std::string text;
    absl::Time until;
  };

  explicit State(const Registry& given) : registry(given) {}

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

  void ServeMetrics(httplib::Response& response) {
    const std::shared_lock lock(metrics_mutex);
    if (!has_metrics) return Answer(response, 503, "stopping\n", kPlain);
    Answer(response, 200, registry.Text(), kPrometheus);
  }

  void Serve(const httplib::Request& request, httplib::Response& response) {
    const std::string& path = request.path;
    if (path != "/metrics" && path != "/livez" && path != "/readyz") {
      return Answer(response, 404, "only /metrics, /livez and /readyz are here\n", kPlain);
    }
    if (request.method != "GET" && request.method != "HEAD") {
      response.set_header("Allow", "GET, HEAD");
      return Answer(response, 405, "only GET and HEAD are known\n", kPlain);
    }
    if (path == "/metrics") return ServeMetrics(response);
    const std::string reasons = path == "/readyz" ? Reasons() : std::string();
    if (!reasons.empty()) return Answer(response, 503, reasons, kPlain);
    Answer(response, 200, "ok\n", kPlain);
  }

  // A listener that the system has ended is opened again.
  void Listen() {
    while (!stopping) {
      server.listen_after_bind();
      for (bool open = false; !open && !stopping;) {
        std::this_thread::sleep_for(kListenAgain);
        open = !stopping && server.bind_to_port(address.host, address.port);
      }
    }
    ended = true;
  }

  const Registry& registry;
  httplib::Server server;
  Address address;
  std::atomic<bool> stopping{false};
  std::atomic<bool> ended{false};
  std::shared_mutex metrics_mutex;
  bool has_metrics = true;
  int port = 0;
  std::mutex mutex;
  std::map<std::string, Reason> not_ready;
  std::thread thread;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::Status HttpServer::CheckAddress(const std::string& address) {
  return ParseAddress(address).status();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                              const Registry& registry,
                                                              const std::string& starting) {
  const auto parsed = ParseAddress(address);
  if (!parsed.ok()) return parsed.status();
  auto state = std::make_unique<State>(registry);
  if (!starting.empty()) state->not_ready[starting] = {"starting", absl::InfiniteFuture()};
  httplib::Server& server = state->server;
  // A connection that says nothing holds a thread until its time is over; a probe must get one.
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_read_timeout(kReadSeconds);
  server.set_write_timeout(kReadSeconds);
  server.set_keep_alive_timeout(kReadSeconds);
  server.set_keep_alive_max_count(1);
  server.set_payload_max_length(0);
  // Not SO_REUSEPORT, with which two services would share a port unseen.
  server.set_socket_options([](int socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_pre_routing_handler(
      [at = state.get()](const httplib::Request& request, httplib::Response& response) {
        at->Serve(request, response);
        return httplib::Server::HandlerResponse::Handled;
      });
  errno = 0;
  if (parsed->port == 0) {
    state->port = server.bind_to_any_port(parsed->host);
  } else if (server.bind_to_port(parsed->host, parsed->port)) {
    state->port = parsed->port;
  }
  if (state->port <= 0) {
    const std::string why = errno == 0 ? "it cannot be opened" : std::strerror(errno);
    return base::Error(absl::StatusCode::kUnavailable, "listen on ", address, ": ",
                       base::LowerAscii(why));
  }
  state->address = *parsed;
  state->address.port = state->port;
  state->thread = std::thread([at = state.get()] { at->Listen(); });
  // Who stops it before it runs would not be heard.
  while (!server.is_running())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  state_->stopping = true;
  // One that is only about to listen would not hear it.
  for (bool told = false; !state_->ended;) {
    if (!told && state_->server.is_running()) {
      state_->server.stop();
      told = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  state_->thread.join();
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

void HttpServer::CloseMetrics() {
  const std::unique_lock lock(state_->metrics_mutex);
  state_->has_metrics = false;
}

int HttpServer::port() const {
  return state_->port;
}

}  // namespace postern::observe
