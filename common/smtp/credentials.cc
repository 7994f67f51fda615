#include "common/smtp/credentials.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/tls/file_watch.h"

namespace postern::smtp {

namespace {

// A secret that is swapped while it is read is read again, at most so often.
constexpr int kReadsMax = 3;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

template <typename... Parts>
absl::Status Unusable(absl::StatusCode code, const Parts&... parts) {
  return base::Error(code, "secret ", parts...);
}

absl::StatusOr<std::string> ReadLine(const std::string& secret,
                                     const std::string& path,
                                     std::size_t bytes_max = kCredentialBytesMax) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    const auto code =
        errno == ENOENT ? absl::StatusCode::kNotFound : absl::StatusCode::kUnavailable;
    const std::string cause = base::LowerAscii(std::generic_category().message(errno));
    return Unusable(code, secret, ": cannot read ", path, ": ", cause);
  }
  std::string text(bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  constexpr auto kWrong = absl::StatusCode::kInvalidArgument;
  if (std::ferror(file.get()) != 0) {
    return Unusable(absl::StatusCode::kUnavailable, secret, ": ", path, " does not read");
  }
  if (text.size() > bytes_max) {
    return Unusable(kWrong, secret, ": ", path, " has more than ", bytes_max, " bytes");
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return Unusable(kWrong, secret, ": ", path, " is empty");
  if (text.find('\0') != std::string::npos) {
    return Unusable(kWrong, secret, ": ", path, " holds a NUL byte");
  }
  return text;
}

// Of a secret that has a token: neither may hold what stands between them when they are sent.
absl::Status CheckToken(const std::string& secret, const Credential& credential) {
  constexpr auto kWrong = absl::StatusCode::kInvalidArgument;
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(credential.token.begin(), credential.token.end(), visible)) {
    return Unusable(kWrong, secret, ": token must be one word of printable ASCII");
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(credential.username.begin(), credential.username.end(), control)) {
    return Unusable(kWrong, secret, ": username holds a control character");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsSecretName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > kSecretNameBytesMax || !letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || c == '-' || c == '.'; });
}

std::string CredentialStore::PathOf(const std::string& secret, std::string_view file) const {
  return base::Cat(folder_, "/", secret, "/", file);
}

std::string CredentialStore::StampOf(const std::string& secret) const {
  return base::Cat(tls::StampOf(PathOf(secret, "username")), " ",
                   tls::StampOf(PathOf(secret, "password")), " ",
                   tls::StampOf(PathOf(secret, "token")));
}

std::optional<absl::StatusOr<CredentialPtr>> CredentialStore::Fresh(const std::string& secret) {
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(secret);
  if (known == known_.end()) return std::nullopt;
  if (clock_.Now() - known->second.looked >= kCredentialLook) return std::nullopt;
  return known->second.answer;
}

io::Task<absl::StatusOr<CredentialPtr>> CredentialStore::Find(std::string secret) {
  if (auto fresh = Fresh(secret)) co_return *std::move(fresh);
  absl::AnyInvocable<absl::StatusOr<CredentialPtr>()> read = [this, secret] {
    return Read(secret);
  };
  co_return co_await io::OnDisk(disk_, std::move(read));
}

absl::StatusOr<CredentialPtr> CredentialStore::Read(const std::string& secret) {
  if (!IsSecretName(secret)) {
    return Unusable(absl::StatusCode::kInvalidArgument, "\"", base::Printable(secret),
                    "\": is not a name of letters, digits, hyphens and dots");
  }
  if (folder_.empty()) {
    return Unusable(absl::StatusCode::kNotFound, secret,
                    ": this server has no folder of secrets (secrets_path)");
  }
  std::string stamp = StampOf(secret);
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(secret);
    // An error may be of the moment, too many open files or a mode that is mended: it is read anew.
    if (known != known_.end() && known->second.answer.ok() && known->second.stamp == stamp) {
      known->second.looked = clock_.Now();
      return known->second.answer;
    }
  }
  absl::StatusOr<CredentialPtr> answer = Load(secret);
  for (int reads = 1; reads < kReadsMax; ++reads) {
    const std::string after = StampOf(secret);
    if (after == stamp) break;
    stamp = after;
    answer = Load(secret);
  }
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kCredentialsMax) known_.clear();
  known_.insert_or_assign(secret, Known{answer, stamp, clock_.Now()});
  return answer;
}

absl::StatusOr<CredentialPtr> CredentialStore::Load(const std::string& secret) {
  auto credential = std::make_shared<Credential>();
  POSTERN_ASSIGN_OR_RETURN(credential->username, ReadLine(secret, PathOf(secret, "username")));
  absl::StatusOr<std::string> token = ReadLine(secret, PathOf(secret, "token"), kTokenBytesMax);
  if (!token.ok() && !absl::IsNotFound(token.status())) return token.status();
  absl::StatusOr<std::string> password = ReadLine(secret, PathOf(secret, "password"));
  if (!password.ok() && (!absl::IsNotFound(password.status()) || !token.ok())) {
    return password.status();
  }
  credential->password = password.value_or("");
  credential->token = token.value_or("");
  if (token.ok()) POSTERN_RETURN_IF_ERROR(CheckToken(secret, *credential));
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(secret);
  if (known != known_.end() && known->second.answer.ok()) {
    const Credential& before = **known->second.answer;
    if (before.username == credential->username && before.password == credential->password &&
        before.token == credential->token) {
      return *known->second.answer;
    }
  }
  credential->version = ++last_version_;
  return credential;
}

}  // namespace postern::smtp
