// common/tls/context.h
//
// TLS contexts: what we prove and what we accept, loaded from PEM files; shared by many sessions.
//
// Flow      Load, again when the files change; Start on a connected stream.
// Failure   Load: kInvalidArgument or kNotFound naming the file and the rule; a failed Load keeps
//           what was there. Start: kUnavailable with OpenSSL's words, kDeadlineExceeded;
//           kUnauthenticated when the peer's certificate does not prove what was demanded.
// Lifetime  A session keeps what it needs alive; contexts may be reloaded under it. Thread-safe.
// Limits    TLS 1.2 or later; the stream's deadline bounds the handshake; those of
//           session_cache.h.
// See       RFC 3207; RFC 8446; RFC 7672 (TLSA records); RFC 6960 (stapled responses); RFC 5280;
//           docs/architecture.md "deliver"

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/stream.h"
#include "common/tls/certificate.h"
#include "common/tls/certificate_facts.h"
#include "common/tls/dane_anchor.h"
#include "common/tls/revocation_facts.h"

namespace postern::tls {

struct Facts {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  bool verified = false;                 // chain and name were checked and fit
  bool dane = false;                     // one of the TLSA records fits
  bool resumed = false;                  // what is said here was proved by an earlier handshake
  RevocationFacts revocation;            // of a client that demands a chain
  std::string tried;                     // of Peer::tried_name: kSuccessful, or what fails it
  std::string peer_subject;              // RFC 2253 form; empty without a peer certificate
  bool asked = false;                    // of a client: the peer asked for a certificate of ours
  std::optional<CertificateFacts> peer;  // of a client that wants them
};

// What the peer's certificate must prove before anything is said to the peer. It is looked at
// after the handshake: a session that is refused has carried no word of ours.
struct Demand {
  bool chain = false;  // a chain to a trusted authority, at this time
  // With `chain`: and each of these. "mx.contoso.com", "192.0.2.1", or "*.contoso.com" for
  // contoso.com and every name below it.
  std::vector<std::string> names;
  // With `names`: a subjectAltName alone says whom a certificate is for (RFC 8461 §4.1).
  bool alternative_names = false;
  // With `chain`: a certificate of which nobody tells whether it was revoked is refused.
  bool revocation_known = false;
  // One of these TLSA records, besides what is above; empty: none is looked for.
  std::vector<DaneAnchor> dane;
  // Whom a certificate below a DANE-TA authority must be for, one of them: the next hop's domain,
  // the host, the name below which the records are.
  std::vector<std::string> dane_names;
};

struct Session {
  std::unique_ptr<io::Stream> stream;
  Facts facts;
};

class ServerContext {
 public:
  ServerContext();
  ~ServerContext();

  // `client_ca_file` empty: no client certificate is asked for. Otherwise one is asked for, a wrong
  // one ends the handshake, and facts.verified says whether one was shown.
  absl::Status Load(const std::string& certificate_file,
                    const std::string& key_file,
                    const std::string& client_ca_file = "");

  io::Task<absl::StatusOr<Session>> Start(std::unique_ptr<io::Stream> stream) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

class ClientContext {
 public:
  ClientContext();  // no client certificate, the system's trust store
  ~ClientContext();

  // Each may be empty: no client certificate; the system's trust store.
  absl::Status Load(const std::string& certificate_file,
                    const std::string& key_file,
                    const std::string& ca_file);

  // Where a chain is demanded: whether the server's certificate was revoked is asked of a stapled
  // OCSP response, and of a file of revocation lists that is read again when it changes.
  struct Revocation {
    bool check = true;
    bool soft_fail = true;  // a certificate of which nothing is known passes
    std::string crl_file;   // PEM; empty: none
  };

  // Failure as of Load: what was there before stays.
  absl::Status SetRevocation(const Revocation& revocation);

  struct Peer {
    std::string server_name;  // for SNI, and for facts.verified where nothing is demanded
    Demand demand;
    CertificatePtr certificate;  // shown when the peer asks; null: that of Load, if there is one
    bool describe = false;       // facts.peer is wanted
    // Whether a chain for this name is shown is looked at, told and not demanded; empty: it is not
    // looked at.
    std::string tried_name;
    // Whom and for what: sessions of one key may be resumed. Empty: none is.
    std::string resumption_key;
  };

  io::Task<absl::StatusOr<Session>> Start(std::unique_ptr<io::Stream> stream, Peer peer) const;

  // Another number after each Load, SetRevocation and change of the revocation lists: what was
  // trusted may have changed.
  std::uint64_t version() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// notAfter of the first certificate in a PEM file; for the expiry gauge.
absl::StatusOr<absl::Time> ExpiryOf(const std::string& certificate_file);

}  // namespace postern::tls
