#include "common/smtp/source_pool.h"

#include <algorithm>
#include <set>

#include "common/base/rendezvous.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/settings/errors.h"
#include "common/smtp/credentials.h"

namespace postern::smtp {

namespace {

constexpr std::size_t kAddressesMax = 256;

template <typename... Parts>
absl::Status Wrong(std::string_view line, const Parts&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, "egress.addresses: \"",
                     base::Printable(line), "\": ", parts...);
}

absl::Status SetField(std::string_view line,
                      std::string_view field,
                      std::string_view value,
                      SourceAddress& source,
                      std::optional<io::IpAddress>& address,
                      std::optional<io::IpAddress>& seen_as) {
  if (field == "label") {
    if (!IsSecretName(value)) {
      return Wrong(line, "label is 1 to 63 lower-case letters, digits and \"-\"");
    }
    source.label = value;
  } else if (field == "ehlo") {
    if (!mail::IsHostName(value) || value.find('.') == std::string_view::npos) {
      return Wrong(line, "ehlo is a host name with a dot");
    }
    source.ehlo = base::LowerAscii(value);
  } else if (field == "address" || field == "public") {
    const auto parsed = io::IpAddress::Parse(value);
    if (!parsed.ok()) return Wrong(line, field, " is an IP address");
    (field == "address" ? address : seen_as) = *parsed;
  } else {
    return Wrong(line, "a field is label, address, ehlo or public");
  }
  return absl::OkStatus();
}

absl::StatusOr<SourceAddress> ParseLine(std::string_view line) {
  SourceAddress source;
  source.label = kDefaultLabel;
  std::optional<io::IpAddress> address;
  std::optional<io::IpAddress> seen_as;
  std::set<std::string_view> given;
  for (const std::string_view word : base::Split(line, ' ')) {
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return Wrong(line, "a word is field=value");
    const std::string_view field = word.substr(0, equals);
    if (!given.insert(field).second) return Wrong(line, field, " is given once");
    POSTERN_RETURN_IF_ERROR(
        SetField(line, field, word.substr(equals + 1), source, address, seen_as));
  }
  if (!address.has_value()) return Wrong(line, "address is missing");
  source.address = *address;
  source.public_address = seen_as.value_or(*address);
  return source;
}

}  // namespace

Sources Sources::Of(const io::IpAddress& address) {
  Sources sources;
  (address.is_v4() ? sources.v4 : sources.v6) = address;
  return sources;
}

std::string Sources::ToString() const {
  if (!v4.has_value()) return v6.has_value() ? v6->ToString() : "any";
  return v6.has_value() ? base::Cat(v4->ToString(), " ", v6->ToString()) : v4->ToString();
}

absl::StatusOr<SourcePool> SourcePool::Parse(const std::vector<std::string>& lines,
                                             const std::vector<io::IpAddress>& own) {
  SourcePool pool;
  if (lines.size() > kAddressesMax) {
    return base::Error(absl::StatusCode::kInvalidArgument, "egress.addresses: there are at most ",
                       kAddressesMax);
  }
  settings::Errors errors;
  std::set<io::IpAddress> seen;
  for (const std::string& line : lines) {
    absl::StatusOr<SourceAddress> source = ParseLine(line);
    errors.Note(source.status());
    if (!source.ok()) continue;
    if (!seen.insert(source->address).second) {
      errors.Note(Wrong(line, "an address is listed once"));
    }
    const bool here = std::find(own.begin(), own.end(), source->address) != own.end();
    (here ? pool.addresses_ : pool.elsewhere_).push_back(*std::move(source));
  }
  if (absl::Status wrong = errors.Together(); !wrong.ok()) return wrong;
  return pool;
}

absl::StatusOr<Sources> SourcePool::Choose(const std::string& label, std::string_view host) const {
  const std::string_view wanted = label.empty() ? kDefaultLabel : std::string_view(label);
  Sources chosen;
  std::uint64_t best_v4 = 0;
  std::uint64_t best_v6 = 0;
  for (const SourceAddress& source : addresses_) {
    if (source.label != wanted) continue;
    const bool v4 = source.address.is_v4();
    std::uint64_t& best = v4 ? best_v4 : best_v6;
    std::optional<io::IpAddress>& place = v4 ? chosen.v4 : chosen.v6;
    const std::uint64_t weight = base::RendezvousWeight(source.address.ToString(), host);
    if (place.has_value() && weight <= best) continue;
    best = weight;
    place = source.address;
  }
  const bool listed =
      std::any_of(elsewhere_.begin(), elsewhere_.end(),
                  [wanted](const SourceAddress& other) { return other.label == wanted; });
  if (chosen.unbound() && (listed || !label.empty())) {
    return base::Error(absl::StatusCode::kNotFound, "egress ", wanted,
                       ": no address of this label is here (egress.addresses)");
  }
  return chosen;
}

std::string_view SourcePool::EhloOf(const io::IpAddress& address) const {
  for (const SourceAddress& source : addresses_) {
    if (source.address == address) return source.ehlo;
  }
  return {};
}

}  // namespace postern::smtp
