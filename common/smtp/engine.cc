#include "common/smtp/engine.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/smtp/attempt.h"

namespace postern::smtp {

namespace {

// A mail exchanger of our own name would bring the mail back to us. Where no mail goes nothing else
// goes either.
Engine::Parts Completed(Engine::Parts parts) {
  parts.stores.sts.refused = parts.lookup.refused;
  if (parts.host_name.find('.') != std::string::npos) {
    parts.lookup.own_names.push_back(base::LowerAscii(parts.host_name));
  }
  return parts;
}

}  // namespace

struct Engine::State {
  explicit State(Parts given)
      : parts(std::move(given)),
        pool(parts.limits),
        sts(parts.stores.web, base::Clock::System(), parts.stores.sts),
        counters(parts.counters != nullptr ? *parts.counters : own_counters),
        scope(parts.executor) {}

  // Closes idle sessions when their time has come; ends with the last of them.
  io::Task<void> Reap();

  Parts parts;
  Pool pool;
  Lately<io::Endpoint> clear_hosts{kForgoneFor, kForgoneHostsMax};
  Lately<io::Endpoint> data_hosts{kForgoneFor, kForgoneHostsMax};
  HostFamilies host_families;
  Unreached unreached;
  StsPolicies sts;
  EngineCounters own_counters;
  EngineCounters& counters;
  std::size_t attempts = 0;
  bool stopping = false;
  bool reaping = false;
  absl::Time reap_at = absl::InfinitePast();  // when Reap looks again
  io::Event wake;                             // Reap, earlier than that
  io::Event ended;                            // an attempt did
  io::Scope scope;
};

io::Task<void> Engine::State::Reap() {
  while (pool.idle() > 0 && !stopping) {
    // At most ten times a second, however many there are.
    const absl::Time now = absl::Now();
    reap_at = std::max(pool.next_expiry(), now + absl::Milliseconds(100));
    const absl::Status waited = co_await wake.Until(reap_at - now);
    if (absl::IsCancelled(waited)) break;
    pool.Expire(absl::Now());
  }
  reaping = false;
}

Engine::Engine(Parts parts) : state_(std::make_unique<State>(Completed(std::move(parts)))) {}

Engine::~Engine() {
  POSTERN_CHECK(state_->attempts == 0);
}

io::Task<Outcome> Engine::Attempt(const Delivery& delivery, BodySource& body) {
  POSTERN_CHECK(!delivery.envelope.recipients.empty());
  State& state = *state_;
  AttemptParts parts{state.parts,      state.pool,          state.clear_hosts,
                     state.data_hosts, state.host_families, state.unreached,
                     state.sts,        state.counters,      state.stopping};
  ++state.attempts;
  smtp::Attempt attempt(parts, delivery, body);
  Outcome outcome = co_await attempt.Run();
  --state.attempts;

  if (state.stopping) {
    state.pool.CloseIdle();
    state.ended.NotifyAll();
  } else if (!state.reaping && state.pool.idle() > 0) {
    state.reaping = true;
    state.scope.Spawn(state.Reap());
  } else if (state.pool.next_expiry() < state.reap_at) {
    state.wake.NotifyAll();
  }
  co_return outcome;
}

void Engine::CloseIdle(std::string_view connector, std::string_view mx_set) {
  state_->pool.CloseIdle(connector, mx_set);
}

void Engine::Stop() {
  state_->stopping = true;
  state_->pool.CloseIdle();
  state_->wake.NotifyAll();
}

io::Task<void> Engine::Join() {
  while (state_->attempts > 0)
    co_await state_->ended.Notified();
  co_await state_->scope.Join();
}

std::size_t Engine::sessions_open() const {
  return state_->pool.open();
}

const EngineCounters& Engine::counters() const {
  return state_->counters;
}

}  // namespace postern::smtp
