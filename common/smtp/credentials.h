// common/smtp/credentials.h
//
// CredentialStore: user names with passwords or tokens for smart hosts, from mounted secrets.
//
// Flow      Find on an executor, at each use; Read where the thread may wait for the disk.
// Failure   kNotFound, kInvalidArgument or kUnavailable naming the secret and the file, never what
//           stands in it.
// Lifetime  Thread-safe; outlives those who ask. Borrows disk pool and clock.
// Limits    A secret is a folder as Kubernetes mounts one, with the file `username` and one or both
//           of `password` and `token`: of kCredentialBytesMax bytes each, a token of
//           kTokenBytesMax; one line end at their end is not part of them. What was read holds for
//           kCredentialLook; kCredentialsMax secrets are remembered.
// See       docs/exchange.md "Logins"

#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/io/on_disk.h"
#include "common/io/task.h"

namespace postern::smtp {

inline constexpr std::size_t kCredentialBytesMax = 4096;
inline constexpr std::size_t kTokenBytesMax = 6000;  // in base64 below the line of RFC 4954 §4
inline constexpr std::size_t kCredentialsMax = 1000;
inline constexpr std::size_t kSecretNameBytesMax = 253;
inline constexpr absl::Duration kCredentialLook = absl::Seconds(1);

struct Credential {
  std::string username;
  std::string password;       // empty: there is none
  std::string token;          // of OAuth, printable; empty: there is none
  std::uint64_t version = 0;  // another one when the content is another
};

using CredentialPtr = std::shared_ptr<const Credential>;

// Lower-case letters, digits, hyphens and dots, beginning with a letter or digit: nothing that
// leads out of the folder.
bool IsSecretName(std::string_view name);

class CredentialStore {
 public:
  // An empty `folder` holds no secret.
  CredentialStore(std::string folder,
                  io::DiskPool& disk,
                  base::Clock& clock = base::Clock::System())
      : folder_(std::move(folder)), disk_(disk), clock_(clock) {}

  io::Task<absl::StatusOr<CredentialPtr>> Find(std::string secret);

  absl::StatusOr<CredentialPtr> Read(const std::string& secret);

  // Where the proof of a password is worked out, which takes long.
  io::DiskPool& proofs() { return proofs_; }

 private:
  struct Known {
    absl::StatusOr<CredentialPtr> answer;
    std::string stamp;
    absl::Time looked;
  };

  std::optional<absl::StatusOr<CredentialPtr>> Fresh(const std::string& secret);
  absl::StatusOr<CredentialPtr> Load(const std::string& secret);
  std::string PathOf(const std::string& secret, std::string_view file) const;
  std::string StampOf(const std::string& secret) const;

  const std::string folder_;
  io::DiskPool& disk_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
  std::uint64_t last_version_ = 0;
  io::DiskPool proofs_{1};  // of its own: bodies do not wait for it
};

}  // namespace postern::smtp
