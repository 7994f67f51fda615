#include "common/dns/cares_resolver.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/time/clock.h"
#include <ares.h>
#include <arpa/nameser.h>
#include <sys/time.h>

#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/dns/cares_reply.h"
#include "common/dns/cares_servers.h"
#include "common/dns/letter_case.h"
#include "common/dns/message.h"
#include "common/dns/question.h"
#include "common/io/alarm.h"
#include "common/io/completion.h"
#include "common/io/descriptor_watch.h"
#include "common/io/event.h"
#include "common/io/fiber.h"

namespace postern::dns {
namespace {

// Fits every path without fragments: https://www.dnsflagday.net/2020/
constexpr int kEdnsBytes = 1232;
// In the fourth byte of a header.
constexpr unsigned char kAuthenticData = 0x20;

using Pending = std::shared_ptr<io::Completion<Reply>>;

// A channel of c-ares, known by its sockets.
template <typename State>
struct Lane {
  explicit Lane(State* of) : state(of) {}

  State* state;
  ares_channel channel = nullptr;
};

// Travels through c-ares as a pointer; its callback takes it back, exactly once.
template <typename State>
struct Question {
  State* state;
  std::uint16_t id = 0;
  std::string plain;  // the whole message, in lower case
  std::string mixed;  // the question as it was sent, when its answer must repeat that
  Pending pending;
};

}  // namespace

struct CaresResolver::State {
  State(io::Executor& on, Options with)
      : executor(on), options(std::move(with)), alarm(on, [this] { ProcessTimeouts(); }) {}

  absl::Status Open();
  absl::Status OpenLane(Lane<State>& lane,
                        bool by_tcp,
                        const std::vector<std::string>& server_texts);
  void Shut();
  std::uint16_t NewId();
  Pending Start(RecordType type, const std::string& name);
  void Send(Lane<State>& lane, std::unique_ptr<Question<State>> question, std::string message);
  // Its answer came in other letters: what was forged, or a server that does not keep them.
  void SendAgain(std::unique_ptr<Question<State>> question);
  // One question, from room for it to its answer.
  io::Task<absl::StatusOr<Answer>> Ask(RecordType type, std::string name);
  io::Task<absl::Status> Room(absl::Time deadline);
  io::Task<absl::StatusOr<Answer>> Finish(Pending pending,
                                          RecordType type,
                                          std::string name,
                                          absl::Time deadline);
  absl::Status Late(const Asked& asked) const;
  void Count(const absl::StatusOr<Answer>& answer, absl::Time deadline, absl::Time ended) const;

  void Process(Lane<State>& lane, ares_socket_t readable, ares_socket_t writable);
  void ProcessTimeouts();
  void SetAlarm();
  static void OnSocket(void* lane, ares_socket_t fd, int readable, int writable);
  static void OnAnswer(void* question, int status, int timeouts, unsigned char* bytes, int length);

