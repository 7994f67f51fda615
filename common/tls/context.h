// common/tls/context.h
//
// TLS contexts: what we prove and what we accept, loaded from PEM files; shared by many sessions.
//
// Flow      Make from files; Reload when they change; StartServer/StartClient on a connected
//           stream.
// Failure   Make, Reload: kInvalidArgument or kNotFound naming the file and the rule; a failed
//           Reload keeps what was there. Handshakes: kUnavailable with OpenSSL's words,
//           kDeadlineExceeded.
// Lifetime  A session keeps what it needs alive; contexts may be reloaded under it. Thread-safe.
// Limits    TLS 1.2 or later; the stream's deadline bounds the handshake.
// See       RFC 3207; RFC 8446; docs/architecture.md "deliver"

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/stream.h"

namespace postern::tls {

struct Facts {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  bool verified = false;     // chain and name were checked and fit
  std::string peer_subject;  // RFC 2253 form; empty without a peer certificate
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

  struct Peer {
    std::string server_name;  // SNI and the name to check; an IP address is checked as one
    bool verify = false;      // false: encryption only, opportunistic; facts.verified still tells
  };

  io::Task<absl::StatusOr<Session>> Start(std::unique_ptr<io::Stream> stream, Peer peer) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// notAfter of the first certificate in a PEM file; for the expiry gauge.
absl::StatusOr<absl::Time> ExpiryOf(const std::string& certificate_file);

}  // namespace postern::tls
