#include "services/mailbox-transport/accept/auth.h"

#include <fstream>
#include <iterator>
#include <optional>

#include <sys/stat.h>

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::accept {

namespace {

absl::Status BadLine(std::size_t line, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "line ", line, ": ", rule);
}

absl::StatusOr<std::string> ReadFile(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return base::Error(absl::StatusCode::kNotFound, file, ": cannot be read");
  std::string text;
  text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  return text;
}

}  // namespace

absl::StatusOr<Users> ParseUsers(std::string_view text) {
  Users users;
  std::size_t number = 0;
  for (std::string_view line : base::Split(text, '\n')) {
    ++number;
    line = base::Trim(line);
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > kUserBytesMax) {
      return BadLine(number, "must be name:scheme$params$salt$hash");
    }
    auto hash = tls::PasswordHash::Parse(line.substr(colon + 1));
    if (!hash.ok()) return BadLine(number, base::MessageOf(hash.status()));
    if (!users.emplace(line.substr(0, colon), *std::move(hash)).second) {
      return BadLine(number, "a user must stand once");
    }
  }
  return users;
}

std::optional<Credentials> ParsePlain(std::string_view response) {
  const auto parts = base::Split(response, '\0');
  if (parts.size() != 3 || parts[1].empty() || parts[1].size() > kUserBytesMax) return std::nullopt;
  if (!parts[0].empty() && parts[0] != parts[1]) return std::nullopt;
  return Credentials{std::string(parts[1]), std::string(parts[2])};
}

absl::StatusOr<Authenticator::Mark> Authenticator::MarkOf(const std::string& file) {
  struct stat facts {};

  if (stat(file.c_str(), &facts) != 0) {
    return base::Error(absl::StatusCode::kNotFound, file, ": cannot be read");
  }
  if (facts.st_size > static_cast<off_t>(kUsersFileBytesMax)) {
    return base::Error(absl::StatusCode::kInvalidArgument, file, ": may have ", kUsersFileBytesMax,
                       " bytes");
  }
  Mark mark;
  mark.inode = facts.st_ino;
  mark.bytes = facts.st_size;
  mark.changed_ns = facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec;
  return mark;
}

absl::Status Authenticator::LoadMarked(const Mark& mark) {
  const auto text = ReadFile(users_file_);
  auto users = text.ok() ? ParseUsers(*text) : absl::StatusOr<Users>(text.status());
  const std::lock_guard lock(mutex_);
  mark_ = mark;  // also of a wrong file: it is not read again until it changes
  if (!users.ok()) return base::Annotate(users.status(), users_file_);
  users_ = std::make_shared<const Users>(*std::move(users));
  return absl::OkStatus();
}

absl::Status Authenticator::Load() {
  if (users_file_.empty()) return absl::OkStatus();
  const auto mark = MarkOf(users_file_);
  if (!mark.ok()) return base::Annotate(mark.status(), "accept.users_file");
  return base::Annotate(LoadMarked(*mark), "accept.users_file");
}

// On the disk pool.
std::shared_ptr<const Users> Authenticator::CurrentUsers() {
  const auto mark = MarkOf(users_file_);
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = mark.ok() && !(*mark == mark_);
  }
  if (changed) {
    const absl::Status loaded = LoadMarked(*mark);
    if (loaded.ok()) {
      POSTERN_LOG(kInfo, "accept", "users file read again", {{"file", users_file_}});
    } else {
      POSTERN_LOG(kError, "accept", "users file is wrong, the users of before stay",
                  {{"error", loaded}});
    }
  }
  const std::lock_guard lock(mutex_);
  return users_;
}

// On the disk pool. An unknown user costs what a known one costs.
Authenticator::Answer Authenticator::Verify(const Credentials& credentials) {
  const auto users = CurrentUsers();
  if (users == nullptr || users->empty()) return Answer::kRefused;
  const auto found = users->find(credentials.user);
  const bool known = found != users->end();
  const tls::PasswordHash& hash = known ? found->second : users->begin()->second;
  const bool matches = hash.Matches(credentials.password);
  return known && matches ? Answer::kAccepted : Answer::kRefused;
}

bool Authenticator::MustWait(std::string_view name, absl::Time now) {
  const Failures* failures = failing_.Find(name);
  return failures != nullptr && now < failures->wait_until;
}

bool Authenticator::Welcome(std::string_view user_at, absl::Time now) {
  const absl::Time* last = user_at.empty() ? nullptr : welcome_.Find(user_at);
  return last != nullptr && now - *last < kWelcomeFor;
}

void Authenticator::NoteFailure(std::string_view name, absl::Time now, const Rules& rules) {
  Failures& failures = failing_.At(name);
  if (now - failures.last > rules.auth_wait_max) failures.count = 0;
  failures.last = now;
  ++failures.count;
  if (failures.count < rules.auth_failures_max) return;
  absl::Duration wait = rules.auth_wait_first;
  for (int more = failures.count - rules.auth_failures_max; more > 0 && wait < rules.auth_wait_max;
       --more) {
    wait *= 2;
  }
  failures.wait_until = now + std::min(wait, rules.auth_wait_max);
}

io::Task<Authenticator::Answer> Authenticator::Check(Credentials credentials,
                                                     std::optional<io::IpAddress> address,
                                                     RulesPtr rules) {
  if (users_file_.empty()) co_return Answer::kUnavailable;
  const std::string by_user = base::Cat("user:", credentials.user);
  const std::string source = address ? address->Source().ToString() : "";
  const std::string by_address = base::Cat("address:", source);
  const std::string user_at = address ? base::Cat(source, " ", credentials.user) : "";
  {
    const std::lock_guard lock(mutex_);
    const absl::Time now = clock_.Now();
    // Who guesses from elsewhere must not lock the user out.
    if (MustWait(by_user, now) && !Welcome(user_at, now)) co_return Answer::kWait;
    if (address && MustWait(by_address, now)) co_return Answer::kWait;
  }
  if (hashing_.fetch_add(1) >= kHashesMax) {
    hashing_.fetch_sub(1);
    co_return Answer::kUnavailable;
  }
  absl::AnyInvocable<Answer()> verify = [this, given = std::move(credentials)] {
    return Verify(given);
  };
  const Answer answer = co_await io::OnDisk<Answer>(disk_, std::move(verify));
  hashing_.fetch_sub(1);
  const std::lock_guard lock(mutex_);
  if (answer == Answer::kAccepted) {
    // Who is welcome got past the wait of those who guess: it stays. So does the address's: one
    // good account does not excuse guessing others.
    if (!MustWait(by_user, clock_.Now())) failing_.Erase(by_user);
    if (address) welcome_.At(user_at) = clock_.Now();
  } else {
    NoteFailure(by_user, clock_.Now(), *rules);
    if (address) NoteFailure(by_address, clock_.Now(), *rules);
  }
  co_return answer;
}

}  // namespace postern::accept
