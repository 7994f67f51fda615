#include "common/rpc/identity.h"

#include <fstream>
#include <sstream>
#include <vector>

#include <openssl/sha.h>

#include "common/base/text.h"

namespace postern::rpc {

namespace {

constexpr std::string_view kRoleNames[] = {"submit", "relay",   "proxy",
                                           "read",   "operate", "administer"};
constexpr std::size_t kTokenLinesMax = 10'000;
constexpr std::size_t kTokenFileBytesMax = 1 << 20;

absl::Status Invalid(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

Roles RolesOfService(std::string_view service) {
  const Roles read = Roles().With(Role::kRead);
  const Roles operate = read.With(Role::kOperate);
  if (service == "mailbox-transport") return read.With(Role::kRelay).With(Role::kProxy);
  if (service == "admin-center" || service == "administrator") {
    return operate.With(Role::kAdminister).With(Role::kSubmit);
  }
  if (service == "operator") return operate;
  if (service == "reader") return read;
  if (service.starts_with("app-")) return Roles().With(Role::kSubmit);
  return Roles();
}

bool IsHexHash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string Sha256Hex(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return base::Hex(std::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

}  // namespace

std::string_view NameOf(Role role) {
  return kRoleNames[static_cast<std::size_t>(role)];
}

std::optional<Role> ParseRole(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kRoleNames); ++i) {
    if (base::EqualsIgnoreCase(text, kRoleNames[i])) return static_cast<Role>(i);
  }
  return std::nullopt;
}

Roles Roles::All() {
  Roles all;
  for (std::size_t i = 0; i < std::size(kRoleNames); ++i)
    all = all.With(static_cast<Role>(i));
  return all;
}

absl::StatusOr<Roles> Roles::Parse(std::string_view text) {
  Roles roles;
  for (const std::string_view word : base::Split(text, ',')) {
    const auto role = ParseRole(base::Trim(word));
    if (!role) {
      return Invalid("\"", base::Printable(word),
                     "\" is not a role: use submit, relay, proxy, read, operate or administer");
    }
    roles = roles.With(*role);
  }
  return roles;
}

absl::StatusOr<Identity> FromSpiffe(std::string_view uri, std::string_view trust_domain) {
  constexpr std::string_view kScheme = "spiffe://";
  const auto bad = [&](std::string_view rule) {
    return Invalid("identity \"", base::Printable(uri), "\": ", rule);
  };
  if (!uri.starts_with(kScheme)) return bad("it does not start with spiffe://");
  const auto parts = base::Split(uri.substr(kScheme.size()), '/');
  if (parts.size() != 3 || parts[1].empty() || parts[2].empty()) {
    return bad("it is not spiffe://<trust domain>/<site>/<service>");
  }
  if (parts[0] != trust_domain) {
    return bad(base::Cat("its trust domain is not ", trust_domain));
  }
  Identity identity;
  identity.name = std::string(uri);
  identity.site = std::string(parts[1]);
  identity.service = std::string(parts[2]);
  identity.roles = RolesOfService(identity.service);
  return identity;
}

absl::StatusOr<Identity> FromUris(const std::vector<std::string_view>& uris,
                                  std::string_view trust_domain) {
  if (uris.size() == 1) return FromSpiffe(uris.front(), trust_domain);
  return Invalid("the certificate has ", uris.size(), " URI names: it must have one");
}

absl::StatusOr<TokenTable> TokenTable::Load(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return base::Error(absl::StatusCode::kNotFound, "rpc.tokens_file ", file, ": cannot be read");
  }
  std::string content(kTokenFileBytesMax + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > kTokenFileBytesMax) {
    return Invalid("rpc.tokens_file ", file, ": larger than 1MB");
  }
  TokenTable table;
  std::size_t number = 0;
  for (const std::string_view line : base::Split(content, '\n')) {
    ++number;
    const std::string_view text = base::Trim(line);
    if (text.empty() || text.front() == '#') continue;
    const auto bad = [&](std::string_view rule) {
      return Invalid("rpc.tokens_file ", file, ":", number, ": ", rule);
    };
    const auto words = base::Split(text, ' ');
    if (words.size() != 3 || !IsHexHash(words[0]) || words[1].empty()) {
      return bad("write \"<SHA-256 of the token in hex> <identity> <role>,<role>\"");
    }
    const auto roles = Roles::Parse(words[2]);
    if (!roles.ok()) return bad(base::MessageOf(roles.status()));
    if (table.by_hash_.size() >= kTokenLinesMax) return bad("more than 10000 tokens");
    Identity identity;
    identity.name = base::Cat("token:", words[1]);
    identity.roles = *roles;
    if (!table.by_hash_.emplace(words[0], identity).second)
      return bad("this token is listed twice");
  }
  return table;
}

std::optional<Identity> TokenTable::Find(std::string_view token) const {
  const auto found = by_hash_.find(Sha256Hex(token));
  if (found == by_hash_.end()) return std::nullopt;
  return found->second;
}

}  // namespace postern::rpc