  io::Executor& executor;
  Options options;  // trust_ad may be set before the first question, the rest stays
  io::Alarm alarm;
  Lane<State> usual{this};
  Lane<State> tcp{this};  // for questions that are asked again; opened by the first
  std::unordered_map<ares_socket_t, std::unique_ptr<io::DescriptorWatch>> watches;
  std::string servers;
  std::unordered_set<std::uint16_t> ids;  // of the questions under way
  io::Event room;
};

namespace {

int LibraryStarted() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

}  // namespace

absl::Status CaresResolver::State::Open() {
  POSTERN_RETURN_IF_ERROR(OpenLane(usual, options.protocol == Protocol::kTcpOnly, options.servers));
  servers = ServersOf(usual.channel);
  return absl::OkStatus();
}

absl::Status CaresResolver::State::OpenLane(Lane<State>& lane,
                                            bool by_tcp,
                                            const std::vector<std::string>& server_texts) {
  POSTERN_ASSIGN_OR_RETURN(std::vector<ares_addr_port_node> nodes, NodesOf(server_texts));
  ares_options with{};
  with.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  if (by_tcp) with.flags |= ARES_FLAG_USEVC;
  if (options.protocol == Protocol::kUdpOnly) with.flags |= ARES_FLAG_IGNTC;
  with.ednspsz = kEdnsBytes;
  with.timeout = static_cast<int>(
      std::clamp<std::int64_t>(absl::ToInt64Milliseconds(options.per_server_timeout), 1, 600'000));
  with.tries = std::clamp(options.tries, 1, 10);
  with.sock_state_cb = &State::OnSocket;
  with.sock_state_cb_data = &lane;
  int status = LibraryStarted();
  if (status == ARES_SUCCESS) {
    status = ares_init_options(&lane.channel, &with,
                               ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS |
                                   ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  }
  if (status == ARES_SUCCESS && !nodes.empty()) {
    status = ares_set_servers_ports(lane.channel, nodes.data());
  }
  if (status == ARES_SUCCESS) return absl::OkStatus();
  if (lane.channel != nullptr) ares_destroy(std::exchange(lane.channel, nullptr));
  return base::Error(absl::StatusCode::kUnavailable,
                     "dns: ", base::LowerAscii(ares_strerror(status)));
}

void CaresResolver::State::Shut() {
  alarm.Clear();
  options.probe = nullptr;  // its owner goes with the resolver
  for (Lane<State>* const lane : {&usual, &tcp}) {
    if (lane->channel != nullptr) ares_destroy(std::exchange(lane->channel, nullptr));
  }
  room.NotifyAll();
}

void CaresResolver::State::Process(Lane<State>& lane,
                                   ares_socket_t readable,
                                   ares_socket_t writable) {
  if (lane.channel == nullptr) return;
  ares_process_fd(lane.channel, readable, writable);
  SetAlarm();
}

void CaresResolver::State::ProcessTimeouts() {
  Process(usual, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  Process(tcp, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void CaresResolver::State::SetAlarm() {
  absl::Duration wait = absl::InfiniteDuration();
  for (const Lane<State>* const lane : {&usual, &tcp}) {
    if (lane->channel == nullptr) continue;
    timeval room_for_answer{};
    const timeval* next = ares_timeout(lane->channel, nullptr, &room_for_answer);
    if (next != nullptr) wait = std::min(wait, absl::DurationFromTimeval(*next));
  }
  if (wait == absl::InfiniteDuration()) return alarm.Clear();
  // A millisecond more, so that c-ares finds its timeout passed.
  alarm.Set(wait + absl::Milliseconds(1));
}

void CaresResolver::State::OnSocket(void* lane, ares_socket_t fd, int readable, int writable) {
  auto* const of = static_cast<Lane<State>*>(lane);
  State* const state = of->state;
  if (readable == 0 && writable == 0) {
    // c-ares closes the descriptor next.
    state->watches.erase(fd);
    return;
  }
  auto& watch = state->watches[fd];
  if (watch == nullptr) {
    watch = std::make_unique<io::DescriptorWatch>(
        state->executor, fd, [of, fd](bool can_read, bool can_write) {
          of->state->Process(*of, can_read ? fd : ARES_SOCKET_BAD,
                             can_write ? fd : ARES_SOCKET_BAD);
        });
  }
  watch->Want(readable != 0, writable != 0);
}

void CaresResolver::State::OnAnswer(
    void* question, int status, int /*timeouts*/, unsigned char* bytes, int length) {
  std::unique_ptr<Question<State>> taken(static_cast<Question<State>*>(question));
  Reply reply;
  reply.status = status;
  if (bytes != nullptr && length > 0) {
    reply.bytes.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  }
  const bool altered = !taken->mixed.empty() && QuestionOf(reply.bytes) != taken->mixed;
  if (status == ARES_SUCCESS && altered) return taken->state->SendAgain(std::move(taken));
  taken->state->ids.erase(taken->id);
  taken->state->room.NotifyOne();
  taken->pending->Set(std::move(reply));
}

io::Task<absl::Status> CaresResolver::State::Room(absl::Time deadline) {
  while (ids.size() >= static_cast<std::size_t>(options.questions_max) &&
         usual.channel != nullptr) {
    const absl::Status waited = co_await room.Until(deadline - absl::Now());
    if (waited.ok()) continue;
    Count(waited, deadline, absl::Now());
    co_return waited;
  }
  if (usual.channel == nullptr) co_return absl::CancelledError("stopping");
  co_return absl::OkStatus();
}

std::uint16_t CaresResolver::State::NewId() {
  while (true) {
    const auto id = static_cast<std::uint16_t>(base::Random::System().Below(0x10000));
    if (ids.insert(id).second) return id;
  }
}

// ares_query does not set the AD bit, by which a question asks for the same bit in its answer.
Pending CaresResolver::State::Start(RecordType type, const std::string& name) {
  auto pending = std::make_shared<io::Completion<Reply>>(executor);
  auto question = std::make_unique<Question<State>>();
  question->state = this;
  question->id = NewId();
  question->pending = pending;
  unsigned char* bytes = nullptr;
  int length = 0;
  const int made = ares_create_query(name.c_str(), ns_c_in, static_cast<int>(type), question->id,
                                     /*rd=*/1, &bytes, &length, kEdnsBytes);
  if (made != ARES_SUCCESS) {
    OnAnswer(question.release(), made, 0, nullptr, 0);
    return pending;
  }
  bytes[3] |= kAuthenticData;
  std::string message(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  ares_free_string(bytes);
  question->plain = message;
  // By TCP nobody answers in a server's place unseen, and without it nothing can be asked again.
  if (options.protocol == Protocol::kAny) {
    MixCase(message, base::Random::System());
    question->mixed = QuestionOf(message);
  }
  Send(usual, std::move(question), std::move(message));
  SetAlarm();
  return pending;
}

void CaresResolver::State::Send(Lane<State>& lane,
                                std::unique_ptr<Question<State>> question,
                                std::string message) {
  ares_send(lane.channel, reinterpret_cast<const unsigned char*>(message.data()),
            static_cast<int>(message.size()), &State::OnAnswer, question.release());
}

void CaresResolver::State::SendAgain(std::unique_ptr<Question<State>> question) {
  question->mixed.clear();
  if (tcp.channel == nullptr) {
    const std::vector<std::string_view> texts = base::Split(servers, ' ');
    const absl::Status opened = OpenLane(tcp, true, {texts.begin(), texts.end()});
    if (!opened.ok()) return OnAnswer(question.release(), ARES_ENOMEM, 0, nullptr, 0);
  }
  std::string message = question->plain;
  Send(tcp, std::move(question), std::move(message));
}

io::Task<absl::StatusOr<Answer>> CaresResolver::State::Ask(RecordType type, std::string text) {
  const std::string_view kind = KindOf(type);
  POSTERN_CO_ASSIGN_OR_RETURN(const std::string name, NameToAsk(kind, text));
  const absl::Time deadline = absl::Now() + options.query_timeout;
  const std::string label = base::Cat("dns ", kind, " ", name);
  POSTERN_CO_RETURN_IF_ERROR(base::Annotate(co_await Room(deadline), label));
  Pending pending = Start(type, name);
  co_return co_await Finish(std::move(pending), type, name, deadline);
}

// Nobody waits for its reply any longer.
absl::Status CaresResolver::State::Late(const Asked& asked) const {
  const io::Fiber* const fiber = io::Fiber::Current();
  if (fiber != nullptr && fiber->cancelled()) {
    return Failure(absl::StatusCode::kCancelled, asked, "stopping");
  }
  return Failure(absl::StatusCode::kDeadlineExceeded, asked, "no answer in time");
}

void CaresResolver::State::Count(const absl::StatusOr<Answer>& answer,
                                 absl::Time deadline,
                                 absl::Time ended) const {
  if (options.probe == nullptr) return;
  const absl::Time asked = deadline - options.query_timeout;
  options.probe->Asked(answer.status(), !answer.ok() || answer->empty(), ended - asked);
}

io::Task<absl::StatusOr<Answer>> CaresResolver::State::Finish(Pending pending,
                                                              RecordType type,
                                                              std::string name,
                                                              absl::Time deadline) {
  const std::optional<Reply> reply = co_await pending->Until(deadline - absl::Now());
  const Asked asked{type, name, servers};
  absl::StatusOr<Answer> answer = reply.has_value() ? Judge(asked, *reply) : Late(asked);
  if (answer.ok()) answer->authentic = answer->authentic && options.trust_ad;
  Count(answer, deadline, reply.has_value() ? reply->came : absl::Now());
  co_return answer;
}

absl::StatusOr<std::unique_ptr<CaresResolver>> CaresResolver::Make(io::Executor& executor,
                                                                   Options options) {
  auto state = std::make_shared<State>(executor, std::move(options));
  const absl::Status opened = state->Open();
  if (!opened.ok()) {
    state->Shut();
    return opened;
  }
  return std::unique_ptr<CaresResolver>(new CaresResolver(std::move(state)));
}

CaresResolver::CaresResolver(std::shared_ptr<State> state) : state_(std::move(state)) {}

CaresResolver::~CaresResolver() {
  state_->Shut();
}

void CaresResolver::SetTrustAd(bool trusted) {
  state_->options.trust_ad = trusted;
}

const std::string& CaresResolver::servers() const {
  return state_->servers;
}

io::Task<absl::StatusOr<MxAnswer>> CaresResolver::Mx(std::string domain) {
  const std::shared_ptr<State> state = state_;
  POSTERN_CO_ASSIGN_OR_RETURN(Answer answer, co_await state->Ask(RecordType::kMx, domain));
  MxAnswer out;
  out.records = std::move(answer.mx);
  out.ttl = answer.ttl;
  out.secure = answer.authentic;
  co_return out;
}

io::Task<absl::StatusOr<TlsaAnswer>> CaresResolver::Tlsa(std::string name) {
  const std::shared_ptr<State> state = state_;
  POSTERN_CO_ASSIGN_OR_RETURN(Answer answer, co_await state->Ask(RecordType::kTlsa, name));
  TlsaAnswer out;
  out.records = std::move(answer.tlsa);
  out.ttl = answer.ttl;
  out.secure = answer.authentic;
  co_return out;
}

io::Task<absl::StatusOr<TxtAnswer>> CaresResolver::Txt(std::string name) {
  const std::shared_ptr<State> state = state_;
  POSTERN_CO_ASSIGN_OR_RETURN(Answer answer, co_await state->Ask(RecordType::kTxt, name));
  co_return TxtAnswer{std::move(answer.txt), answer.ttl};
}

io::Task<absl::StatusOr<PtrAnswer>> CaresResolver::Ptr(std::string name) {
  const std::shared_ptr<State> state = state_;
  POSTERN_CO_ASSIGN_OR_RETURN(Answer answer, co_await state->Ask(RecordType::kPtr, name));
  co_return PtrAnswer{std::move(answer.ptr), answer.ttl};
}

io::Task<absl::StatusOr<AddressAnswer>> CaresResolver::Addresses(std::string host) {
  const std::shared_ptr<State> state = state_;
  POSTERN_CO_ASSIGN_OR_RETURN(const std::string name, NameToAsk("address", host));
  const absl::Time deadline = absl::Now() + state->options.query_timeout;
  POSTERN_CO_RETURN_IF_ERROR(base::Annotate(co_await state->Room(deadline), "dns a " + name));
  const Families families = state->options.families;
  const bool both = families == Families::kAny;
  const RecordType one = families == Families::kIpv6 ? RecordType::kAaaa : RecordType::kA;
  Pending first = state->Start(one, name);
  Pending second = both ? state->Start(RecordType::kAaaa, name) : nullptr;
  std::vector<absl::StatusOr<Answer>> answers;
  answers.push_back(co_await state->Finish(std::move(first), one, name, deadline));
  if (both) {
    answers.push_back(co_await state->Finish(std::move(second), RecordType::kAaaa, name, deadline));
  }
  co_return JoinFamilies(name, answers);
}

}  // namespace postern::dns
