#include "common/http/channel.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <pthread.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/http/curl.h"

namespace postern::http {

namespace {

using Result = absl::StatusOr<Answer>;

// Of an answer that is no stream's: what it says of itself.
constexpr std::size_t kRefusalBytesMax = 64 * 1024;
constexpr long kConnectionsMax = 16;
constexpr std::size_t kPathBytesMax = 4096;
// A server whose machine is gone is found within 30 s: 15 s of silence and three probes.
constexpr long kKeepAliveAfterSeconds = 15;
constexpr long kKeepAliveEverySeconds = 5;
constexpr std::string_view kScheme = "https://";

// A connection that broke is an error and no signal.
void BlockBrokenPipes() {
  static thread_local const bool blocked = [] {
    sigset_t pipes;
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    return pthread_sigmask(SIG_BLOCK, &pipes, nullptr) == 0;
  }();
  POSTERN_CHECK(blocked);
}

bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

absl::Status CheckOrigin(std::string_view origin) {
  if (origin.starts_with(kScheme) && origin.size() > kScheme.size() && origin.size() < 512 &&
      IsVisible(origin) && origin.find_first_of("/?#@", kScheme.size()) == std::string_view::npos) {
    return absl::OkStatus();
  }
  return base::Error(absl::StatusCode::kInvalidArgument, "http: origin \"", base::Printable(origin),
                     "\" must be https://host:port");
}

absl::Status CheckCall(const Call& call) {
  const bool fits = call.path.starts_with('/') && call.path.size() <= kPathBytesMax &&
                    IsVisible(call.path) && call.path.find('#') == std::string::npos;
  if (!fits) {
    return base::Error(absl::StatusCode::kInvalidArgument, "http: path \"",
                       base::Printable(call.path), "\" must begin with / and have at most ",
                       kPathBytesMax, " visible characters");
  }
  if (IsVisible(call.bearer_token)) return absl::OkStatus();
  return absl::InvalidArgumentError("http: the bearer token holds a character that none may hold");
}

// One call as libcurl sees it.
class Exchange {
 public:
  // `heard` is set when a stream has come on.
  Exchange(const Channel::Options& options, Call call, Channel::Done done, bool& heard)
      : url_(base::Cat(options.origin, call.path)),
        call_(std::move(call)),
        done_(std::move(done)),
        heard_(heard),
        easy_(curl_easy_init()) {
    POSTERN_CHECK(easy_ != nullptr);
    SetPeer(options);
    SetRequest();
  }

  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  ~Exchange() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }

  CURL* easy() const { return easy_; }

  Channel::Done TakeDone() { return std::move(done_); }

  Result ResultOf(CURLcode code) {
    // Of a refusal the beginning is enough.
    const bool cut = status() >= 300 && too_long_;
    if (code != CURLE_OK && !cut) return Failure(code);
    if (status() < 200) return Error(absl::StatusCode::kUnavailable, "no answer of HTTP");
    answer_.status = static_cast<int>(status());
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
    answer_.retry_after = absl::Seconds(std::clamp<curl_off_t>(seconds, 0, 3600));
    return std::move(answer_);
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    POSTERN_CHECK(curl_easy_setopt(easy_, option, value) == CURLE_OK);
  }

  void SetPeer(const Channel::Options& options) {
    POSTERN_CHECK(SetBasics(easy_, url_, options.ca_file, error_) == CURLE_OK);
    Set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
    Set(CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(options.connect_max));
    Set(CURLOPT_TCP_KEEPALIVE, 1L);
    Set(CURLOPT_TCP_KEEPIDLE, kKeepAliveAfterSeconds);
    Set(CURLOPT_TCP_KEEPINTVL, kKeepAliveEverySeconds);
  }

  void SetRequest() {
    Set(CURLOPT_TIMEOUT_MS, Milliseconds(call_.time_max));
    Set(CURLOPT_CUSTOMREQUEST, call_.method.c_str());
    if (!call_.body.empty()) {
      Set(CURLOPT_POSTFIELDS, call_.body.c_str());
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
      AddHeader(base::Cat("Content-Type: ", call_.content_type));
      AddHeader("Expect:");
    }
    AddHeader("Accept: application/json");
    if (!call_.bearer_token.empty()) {
      AddHeader(base::Cat("Authorization: Bearer ", call_.bearer_token));
    }
    Set(CURLOPT_HTTPHEADER, headers_);
    Set(CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
    Set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    Set(CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
    Set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  }

  void AddHeader(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_, line.c_str());
    POSTERN_CHECK(longer != nullptr);
    headers_ = longer;
  }

  static std::size_t OnBody(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    return exchange.Take({bytes, size * count}) ? size * count : 0;
  }

  static std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::string_view line(bytes, size * count);
    exchange.header_bytes_ += line.size();
    exchange.too_long_ = exchange.header_bytes_ > kHeaderBytesMax;
    if (exchange.too_long_) return 0;
    const bool last = line == "\r\n" || line == "\n";
    if (last && exchange.call_.opened && exchange.status() == 200) {
      exchange.heard_ = true;
      exchange.call_.opened();
    }
    return line.size();
  }

