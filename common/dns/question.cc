#include "common/dns/question.h"

#include "common/base/text.h"

namespace postern::dns {

namespace {

constexpr std::uint16_t kDnsPort = 53;

}  // namespace

absl::StatusOr<io::Endpoint> ParseServer(std::string_view text) {
  io::Endpoint server;
  const auto address = io::IpAddress::Parse(text);
  if (address.ok()) {
    server.address = *address;
    server.port = kDnsPort;
    return server;
  }
  const auto endpoint = io::Endpoint::Parse(text);
  if (!endpoint.ok() || endpoint->port == 0 || text.find_first_of(".:") == text.npos ||
      text.front() == ':') {
    return base::Error(absl::StatusCode::kInvalidArgument, "dns server \"", base::Printable(text),
                       "\": not an address with an optional port");
  }
  return *endpoint;
}

// What goes into a question: labels of letters, digits, hyphens and underscores.
absl::StatusOr<std::string> NameToAsk(std::string_view kind, std::string_view text) {
  std::string name = base::LowerAscii(text);
  if (name.ends_with('.')) name.pop_back();
  bool fits = !name.empty() && name.size() <= 253;
  for (const std::string_view label : base::Split(name, '.')) {
    fits = fits && !label.empty() && label.size() <= 63;
  }
  for (const char c : name) {
    fits = fits &&
           ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
  }
  if (fits) return name;
  return base::Error(absl::StatusCode::kInvalidArgument, "dns ", kind, " \"", base::Printable(text),
                     "\": not a domain name");
}

std::string_view KindOf(RecordType type) {
  switch (type) {
    case RecordType::kMx:
      return "mx";
    case RecordType::kA:
      return "a";
    case RecordType::kTlsa:
      return "tlsa";
    case RecordType::kPtr:
      return "ptr";
    case RecordType::kTxt:
      return "txt";
    default:
      return "aaaa";
  }
}

}  // namespace postern::dns
