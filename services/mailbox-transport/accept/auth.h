// services/mailbox-transport/accept/auth.h
//
// Authenticator: who may use AUTH, from a users file; and who failed too often.
//
// Flow      Load at start; Check for each AUTH.
// Failure   Load: kNotFound or kInvalidArgument naming file, line and rule. A changed file that is
//           wrong keeps the users of before and is logged.
// Lifetime  Outlives its checks. Thread-safe.
// Limits    A file of kUsersFileBytesMax; names of kUserBytesMax; kHashesMax checks at a time;
//           kFailingMax names that failed are remembered, and kWelcomeMax users at addresses from
//           which they got in. Hashing works on the disk pool and never on an event loop.
// See       RFC 4954; RFC 4616; common/tls/password_hash.h

#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/io/endpoint.h"
#include "common/io/on_disk.h"
#include "common/io/task.h"
#include "common/tls/password_hash.h"
#include "services/mailbox-transport/accept/bounded_table.h"
#include "services/mailbox-transport/accept/rules.h"

namespace postern::accept {

inline constexpr std::size_t kUsersFileBytesMax = 4 << 20;
inline constexpr std::size_t kUserBytesMax = 256;
inline constexpr int kHashesMax = 64;
inline constexpr std::size_t kFailingMax = 10000;
inline constexpr std::size_t kWelcomeMax = 10000;
inline constexpr absl::Duration kWelcomeFor = absl::Hours(24);

using Users = std::map<std::string, tls::PasswordHash, std::less<>>;

// Lines "name:scheme$params$salt$hash"; empty lines and those that begin with # are passed over.
// Errors name the line and never show the hash.
absl::StatusOr<Users> ParseUsers(std::string_view text);

// A user and a password, as AUTH brought them.
struct Credentials {
  std::string user;
  std::string password;
};

// The three parts of a PLAIN response, decoded; nullopt when it is none or asks to act as another
// user.
std::optional<Credentials> ParsePlain(std::string_view response);

class Authenticator {
 public:
  enum class Answer { kAccepted, kRefused, kWait, kUnavailable };

  // `users_file` may be empty: then nobody is accepted.
  Authenticator(io::DiskPool& disk, base::Clock& clock, std::string users_file)
      : disk_(disk), clock_(clock), users_file_(std::move(users_file)) {}

  // Reads the file; blocks.
  absl::Status Load();

  // `address` is nothing when it may be shared by many clients (SNAT, a balancer): then one who
  // guesses must not lock the others out, and failures count for the user alone.
  io::Task<Answer> Check(Credentials credentials,
                         std::optional<io::IpAddress> address,
                         RulesPtr rules);

 private:
  struct Failures {
    int count = 0;
    absl::Time last = absl::InfinitePast();
    absl::Time wait_until = absl::InfinitePast();
  };

  // What tells that the file is another one.
  struct Mark {
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    std::int64_t bytes = 0;
    bool operator==(const Mark&) const = default;
  };

  static absl::StatusOr<Mark> MarkOf(const std::string& file);
  absl::Status LoadMarked(const Mark& mark);
  std::shared_ptr<const Users> CurrentUsers();
  Answer Verify(const Credentials& credentials);

  bool MustWait(std::string_view name, absl::Time now);
  bool Welcome(std::string_view user_at, absl::Time now);
  void NoteFailure(std::string_view name, absl::Time now, const Rules& rules);

  io::DiskPool& disk_;
  base::Clock& clock_;
  std::string users_file_;
  std::atomic<int> hashing_{0};
  std::mutex mutex_;
  std::shared_ptr<const Users> users_;
  Mark mark_;
  BoundedTable<Failures> failing_{kFailingMax};
  BoundedTable<absl::Time> welcome_{kWelcomeMax};  // when a user last got in from an address
};

}  // namespace postern::accept
