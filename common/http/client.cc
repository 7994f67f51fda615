#include "common/http/client.h"

#include <algorithm>
#include <csignal>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include <pthread.h>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/http/curl.h"
#include "common/http/transfer.h"
#include "common/io/completion.h"
#include "common/io/executor.h"

namespace postern::http {

namespace {

using Result = absl::StatusOr<Response>;

// libcurl is woken for every request; this is for what no wake-up tells.
constexpr int kLookMilliseconds = 1000;
// Whatever the options say.
constexpr absl::Duration kTimeMaxMax = absl::Hours(1);

absl::Status Stopping() {
  return absl::CancelledError("http: stopping");
}

// What a fiber waits for. Once it waits no more, its executor is left alone.
class Order {
 public:
  Order(Request request, absl::Time deadline)
      : request_(std::move(request)),
        deadline_(deadline),
        done_(std::make_shared<io::Completion<Result>>(*io::Executor::Current())) {}

  io::Task<std::optional<Result>> Wait() { return done_->Until(deadline_ - absl::Now()); }

  void Answer(Result result) {
    const std::lock_guard lock(mutex_);
    if (wanted_) done_->Set(std::move(result));
    wanted_ = false;
  }

  void Drop() {
    const std::lock_guard lock(mutex_);
    wanted_ = false;
  }

  bool wanted() const {
    const std::lock_guard lock(mutex_);
    return wanted_;
  }

  const Request& request() const { return request_; }

  absl::Duration time_left() const { return deadline_ - absl::Now(); }

 private:
  const Request request_;
  const absl::Time deadline_;
  mutable std::mutex mutex_;
  bool wanted_ = true;
  std::shared_ptr<io::Completion<Result>> done_;
};

using OrderPtr = std::shared_ptr<Order>;

}  // namespace

struct Client::State {
  struct Running {
    OrderPtr order;
    std::unique_ptr<Transfer> transfer;
  };

  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  explicit State(Options o) : options(std::move(o)), multi(curl_multi_init()) {
    POSTERN_CHECK(multi != nullptr);
  }

  absl::Status Put(OrderPtr order);
  void Drop(Order& order);
  void Stop();

  // On the thread:
  void Run();
  bool StartWaiting();
  void Start(OrderPtr order);
  void DropUnwanted();
  void Finish();
  void Leave(std::list<Running>::iterator place);

  const Options options;
  const std::unique_ptr<CURLM, FreeMulti> multi;
  std::thread thread;
  std::mutex mutex;
  std::deque<OrderPtr> waiting;
  bool stopping = false;
  std::list<Running> running;  // of the thread alone
};

absl::Status Client::State::Put(OrderPtr order) {
  const std::lock_guard lock(mutex);
  if (stopping) return Stopping();
  if (waiting.size() >= options.waiting_max) {
    return base::Error(absl::StatusCode::kResourceExhausted, "http: ", waiting.size(),
                       " requests wait, at most ", options.waiting_max, " may");
  }
  waiting.push_back(std::move(order));
  curl_multi_wakeup(multi.get());
  return absl::OkStatus();
}

void Client::State::Drop(Order& order) {
  order.Drop();
  curl_multi_wakeup(multi.get());
}

void Client::State::Stop() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  curl_multi_wakeup(multi.get());
  thread.join();
}

void Client::State::Run() {
  pthread_setname_np(pthread_self(), "http");
  // Signals are for the main thread; a connection that broke is an error and no SIGPIPE.
  sigset_t every;
  sigfillset(&every);
  pthread_sigmask(SIG_BLOCK, &every, nullptr);

  while (StartWaiting()) {
    DropUnwanted();
    int still = 0;
    curl_multi_perform(multi.get(), &still);
    Finish();
    curl_multi_poll(multi.get(), nullptr, 0, kLookMilliseconds, nullptr);
  }
  while (!running.empty()) {
    running.front().order->Answer(Stopping());
    Leave(running.begin());
  }
}

// False once we are stopping.
bool Client::State::StartWaiting() {
  while (running.size() < options.under_way_max) {
    OrderPtr order;
    {
      const std::lock_guard lock(mutex);
      if (stopping || waiting.empty()) break;
      order = std::move(waiting.front());
      waiting.pop_front();
    }
    if (order->wanted()) Start(std::move(order));
  }
  const std::lock_guard lock(mutex);
  std::erase_if(waiting, [](const OrderPtr& order) { return !order->wanted(); });
  if (!stopping) return true;
  for (const OrderPtr& order : waiting)
    order->Answer(Stopping());
  waiting.clear();
  return false;
}

void Client::State::Start(OrderPtr order) {
  auto transfer = Transfer::Make(order->request(), options, order->time_left());
  if (!transfer.ok()) return order->Answer(transfer.status());
  running.push_back({std::move(order), *std::move(transfer)});
  CURL* const easy = running.back().transfer->easy();
  POSTERN_CHECK(curl_multi_add_handle(multi.get(), easy) == CURLM_OK);
}

void Client::State::DropUnwanted() {
  for (auto place = running.begin(); place != running.end();) {
    const auto next = std::next(place);
    if (!place->order->wanted()) Leave(place);
    place = next;
  }
}

void Client::State::Finish() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const auto place = std::find_if(running.begin(), running.end(), [message](const Running& one) {
      return one.transfer->easy() == message->easy_handle;
    });
    POSTERN_CHECK(place != running.end());
    place->order->Answer(place->transfer->Result(code));
    Leave(place);
    // Others may wait for this place.
    curl_multi_wakeup(multi.get());
  }
}

void Client::State::Leave(std::list<Running>::iterator place) {
  curl_multi_remove_handle(multi.get(), place->transfer->easy());
  running.erase(place);
}

absl::StatusOr<std::unique_ptr<Client>> Client::Make(Options options) {
  StartCurl();
  if (!options.ca_file.empty()) POSTERN_RETURN_IF_ERROR(CheckCaFile(options.ca_file));
  auto state = std::make_shared<State>(std::move(options));
  state->thread = std::thread([state = state.get()] { state->Run(); });
  return std::unique_ptr<Client>(new Client(std::move(state)));
}

Client::Client(std::shared_ptr<State> state) : state_(std::move(state)) {}

Client::~Client() {
  state_->Stop();
}

io::Task<absl::StatusOr<Response>> Client::Get(Request request) {
  // The client may go before the fiber does.
  const std::shared_ptr<State> state = state_;
  const std::string host = request.host;
  const absl::Duration time_max =
      std::min({request.time_max, state->options.time_max, kTimeMaxMax});
  const auto order = std::make_shared<Order>(std::move(request), absl::Now() + time_max);
  POSTERN_CO_RETURN_IF_ERROR(state->Put(order));
  std::optional<Result> result = co_await order->Wait();
  if (result) co_return *std::move(result);
  state->Drop(*order);
  if (order->time_left() > absl::ZeroDuration()) co_return Stopping();
  co_return base::Error(absl::StatusCode::kDeadlineExceeded, "https://", base::Printable(host),
                        ": no whole answer within ", absl::FormatDuration(time_max));
}

}  // namespace postern::http
