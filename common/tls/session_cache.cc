#include "common/tls/session_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::tls {
namespace {

// What one SSL offers and keeps; it lives as long as its SSL.
struct Keeping {
  std::shared_ptr<SessionCache> cache;
  std::string key;
  std::optional<SessionCache::Resumable> offered;
  bool passed = false;
  Facts facts;
  absl::Time until;
  std::vector<SessionPointer> early;  // before the checks
};

void FreeKeeping(void*, void* keeping, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Keeping*>(keeping);
}

int KeepingIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, FreeKeeping);
  return index;
}

Keeping* KeepingOf(SSL* ssl) {
  return static_cast<Keeping*>(SSL_get_ex_data(ssl, KeepingIndex()));
}

absl::Time EndOf(const SSL_SESSION* session) {
  return absl::FromUnixSeconds(SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session));
}

// What was verified holds no longer than each certificate of it.
absl::Time EndOfChain(SSL* ssl, absl::Time now) {
  absl::Time end = absl::InfiniteFuture();
  STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    int days = 0;
    int seconds = 0;
    const ASN1_TIME* const ends = X509_get0_notAfter(sk_X509_value(chain, i));
    if (ASN1_TIME_diff(&days, &seconds, nullptr, ends) != 1) return now;
    end = std::min(end, now + absl::Hours(24) * days + absl::Seconds(seconds));
  }
  return end;
}

void Keep(const Keeping& keeping, SessionPointer session) {
  SessionCache::Resumable resumable;
  resumable.until = std::min(keeping.until, EndOf(session.get()));
  resumable.session = std::move(session);
  resumable.facts = keeping.facts;
  keeping.cache->Put(keeping.key, std::move(resumable));
}

// OpenSSL calls this for each session that can be resumed: of TLS 1.2 at the end of the handshake,
// of TLS 1.3 when a ticket comes.
int OnNewSession(SSL* ssl, SSL_SESSION* session) {
  Keeping* const keeping = KeepingOf(ssl);
  if (keeping == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  const unsigned char* ticket = nullptr;
  std::size_t bytes = 0;
  SSL_SESSION_get0_ticket(session, &ticket, &bytes);
  if (bytes > kTicketBytesMax) return 0;
  // A copy, because a connection that breaks makes its own session useless.
  SessionPointer copy(SSL_SESSION_dup(session));
  if (copy == nullptr) return 0;
  if (keeping->passed) {
    Keep(*keeping, std::move(copy));
  } else if (keeping->early.size() < kResumablePerHostMax) {
    keeping->early.push_back(std::move(copy));
  }
  return 0;
}

bool UsedOnce(const SSL_SESSION* session) {
  return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

}  // namespace

std::optional<SessionCache::Resumable> SessionCache::Take(const std::string& key, absl::Time now) {
  const std::lock_guard lock(mutex_);
  const auto kept = kept_.find(key);
  if (kept == kept_.end()) return std::nullopt;
  auto& sessions = kept->second.sessions;
  std::erase_if(sessions, [now](const Resumable& one) { return one.until <= now; });
  std::optional<Resumable> taken;
  if (!sessions.empty() && UsedOnce(sessions.back().session.get())) {
    taken = std::move(sessions.back());
    sessions.pop_back();
  } else if (!sessions.empty()) {
    const Resumable& newest = sessions.back();
    SessionPointer copy(SSL_SESSION_dup(newest.session.get()));
    if (copy != nullptr) taken = {std::move(copy), newest.facts, newest.until};
  }
  if (sessions.empty()) Drop(kept);
  return taken;
}

void SessionCache::Put(const std::string& key, Resumable resumable) {
  const std::lock_guard lock(mutex_);
  const auto [kept, fresh] = kept_.try_emplace(key);
  if (fresh) {
    kept->second.place = by_age_.insert(by_age_.end(), key);
  } else {
    by_age_.splice(by_age_.end(), by_age_, kept->second.place);
  }
  auto& sessions = kept->second.sessions;
  sessions.push_back(std::move(resumable));
  if (sessions.size() > kResumablePerHostMax) sessions.pop_front();
  if (kept_.size() > kResumableHostsMax) Drop(kept_.find(by_age_.front()));
}

void SessionCache::Forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto kept = kept_.find(key);
  if (kept != kept_.end()) Drop(kept);
}

void SessionCache::Drop(std::unordered_map<std::string, Kept>::iterator kept) {
  by_age_.erase(kept->second.place);
  kept_.erase(kept);
}

std::size_t SessionCache::size() const {
  const std::lock_guard lock(mutex_);
  std::size_t size = 0;
  for (const auto& [key, kept] : kept_)
    size += kept.sessions.size();
  return size;
}

std::string KeyFor(const ClientContext::Peer& peer, std::uint64_t version) {
  if (peer.resumption_key.empty() || !peer.demand.dane.empty()) return "";
  std::vector<std::string> parts = {peer.resumption_key,
                                    peer.server_name,
                                    peer.certificate != nullptr ? peer.certificate->version : "",
                                    std::to_string(version),
                                    peer.demand.chain ? "chain" : "",
                                    peer.demand.revocation_known ? "known" : "",
                                    peer.demand.alternative_names ? "alternative names" : "",
                                    peer.describe ? "describe" : "",
                                    peer.tried_name};
  parts.insert(parts.end(), peer.demand.names.begin(), peer.demand.names.end());
  // Each with its length, so that no two lists make one text.
  std::string key;
  for (const std::string& part : parts)
    key += base::Cat(part.size(), ":", part);
  return key;
}

void KeepSessionsOf(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, OnNewSession);
}

void OfferSession(SSL* ssl, std::shared_ptr<SessionCache> cache, std::string key) {
  if (key.empty()) return;
  auto keeping = std::make_unique<Keeping>();
  keeping->offered = cache->Take(key, absl::Now());
  keeping->cache = std::move(cache);
  keeping->key = std::move(key);
  if (keeping->offered && SSL_set_session(ssl, keeping->offered->session.get()) != 1) {
    keeping->offered.reset();
  }
  POSTERN_CHECK(SSL_set_ex_data(ssl, KeepingIndex(), keeping.get()) == 1);
  keeping.release();
}

bool TakeOverFacts(SSL* ssl, Facts& facts) {
  if (SSL_session_reused(ssl) != 1) return false;
  const Keeping* const keeping = KeepingOf(ssl);
  POSTERN_CHECK(keeping != nullptr && keeping->offered.has_value());
  Facts first = keeping->offered->facts;
  first.version = std::move(facts.version);
  first.cipher = std::move(facts.cipher);
  first.resumed = true;
  facts = std::move(first);
  return true;
}

void KeepSession(SSL* ssl, const Facts& facts) {
  Keeping* const keeping = KeepingOf(ssl);
  if (keeping == nullptr) return;
  const absl::Time now = absl::Now();
  keeping->passed = true;
  keeping->facts = facts;
  keeping->until = facts.resumed ? keeping->offered->until
                                 : std::min(now + kResumableAgeMax, EndOfChain(ssl, now));
  for (SessionPointer& session : std::exchange(keeping->early, {}))
    Keep(*keeping, std::move(session));
  keeping->offered.reset();
}

void ForgetSession(SSL* ssl) {
  const Keeping* const keeping = KeepingOf(ssl);
  if (keeping != nullptr) keeping->cache->Forget(keeping->key);
}

}  // namespace postern::tls
