#include "common/observe/http_server.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include <arpa/inet.h>
#include <microhttpd.h>
#include <sys/socket.h>

#include "common/base/text.h"

namespace postern::observe {

namespace {

constexpr char kPlain[] = "text/plain; charset=utf-8";
constexpr char kPrometheus[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr unsigned kThreads = 2;
constexpr unsigned kConnections = 256;
constexpr unsigned kConnectionsPerSource = 64;
constexpr std::size_t kRequestBytes = 16 * 1024;
constexpr unsigned kIdleSeconds = 5;

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

sockaddr_storage SocketAddressOf(const Address& address) {
  sockaddr_storage out{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(out);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  const std::uint16_t port = htons(static_cast<std::uint16_t>(address.port));
  if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = port;
  } else {
    ::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = port;
  }
  return out;
}

MHD_Result Answer(MHD_Connection* connection,
                  unsigned status,
                  const std::string& body,
                  const char* type) {
  // It is copied: a reader may be slow, and the body is gone by then.
  MHD_Response* const response = MHD_create_response_from_buffer(
      body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
  if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  }
  const MHD_Result queued = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return queued;
}

void Quiet(void* /*context*/, const char* /*format*/, va_list /*values*/) {}

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

  // What a check of its own says against the process being alive, a reason a line.
  std::string Stalled() {
    const std::lock_guard lock(mutex);
    std::string out;
    for (const auto& check : live_checks) {
      const std::string reason = check();
      if (!reason.empty()) base::AppendTo(out, base::Printable(reason, 500), "\n");
    }
    return out;
  }

  MHD_Result ServeMetrics(MHD_Connection* connection) {
    const std::shared_lock lock(metrics_mutex);
    if (!has_metrics) return Answer(connection, 503, "stopping\n", kPlain);
    return Answer(connection, 200, registry.Text(), kPrometheus);
  }

  MHD_Result Serve(MHD_Connection* connection, std::string_view path, std::string_view method) {
    if (path != "/metrics" && path != "/livez" && path != "/readyz") {
      return Answer(connection, 404, "only /metrics, /livez and /readyz are here\n", kPlain);
    }
    if (method != "GET" && method != "HEAD") {
      return Answer(connection, 405, "only GET and HEAD are known\n", kPlain);
    }
    if (path == "/metrics") return ServeMetrics(connection);
    const std::string reasons = path == "/readyz" ? Reasons() : Stalled();
    return reasons.empty() ? Answer(connection, 200, "ok\n", kPlain)
                           : Answer(connection, 503, reasons, kPlain);
  }

  static MHD_Result Handle(void* self,
                           MHD_Connection* connection,
                           const char* path,
                           const char* method,
                           const char* /*version*/,
                           const char* /*content*/,
                           std::size_t* /*content_bytes*/,
                           void** /*of_request*/) {
    return static_cast<State*>(self)->Serve(connection, path, method);
  }

  const Registry& registry;
  MHD_Daemon* daemon = nullptr;
  std::shared_mutex metrics_mutex;
  bool has_metrics = true;
  std::mutex mutex;
  std::map<std::string, Reason> not_ready;
  std::vector<std::function<std::string()>> live_checks;
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
  const sockaddr_storage where = SocketAddressOf(*parsed);
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG;
  if (where.ss_family == AF_INET6) flags |= MHD_USE_DUAL_STACK;
  errno = 0;
  state->daemon = MHD_start_daemon(flags, 0, nullptr, nullptr, &State::Handle, state.get(),  //
                                   MHD_OPTION_EXTERNAL_LOGGER, &Quiet, nullptr,              //
                                   MHD_OPTION_SOCK_ADDR, &where,                             //
                                   MHD_OPTION_THREAD_POOL_SIZE, kThreads,                    //
                                   MHD_OPTION_CONNECTION_LIMIT, kConnections,                //
                                   MHD_OPTION_PER_IP_CONNECTION_LIMIT, kConnectionsPerSource,
                                   MHD_OPTION_CONNECTION_MEMORY_LIMIT, kRequestBytes,  //
                                   MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_END);
  if (state->daemon == nullptr) {
    const std::string why = errno == 0 ? "it cannot be opened" : std::strerror(errno);
    return base::Error(absl::StatusCode::kUnavailable, "listen on ", address, ": ",
                       base::LowerAscii(why));
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  MHD_stop_daemon(state_->daemon);
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

void HttpServer::AddLiveCheck(std::function<std::string()> check) {
  const std::lock_guard lock(state_->mutex);
  state_->live_checks.push_back(std::move(check));
}

int HttpServer::port() const {
  return MHD_get_daemon_info(state_->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

}  // namespace postern::observe