  long status() const {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  bool Take(std::string_view piece) {
    if (call_.take && status() == 200) {
      heard_ = true;
      enough_ = !call_.take(piece);
      return !enough_;
    }
    const std::size_t most =
        status() < 300 ? call_.body_bytes_max : std::min(call_.body_bytes_max, kRefusalBytesMax);
    too_long_ = answer_.body.size() + piece.size() > most;
    answer_.body.append(piece.substr(0, most - answer_.body.size()));
    return !too_long_;
  }

  absl::Status Error(absl::StatusCode code, std::string_view text) const {
    return base::Error(code, call_.method, " ", url_.substr(0, url_.find('?')), ": ", text);
  }

  absl::Status Failure(CURLcode code) const {
    if (enough_) return Error(absl::StatusCode::kCancelled, "ended by us");
    if (too_long_) {
      return Error(absl::StatusCode::kOutOfRange,
                   base::Cat("must have at most ", call_.body_bytes_max, " bytes, and ",
                             kHeaderBytesMax, " of headers"));
    }
    return Error(CodeOf(code),
                 base::Printable(error_[0] != '\0' ? error_ : curl_easy_strerror(code)));
  }

  const std::string url_;
  const Call call_;
  Channel::Done done_;
  bool& heard_;
  Answer answer_;
  std::size_t header_bytes_ = 0;
  bool too_long_ = false;
  bool enough_ = false;
  char error_[CURL_ERROR_SIZE] = {};
  CURL* easy_;
  curl_slist* headers_ = nullptr;
};

}  // namespace

struct Channel::State {
  explicit State(Options o) : options(std::move(o)), multi(curl_multi_init()) {
    POSTERN_CHECK(multi != nullptr);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, kConnectionsMax);
  }

  ~State() {
    for (const auto& [id, exchange] : calls)
      curl_multi_remove_handle(multi, exchange->easy());
    calls.clear();
    curl_multi_cleanup(multi);
  }

  // The `done` of a call may begin and drop others: it is out of the table before.
  void Finish(CURL* easy, CURLcode code) {
    const auto found = std::find_if(calls.begin(), calls.end(), [easy](const auto& call) {
      return call.second->easy() == easy;
    });
    POSTERN_CHECK(found != calls.end());
    Result result = found->second->ResultOf(code);
    const Done done = found->second->TakeDone();
    curl_multi_remove_handle(multi, easy);
    calls.erase(found);
    done(std::move(result));
  }

  const Options options;
  CURLM* const multi;
  std::map<CallId, std::unique_ptr<Exchange>> calls;
  std::vector<std::pair<Done, absl::Status>> refused;
  CallId next = 1;
  bool heard = false;
  std::atomic<bool> stopping{false};
};

absl::StatusOr<std::unique_ptr<Channel>> Channel::Make(Options options) {
  StartCurl();
  if (absl::Status fits = CheckOrigin(options.origin); !fits.ok()) return fits;
  if (absl::Status there = CheckCaFile(options.ca_file); !there.ok()) return there;
  return std::unique_ptr<Channel>(new Channel(std::make_unique<State>(std::move(options))));
}

Channel::Channel(std::unique_ptr<State> state) : state_(std::move(state)) {}

Channel::~Channel() = default;

Channel::CallId Channel::Begin(Call call, Done done) {
  const CallId id = state_->next++;
  if (absl::Status fits = CheckCall(call); !fits.ok()) {
    state_->refused.emplace_back(std::move(done), std::move(fits));
    return id;
  }
  auto exchange =
      std::make_unique<Exchange>(state_->options, std::move(call), std::move(done), state_->heard);
  POSTERN_CHECK(curl_multi_add_handle(state_->multi, exchange->easy()) == CURLM_OK);
  state_->calls.emplace(id, std::move(exchange));
  return id;
}

void Channel::Drop(CallId id) {
  const auto found = state_->calls.find(id);
  if (found == state_->calls.end()) return;
  curl_multi_remove_handle(state_->multi, found->second->easy());
  state_->calls.erase(found);
}

void Channel::Poll(absl::Duration most) {
  BlockBrokenPipes();
  for (auto& [done, status] : std::exchange(state_->refused, {}))
    done(std::move(status));
  int still = 0;
  state_->heard = false;
  curl_multi_perform(state_->multi, &still);
  bool came = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(state_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    came = true;
    state_->Finish(message->easy_handle, message->data.result);
  }
  // What came since the last Poll is the caller's to act on before anything is waited for.
  if (came || state_->heard || state_->stopping) return;
  const long wait = Milliseconds(std::min(most, absl::Minutes(1)));
  curl_multi_poll(state_->multi, nullptr, 0, static_cast<int>(wait), nullptr);
  curl_multi_perform(state_->multi, &still);
}

Result Channel::Ask(Call call) {
  std::optional<Result> result;
  const CallId id = Begin(std::move(call), [&result](Result came) { result = std::move(came); });
  while (!result && !state_->stopping)
    Poll(absl::Seconds(1));
  if (result) return *std::move(result);
  Drop(id);
  return absl::CancelledError("http: stopping");
}

void Channel::Wake() {
  curl_multi_wakeup(state_->multi);
}

void Channel::Stop() {
  state_->stopping = true;
  Wake();
}

}  // namespace postern::http
