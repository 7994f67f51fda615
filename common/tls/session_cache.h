// common/tls/session_cache.h
//
// SessionCache: sessions that a client may resume, each with the facts that its first handshake
// proved; internal to contexts.
//
// Flow      On the context KeepSessionsOf; for each handshake KeyFor, OfferSession; after it
//           TakeOverFacts, or the checks, then KeepSession; after a failed one ForgetSession.
// Lifetime  Thread-safe. An SSL keeps the cache alive.
// Limits    kResumableHostsMax keys, kResumablePerHostMax sessions of each, the oldest go first;
//           tickets of kTicketBytesMax; no session outlives the lifetime that its server names,
//           the certificates that were verified, or kResumableAgeMax since they were.
// See       RFC 5077; RFC 8446 §4.6.1, §C.4 (a ticket is used once)
//
// A resumed handshake shows no certificate, so nothing can be checked again: whatever was demanded
// is part of the key, a session is kept only after every check has passed, and what is resumed
// from it keeps its facts and its end. Where TLSA records decide, nothing is resumed.

#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/time/time.h"
#include <openssl/ssl.h>

#include "common/tls/context.h"

namespace postern::tls {

inline constexpr std::size_t kResumableHostsMax = 1000;
inline constexpr std::size_t kResumablePerHostMax = 4;
inline constexpr std::size_t kTicketBytesMax = 8 * 1024;
inline constexpr absl::Duration kResumableAgeMax = absl::Hours(1);

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

using SessionPointer = std::unique_ptr<SSL_SESSION, FreeSession>;

class SessionCache {
 public:
  struct Resumable {
    SessionPointer session;
    Facts facts;       // of the handshake that was checked
    absl::Time until;  // no later
  };

  // The newest one that holds. Of TLS 1.3 it is taken out; of TLS 1.2 a copy.
  std::optional<Resumable> Take(const std::string& key, absl::Time now);
  void Put(const std::string& key, Resumable resumable);
  void Forget(const std::string& key);

  std::size_t size() const;

 private:
  struct Kept {
    std::deque<Resumable> sessions;  // newest last; never empty
    std::list<std::string>::iterator place;
  };

  void Drop(std::unordered_map<std::string, Kept>::iterator kept);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Kept> kept_;
  std::list<std::string> by_age_;  // keys, the one put last at the end
};

// Everything that a session was checked for; empty when none may be resumed. `version` is that of
// the context.
std::string KeyFor(const ClientContext::Peer& peer, std::uint64_t version);

void KeepSessionsOf(SSL_CTX* context);

// With an empty key the session is neither resumed nor kept.
void OfferSession(SSL* ssl, std::shared_ptr<SessionCache> cache, std::string key);

// Whether the server has resumed what was offered: `facts` are those of the first handshake then.
bool TakeOverFacts(SSL* ssl, Facts& facts);

// Every check has passed: what the server gives to resume from is kept.
void KeepSession(SSL* ssl, const Facts& facts);

void ForgetSession(SSL* ssl);

}  // namespace postern::tls
