#include "services/mailbox-transport/accept/proxy_protocol.h"

#include <cstring>
#include <vector>

#include "common/base/text.h"

namespace postern::accept {

namespace {

constexpr std::string_view kSignatureV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view kPrefixV1 = "PROXY ";
constexpr std::size_t kShortestV1 = 15;  // "PROXY UNKNOWN" and its line end
constexpr std::size_t kLongestV1 = 107;
constexpr std::size_t kFixedV2 = 16;

ProxyHeader Bad(std::string_view rule) {
  ProxyHeader header;
  header.state = ProxyHeader::State::kBad;
  header.broken_rule = rule;
  return header;
}

ProxyHeader More(std::size_t need) {
  ProxyHeader header;
  header.need = need;
  return header;
}

ProxyHeader Done(std::optional<io::Endpoint> source) {
  ProxyHeader header;
  header.state = ProxyHeader::State::kDone;
  header.source = source;
  return header;
}

bool IsPrefixOf(std::string_view bytes, std::string_view whole) {
  return bytes.substr(0, whole.size()) == whole.substr(0, bytes.size());
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  const auto number = base::ParseUnsigned(text);
  if (!number || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

// "TCP4 192.0.2.1 192.0.2.2 56324 25": one space between words, nothing else.
ProxyHeader ParseLineV1(std::string_view line) {
  line.remove_prefix(kPrefixV1.size());
  const auto words = base::Split(line, ' ');
  if (words[0] == "UNKNOWN") return Done(std::nullopt);
  const bool v4 = words[0] == "TCP4";
  if (!v4 && words[0] != "TCP6") return Bad("the family must be TCP4, TCP6 or UNKNOWN");
  if (words.size() != 5) return Bad("a line must have two addresses and two ports");
  const auto source = io::IpAddress::Parse(words[1]);
  const auto target = io::IpAddress::Parse(words[2]);
  if (!source.ok() || !target.ok()) return Bad("an address does not parse");
  if (source->is_v4() != v4 || target->is_v4() != v4) return Bad("an address is not of its family");
  const auto source_port = ParsePort(words[3]);
  if (!source_port || !ParsePort(words[4])) return Bad("a port must be 0 to 65535");
  return Done(io::Endpoint{*source, *source_port});
}

ProxyHeader ParseV1(std::string_view bytes) {
  if (bytes.size() < kShortestV1) return More(kShortestV1 - bytes.size());
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    if (bytes.size() >= kLongestV1) return Bad("a line may have 107 bytes");
    return More(1);  // byte by byte: what follows the line is not ours
  }
  if (end + 1 != bytes.size()) return Bad("bytes follow the line");
  if (bytes[end - 1] != '\r') return Bad("the line must end in CR LF");
  const std::string_view line = bytes.substr(0, end - 1);
  if (line.find('\r') != std::string_view::npos) return Bad("the line must end in CR LF");
  return ParseLineV1(line);
}

io::Endpoint EndpointV4(const unsigned char* at) {
  io::Endpoint endpoint;
  endpoint.address.bytes[10] = endpoint.address.bytes[11] = 0xff;
  std::memcpy(&endpoint.address.bytes[12], at, 4);
  endpoint.port = static_cast<std::uint16_t>(at[8] << 8 | at[9]);
  return endpoint;
}

io::Endpoint EndpointV6(const unsigned char* at) {
  io::Endpoint endpoint;
  std::memcpy(endpoint.address.bytes.data(), at, 16);
  endpoint.port = static_cast<std::uint16_t>(at[32] << 8 | at[33]);
  return endpoint;
}

// 12 bytes of signature, version and command, family and protocol, length; then addresses, then
// extensions, which say nothing about rights and are passed over.
ProxyHeader ParseV2(std::string_view bytes) {
  if (bytes.size() < kFixedV2) return More(kFixedV2 - bytes.size());
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::size_t length = static_cast<std::size_t>(at[14] << 8 | at[15]);
  if ((at[12] >> 4) != 2) return Bad("the version must be 2");
  const int command = at[12] & 0xf;
  if (command > 1) return Bad("the command must be LOCAL or PROXY");
  if (length > kProxyV2BytesMax) return Bad("the header is too long");
  if (bytes.size() < kFixedV2 + length) return More(kFixedV2 + length - bytes.size());
  if (bytes.size() > kFixedV2 + length) return Bad("bytes follow the header");
  if (command == 0) return Done(std::nullopt);
  const int family = at[13];
  if (family == 0x00) return Done(std::nullopt);
  if (family == 0x11) {
    if (length < 12) return Bad("the addresses are cut short");
    return Done(EndpointV4(at + kFixedV2));
  }
  if (family == 0x21) {
    if (length < 36) return Bad("the addresses are cut short");
    return Done(EndpointV6(at + kFixedV2));
  }
  return Bad("the family must be TCP over IPv4 or IPv6");
}

}  // namespace

ProxyHeader ParseProxyHeader(std::string_view bytes, ProxyVersions versions) {
  if (bytes.empty()) return More(kShortestV1 - 1);  // 14: enough to tell v1 from v2
  if (versions.v1 && IsPrefixOf(bytes, kPrefixV1)) return ParseV1(bytes);
  if (versions.v2 && IsPrefixOf(bytes, kSignatureV2)) return ParseV2(bytes);
  return Bad("the connection does not begin with a PROXY header");
}

}  // namespace postern::accept
