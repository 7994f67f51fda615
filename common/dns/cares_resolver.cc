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
#include "common/dns/cares_servers.h"
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

// What c-ares gave: its code, and the bytes of the last answer, if any.
struct Reply {
  int status = ARES_ECANCELLED;
  std::string bytes;
  absl::Time came = absl::Now();
};

using Pending = std::shared_ptr<io::Completion<Reply>>;

}  // namespace

struct CaresResolver::State {
  State(io::Executor& on, Options with)
      : executor(on),
        options(std::move(with)),
        alarm(on, [this] { Process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {}

  absl::Status Open();
  void Shut();
  std::uint16_t NewId();
  Pending Start(RecordType type, const std::string& name);
  // One question, from room for it to its answer.
  io::Task<absl::StatusOr<Answer>> Ask(RecordType type, std::string name);
  io::Task<absl::Status> Room(absl::Time deadline);
  io::Task<absl::StatusOr<Answer>> Finish(Pending pending,
                                          RecordType type,
                                          std::string name,
                                          absl::Time deadline);
  absl::StatusOr<Answer> Judge(RecordType type, std::string_view name, const Reply& reply) const;
  absl::Status Failure(absl::StatusCode code,
                       RecordType type,
                       std::string_view name,
                       std::string_view cause) const;
  absl::Status Late(RecordType type, std::string_view name) const;
  void Count(const absl::StatusOr<Answer>& answer, absl::Time deadline, absl::Time ended) const;

  void Process(ares_socket_t readable, ares_socket_t writable);
  void SetAlarm();
  static void OnSocket(void* self, ares_socket_t fd, int readable, int writable);
  static void OnAnswer(void* question, int status, int timeouts, unsigned char* bytes, int length);

  io::Executor& executor;
  Options options;  // trust_ad may be set before the first question, the rest stays
  io::Alarm alarm;
  ares_channel channel = nullptr;
  std::unordered_map<ares_socket_t, std::unique_ptr<io::DescriptorWatch>> watches;
  std::string servers;
  std::unordered_set<std::uint16_t> ids;  // of the questions under way
  io::Event room;
};

namespace {

// Travels through c-ares as a pointer; its callback takes it back, exactly once.
template <typename State>
struct Question {
  State* state;
  std::uint16_t id;
  Pending pending;
};

int LibraryStarted() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

}  // namespace

absl::Status CaresResolver::State::Open() {
  POSTERN_ASSIGN_OR_RETURN(std::vector<ares_addr_port_node> nodes, NodesOf(options.servers));
  ares_options with{};
  with.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  if (options.protocol == Protocol::kTcpOnly) with.flags |= ARES_FLAG_USEVC;
  if (options.protocol == Protocol::kUdpOnly) with.flags |= ARES_FLAG_IGNTC;
  with.ednspsz = kEdnsBytes;
  with.timeout = static_cast<int>(
      std::clamp<std::int64_t>(absl::ToInt64Milliseconds(options.per_server_timeout), 1, 600'000));
  with.tries = std::clamp(options.tries, 1, 10);
  with.sock_state_cb = &State::OnSocket;
  with.sock_state_cb_data = this;
  int status = LibraryStarted();
  if (status == ARES_SUCCESS) {
    status = ares_init_options(&channel, &with,
                               ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS |
                                   ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  }
  if (status == ARES_SUCCESS && !nodes.empty()) {
    status = ares_set_servers_ports(channel, nodes.data());
  }
  if (status != ARES_SUCCESS) {
    return base::Error(absl::StatusCode::kUnavailable,
                       "dns: ", base::LowerAscii(ares_strerror(status)));
  }
  servers = ServersOf(channel);
  return absl::OkStatus();
}

void CaresResolver::State::Shut() {
  alarm.Clear();
  options.probe = nullptr;  // its owner goes with the resolver
  if (channel != nullptr) ares_destroy(std::exchange(channel, nullptr));
  room.NotifyAll();
}

void CaresResolver::State::Process(ares_socket_t readable, ares_socket_t writable) {
  if (channel == nullptr) return;
  ares_process_fd(channel, readable, writable);
  SetAlarm();
}

void CaresResolver::State::SetAlarm() {
  timeval room_for_answer{};
  const timeval* next = ares_timeout(channel, nullptr, &room_for_answer);
  if (next == nullptr) return alarm.Clear();
  // A millisecond more, so that c-ares finds its timeout passed.
  alarm.Set(absl::DurationFromTimeval(*next) + absl::Milliseconds(1));
}

void CaresResolver::State::OnSocket(void* self, ares_socket_t fd, int readable, int writable) {
  auto* const state = static_cast<State*>(self);
  if (readable == 0 && writable == 0) {
    // c-ares closes the descriptor next.
    state->watches.erase(fd);
    return;
  }
  auto& watch = state->watches[fd];
  if (watch == nullptr) {
    watch = std::make_unique<io::DescriptorWatch>(
        state->executor, fd, [state, fd](bool can_read, bool can_write) {
          state->Process(can_read ? fd : ARES_SOCKET_BAD, can_write ? fd : ARES_SOCKET_BAD);
        });
  }
  watch->Want(readable != 0, writable != 0);
}

void CaresResolver::State::OnAnswer(
    void* question, int status, int /*timeouts*/, unsigned char* bytes, int length) {
  const std::unique_ptr<Question<State>> taken(static_cast<Question<State>*>(question));
  Reply reply;
  reply.status = status;
  if (bytes != nullptr && length > 0) {
    reply.bytes.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  }
  taken->state->ids.erase(taken->id);
  taken->state->room.NotifyOne();
  taken->pending->Set(std::move(reply));
}

io::Task<absl::Status> CaresResolver::State::Room(absl::Time deadline) {
  while (ids.size() >= static_cast<std::size_t>(options.questions_max) && channel != nullptr) {
    const absl::Status waited = co_await room.Until(deadline - absl::Now());
    if (waited.ok()) continue;
    Count(waited, deadline, absl::Now());
    co_return waited;
  }
  if (channel == nullptr) co_return absl::CancelledError("stopping");
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
  ares_send(channel, bytes, length, &State::OnAnswer, question.release());
  ares_free_string(bytes);
  SetAlarm();
  return pending;
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

absl::Status CaresResolver::State::Failure(absl::StatusCode code,
                                           RecordType type,
                                           std::string_view name,
                                           std::string_view cause) const {
  return base::Error(code, "dns ", KindOf(type), " ", name, ": ", cause, " (asked ", servers, ")");
}

absl::StatusOr<Answer> CaresResolver::State::Judge(RecordType type,
                                                   std::string_view name,
                                                   const Reply& reply) const {
  using enum absl::StatusCode;
  switch (reply.status) {
    case ARES_SUCCESS:
      break;
    case ARES_ETIMEOUT:
      return Failure(kDeadlineExceeded, type, name, "no answer");
    // c-ares says "refused" when the last server answered SERVFAIL or REFUSED, too.
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
      return Failure(kUnavailable, type, name, "server failure");
    case ARES_EREFUSED:
      return Failure(kUnavailable, type, name, "refused");
    case ARES_EBADNAME:
      return Failure(kInvalidArgument, type, name, "not a domain name");
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return Failure(kCancelled, type, name, "stopping");
    default:
      return Failure(kUnavailable, type, name, base::LowerAscii(ares_strerror(reply.status)));
  }
  absl::StatusOr<Answer> answer = ParseAnswer(reply.bytes, type);
  if (!answer.ok()) return Failure(kUnavailable, type, name, base::MessageOf(answer.status()));
  if (answer->code == ResponseCode::kNoSuchName) {
    return WithNegativeTtl(Failure(kNotFound, type, name, "no such name"), answer->negative_ttl);
  }
  if (answer->code != ResponseCode::kNoError) {
    const auto code = static_cast<int>(answer->code);
    return Failure(kUnavailable, type, name, base::Cat("response code ", code));
  }
  if (answer->truncated) return Failure(kUnavailable, type, name, "truncated answer");
  if (answer->referral) return Failure(kUnavailable, type, name, "the server does not recurse");
  if (answer->empty()) answer->ttl = answer->negative_ttl;
  answer->authentic = answer->authentic && options.trust_ad;
  return answer;
}

// Nobody waits for its reply any longer.
absl::Status CaresResolver::State::Late(RecordType type, std::string_view name) const {
  const io::Fiber* const fiber = io::Fiber::Current();
  if (fiber != nullptr && fiber->cancelled()) {
    return Failure(absl::StatusCode::kCancelled, type, name, "stopping");
  }
  return Failure(absl::StatusCode::kDeadlineExceeded, type, name, "no answer in time");
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
  absl::StatusOr<Answer> answer = reply.has_value() ? Judge(type, name, *reply) : Late(type, name);
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
