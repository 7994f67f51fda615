// common/smtp/credentials.h
//
// CredentialStore: user names and passwords for smart hosts, from mounted secrets.
//
// Flow      Find on an executor, at each use; Read where the thread may wait for the disk.
// Failure   kNotFound, kInvalidArgument or kUnavailable naming the secret and the file, never what
//           stands in it.
// Lifetime  Thread-safe; outlives those who ask. Borrows disk pool and clock.
// Limits    A secret is a folder with the files `username` and `password`, as Kubernetes mounts
//           one, of kCredentialBytesMax bytes each; one line end at their end is not part of them.
//           What was read holds for kCredentialLook; kCredentialsMax secrets are remembered.
// See       docs/exchange.md "AuthenticationCredential"

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
inline constexpr std::size_t kCredentialsMax = 1000;
inline constexpr std::size_t kSecretNameBytesMax = 253;
inline constexpr absl::Duration kCredentialLook = absl::Seconds(1);

struct Credential {
  std::string username;
  std::string password;
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
};

}  // namespace postern::smtp
