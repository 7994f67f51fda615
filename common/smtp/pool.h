// common/smtp/pool.h
//
// Pool: every open session of an engine, those in use counted, those idle kept for the next
// message.
//
// Flow      Take an idle session, or Open a place for a new one; Put it back when it may serve
//           again, or destroy it.
// Failure   Open: null when a limit is reached; wait for freed() and try again.
// Lifetime  Outlives its sessions. One executor.
// Limits    Limits::sessions_max in all, Limits::sessions_per_host_max to one address; an idle
//           session lives as long as its policy says, and serves messages_per_connection_max
//           messages of all its users.

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

#include "common/io/endpoint.h"
#include "common/io/event.h"
#include "common/smtp/connectivity_log.h"
#include "common/smtp/engine.h"
#include "common/smtp/limits.h"
#include "common/smtp/session.h"

namespace postern::smtp {

class Pool;

// What two deliveries must have in common to share a session. An address is the same server under
// each of its names, unless one of them was proved.
struct SessionKey {
  std::string host;  // no condition: where it matters, `proof` names it
  io::Endpoint address;
  const ConnectorPolicy& policy;
  // The names that were checked, and the versions of what was shown and trusted.
  std::string proof;
  std::string mx_set = {};  // by which it was found; no condition
};

// A session with what it may be shared by: equal keys only.
class PooledSession {
 public:
  PooledSession(Pool& pool, const SessionKey& key);
  ~PooledSession();
  PooledSession(const PooledSession&) = delete;
  PooledSession& operator=(const PooledSession&) = delete;

  const std::string host;
  const io::Endpoint address;
  const ConnectorPolicy policy;
  const std::string proof;
  const std::string mx_set;                  // of the one who opened it
  std::unique_ptr<ConnectionRecord> record;  // null: nobody asked for it
  std::unique_ptr<Session> session;          // null until it is opened
  std::uint32_t messages = 0;                // transactions so far
  bool clear_instead = false;                // STARTTLS was offered, and did not work
  bool helo_instead = false;                 // EHLO ended the connection, maybe of the moment
  absl::Time idle_since;

  bool Fits(const SessionKey& key) const { return proof == key.proof && policy == key.policy; }

  // True when it has served as often as it may.
  bool spent() const {
    const auto reached = [this](std::uint32_t most) { return most != 0 && messages >= most; };
    return reached(policy.messages_per_connection_max) ||
           (session != nullptr && reached(session->capabilities().messages_max));
  }

 private:
  friend class Pool;

  Pool& pool_;
  std::list<PooledSession*>::iterator by_age_;  // while it is idle
};

class Pool {
 public:
  explicit Pool(const Limits& limits) : limits_(limits) {}

  ~Pool();

  // The idle session that was used last, or null. Dead ones are closed on the way.
  std::unique_ptr<PooledSession> Take(const SessionKey& key, absl::Time now);
  // A place for a new session; closes the oldest idle one of another host when all places are
  // taken.
  std::unique_ptr<PooledSession> Open(const SessionKey& key);
  // Keeps a session that may serve again; closes it otherwise, and when it can less than its peer.
  void Put(std::unique_ptr<PooledSession> pooled, absl::Time now);

  // Closes what has been idle for too long.
  void Expire(absl::Time now);

  // No idle session is due before it.
  absl::Time next_expiry() const { return next_expiry_; }

  void CloseIdle();
  // Those that were opened by this connector for this MX set.
  void CloseIdle(std::string_view connector, std::string_view mx_set);

  // Notified when a session is put back or closed.
  io::Event& freed() { return freed_; }

  std::size_t open() const { return open_; }

  std::size_t idle() const { return idle_.size(); }

 private:
  friend class PooledSession;

  struct HostSessions {
    std::size_t open = 0;
    std::vector<std::unique_ptr<PooledSession>> idle;  // the last one is the youngest
  };

  // The idle session at `place` is idle no more.
  std::unique_ptr<PooledSession> Wake(HostSessions& host, std::size_t place);
  void Close(std::unique_ptr<PooledSession> pooled);
  void CloseIf(absl::FunctionRef<bool(const PooledSession&)> closes);
  bool CloseOldestIdle();

  const Limits& limits_;
  std::map<io::Endpoint, HostSessions> hosts_;
  std::list<PooledSession*> idle_;  // of all hosts, the first one is the oldest
  std::size_t open_ = 0;
  absl::Time next_expiry_ = absl::InfiniteFuture();  // exact after Expire, early after Take
  io::Event freed_;
};

}  // namespace postern::smtp
