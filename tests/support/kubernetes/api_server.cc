#include "tests/support/kubernetes/api_server.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/io/event.h"

namespace postern::testing {

namespace {

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kBodyBytesMax = 4 * 1024 * 1024;
constexpr std::string_view kNamespace = "mail";

io::Task<void> JoinScope(io::Scope* scope) {
  co_await scope->Join();
}

std::string HeaderOf(const std::string& head, std::string_view name) {
  for (const std::string_view line : base::Split(head, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (!base::EqualsIgnoreCase(line.substr(0, colon), name)) continue;
    return std::string(base::Trim(line.substr(colon + 1)));
  }
  return "";
}

std::string Unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "/apis/g/v/namespaces/n/plural[/name[/status]][?query]"
ApiRequest Parse(const std::string& head, const std::string& body) {
  ApiRequest request;
  const auto words = base::Split(std::string_view(head).substr(0, head.find('\r')), ' ');
  request.method = std::string(words.at(0));
  const std::string_view target = words.at(1);
  const auto parts = base::Split(target.substr(0, target.find('?')), '/');
  POSTERN_CHECK(parts.size() >= 7);
  for (std::size_t i = 1; i < 7; ++i)
    request.collection += base::Cat("/", parts[i]);
  if (parts.size() > 7) request.name = std::string(parts[7]);
  request.status = parts.size() > 8 && parts[8] == "status";
  if (const auto query = target.find('?'); query != std::string_view::npos) {
    for (const std::string_view pair : base::Split(target.substr(query + 1), '&')) {
      const auto equals = pair.find('=');
      request.query[std::string(pair.substr(0, equals))] = Unescaped(pair.substr(equals + 1));
    }
  }
  request.content_type = HeaderOf(head, "content-type");
  if (auto json = kubernetes::ParseJson(body); json.ok()) request.body = *json;
  return request;
}

std::string Framed(int code, std::string_view headers, std::string_view body) {
  return base::Cat("HTTP/1.1 ", code, " Said\r\nContent-Type: application/json\r\n", headers,
                   "Content-Length: ", body.size(), "\r\n\r\n", body);
}

std::string Chunk(std::string_view text) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return base::Cat(size, text, "\r\n");
}

std::string EventLine(std::string_view type, const Json& object) {
  Json event;
  kubernetes::SetText(event, {"type"}, type);
  kubernetes::At(event, {"object"}) = object;
  return base::Cat(kubernetes::WriteJson(event), "\n");
}

}  // namespace

ApiServer::ApiServer() {
  char folder[] = "/tmp/postern-api-server-XXXXXX";
  POSTERN_CHECK(mkdtemp(folder) != nullptr);
  folder_ = folder;
  RotatesToken(true);
  const CertificateFiles files = authority_.Issue(ForService("spiffe://test/api-server"));
  POSTERN_CHECK(context_.Load(files.certificate_file, files.key_file).ok());
  executor_.Start();
  executor_.Run([this] { scope_ = std::make_unique<io::Scope>(executor_); });
  Open();
}

ApiServer::~ApiServer() {
  Leaves();
  executor_.Run([this] { scope_->Stop(); });
  io::RunTask(executor_, JoinScope(scope_.get()));
  executor_.Run([this] {
    scope_.reset();
    listener_.reset();
  });
  executor_.Stop();
  std::filesystem::remove_all(folder_);
}

void ApiServer::Open() {
  const io::Endpoint at{*io::IpAddress::Parse("127.0.0.1"), port_};
  executor_.Run([this, at] {
    auto opened = io::Listener::Open(executor_, at);
    POSTERN_CHECK(opened.ok());
    listener_ = *std::move(opened);
    port_ = listener_->endpoint().port;
    scope_->Spawn(Accept(listener_));
  });
}

kubernetes::KubernetesSettings ApiServer::settings() const {
  kubernetes::KubernetesSettings settings;
  settings.api_server.value = base::Cat("https://127.0.0.1:", port_);
  settings.token_file.value = base::Cat(folder_, "/token");
  settings.ca_file.value = authority_.ca_file();
  settings.name_space.value = std::string(kNamespace);
  settings.retry_first.value = absl::Milliseconds(5);
  settings.retry_most.value = absl::Milliseconds(40);
  settings.start_timeout.value = absl::Seconds(5);
  return settings;
}

std::string ApiServer::Full(std::string_view plural) const {
  const std::string_view group = plural == "leases"         ? "coordination.k8s.io/v1"
                                 : plural == "statefulsets" ? "apps/v1"
                                                            : "postern.dev/v1";
  return base::Cat("/apis/", group, "/namespaces/", kNamespace, "/", plural);
}

void ApiServer::Put(std::string_view plural, const Json& object) {
  const std::lock_guard lock(mutex_);
  store_.Put(Full(plural), object);
}

void ApiServer::Remove(std::string_view plural, const std::string& name) {
  const std::lock_guard lock(mutex_);
  store_.Remove(Full(plural), name);
}

std::optional<Json> ApiServer::Get(std::string_view plural, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return store_.Get(Full(plural), name);
}

void ApiServer::Bookmarks() {
  const std::lock_guard lock(mutex_);
  ++bookmarks_;
}

void ApiServer::Compacts() {
  const std::lock_guard lock(mutex_);
  store_.Compact();
  ++era_;
}

void ApiServer::Breaks() {
  const std::lock_guard lock(mutex_);
  ++era_;
}

void ApiServer::Deafens() {
  const std::lock_guard lock(mutex_);
  deaf_ = true;
}

void ApiServer::RotatesToken(bool tells) {
  const std::lock_guard lock(mutex_);
  token_ += "-and-more";
  if (tells) std::ofstream(base::Cat(folder_, "/token")) << token_ << "\n";
}

void ApiServer::Ends(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  ++era_;
}

void ApiServer::Refuses(int code, std::string_view retry_after) {
  {
    const std::lock_guard lock(mutex_);
    code_ = code;
    retry_after_ = std::string(retry_after);
  }
  Ends(Fault::kRefuses);
}

void ApiServer::Babbles() {
  Ends(Fault::kBabbles);
}

void ApiServer::Stalls() {
  Ends(Fault::kStalls);
}

void ApiServer::Leaves() {
  Ends(Fault::kGone);
  executor_.Run([this] { listener_->Close(); });
}

void ApiServer::Recovers() {
  Ends(Fault::kNone);
  executor_.Run([this] { listener_->Close(); });
  Open();
}

std::vector<std::string> ApiServer::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

std::size_t ApiServer::CountOf(std::string_view part) const {
  std::size_t count = 0;
  for (const std::string& request : heard())
    count += request.find(part) == std::string::npos ? 0 : 1;
  return count;
}

int ApiServer::watches() const {
  const std::lock_guard lock(mutex_);
  return watches_;
}

io::Task<void> ApiServer::Accept(std::shared_ptr<io::Listener> listener) {
  while (true) {
    auto stream = co_await listener->Accept();
    if (!stream.ok()) co_return;
    scope_->Spawn(Talk(*std::move(stream)));
  }
}

io::Task<void> ApiServer::Talk(std::unique_ptr<io::Stream> stream) {
  auto session = co_await context_.Start(std::move(stream));
  if (!session.ok()) co_return;
  bool stays = true;
  while (stays)
    stays = co_await Take(*session->stream);
}

io::Task<bool> ApiServer::Take(io::Stream& stream) {
  std::string head;
  char buffer[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const auto got = co_await stream.Read(buffer, sizeof buffer);
    if (!got.ok() || *got == 0 || head.size() > kHeadBytesMax) co_return false;
    head.append(buffer, *got);
  }
  const auto end = head.find("\r\n\r\n") + 4;
  std::string body = head.substr(end);
  head.resize(end);
  const std::string length = HeaderOf(head, "content-length");
  const std::size_t wanted = length.empty() ? 0 : std::stoul(length);
  if (wanted > kBodyBytesMax) co_return false;
  while (body.size() < wanted) {
    const auto got = co_await stream.Read(buffer, sizeof buffer);
    if (!got.ok() || *got == 0) co_return false;
    body.append(buffer, *got);
  }
  co_return co_await Serve(stream, std::move(head), std::move(body));
}

io::Task<bool> ApiServer::Serve(io::Stream& stream, std::string head, std::string body) {
  const ApiRequest request = Parse(head, body);
  std::string said;
  std::optional<Watch> watch;
  bool stalls = false;
  {
    const std::lock_guard lock(mutex_);
    const auto words = base::Split(std::string_view(head).substr(0, head.find('\r')), ' ');
    heard_.push_back(base::Cat(words[0], " ", words[1]));
    stalls = fault_ == Fault::kStalls;
    if (fault_ == Fault::kGone) co_return false;
    if (fault_ == Fault::kBabbles) {
      said = Framed(200, "", "<html>nothing that you would like to know</html>\n");
    } else if (fault_ == Fault::kRefuses) {
      const std::string later =
          retry_after_.empty() ? "" : base::Cat("Retry-After: ", retry_after_, "\r\n");
      const ApiAnswer refusal = Refusal(code_, "InternalError", "etcdserver: request timed out");
      said = Framed(code_, later, kubernetes::WriteJson(refusal.body));
    } else if (HeaderOf(head, "authorization") != base::Cat("Bearer ", token_)) {
      said = Framed(401, "", kubernetes::WriteJson(Refusal(401, "Unauthorized", "who?").body));
    } else if (request.query.count("watch") != 0) {
      watch =
          Watch{request.collection, std::stoll(request.query.at("resourceVersion")), bookmarks_,
                era_, absl::Now() + absl::Seconds(std::stol(request.query.at("timeoutSeconds")))};
    } else {
      const ApiAnswer answer = store_.Do(request);
      said = Framed(answer.code, "", kubernetes::WriteJson(answer.body));
    }
  }
  if (stalls) {
    char byte = 0;
    static_cast<void>(co_await stream.Read(&byte, 1));
    co_return false;
  }
  if (watch) co_return co_await Stream(stream, *std::move(watch));
  const absl::Status written = co_await stream.Write(said);
  co_return written.ok();
}

io::Task<bool> ApiServer::Stream(io::Stream& stream, Watch watch) {
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  absl::Status status = co_await stream.Write(head);
  {
    const std::lock_guard lock(mutex_);
    ++watches_;
  }
  bool over = false;
  while (status.ok() && !over) {
    const auto news = News(watch);
    over = !news.has_value();
    if (news && !news->empty()) {
      const std::string chunk = Chunk(*news);
      status = co_await stream.Write(chunk);
    }
    if (status.ok() && !over) status = co_await io::Sleep(absl::Milliseconds(2));
  }
  {
    const std::lock_guard lock(mutex_);
    --watches_;
    if (watch.era != era_) co_return false;
  }
  if (!status.ok()) co_return false;
  const std::string last = "0\r\n\r\n";
  status = co_await stream.Write(last);
  co_return status.ok();
}

std::optional<std::string> ApiServer::News(Watch& watch) {
  const std::lock_guard lock(mutex_);
  if (watch.era != era_ || absl::Now() >= watch.until) return std::nullopt;
  std::string news;
  if (deaf_) return news;
  if (!store_.remembers(watch.version)) {
    watch.until = absl::InfinitePast();
    return EventLine("ERROR", Refusal(410, "Expired", "too old resource version").body);
  }
  for (const ObjectStore::Event& event : store_.EventsAfter(watch.collection, watch.version)) {
    news += EventLine(event.type, event.object);
    watch.version = event.version;
  }
  if (std::exchange(watch.bookmarks, bookmarks_) != bookmarks_) {
    Json mark;
    const auto plural = watch.collection.substr(watch.collection.rfind('/') + 1);
    kubernetes::SetText(mark, {"kind"}, KindOfPlural(plural));
    watch.version = store_.version();
    kubernetes::SetText(mark, {"metadata", "resourceVersion"}, std::to_string(watch.version));
    news += EventLine("BOOKMARK", mark);
  }
  return news;
}

}  // namespace postern::testing
