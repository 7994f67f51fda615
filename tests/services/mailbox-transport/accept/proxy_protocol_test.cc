#include "services/mailbox-transport/accept/proxy_protocol.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::accept {
namespace {

using State = ProxyHeader::State;

constexpr ProxyVersions kBoth{true, true};

std::string V2(int version_command, int family, std::string_view addresses) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += static_cast<char>(version_command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(addresses.size() >> 8);
  bytes += static_cast<char>(addresses.size() & 0xff);
  return bytes.append(addresses);
}

const std::string kV4("\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x00\x19", 12);
const std::string kV6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" +
                        std::string(16, '\x02') + std::string("\x9c\x40\x00\x19", 4);

struct ProxyRow {
  std::string_view name;
  std::string bytes;
  State state;
  std::string source;  // of kDone; empty: none
};

TEST(ProxyProtocolTest, HeadersAreReadStrictly) {
  const ProxyRow rows[] = {
      {"v1 over IPv4", "PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n", State::kDone,
       "192.0.2.1:40000"},
      {"v1 over IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 40000 25\r\n", State::kDone,
       "[2001:db8::1]:40000"},
      {"v1 unknown", "PROXY UNKNOWN\r\n", State::kDone, ""},
      {"v1 unknown with more", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", State::kDone, ""},
      {"v1 with a bare LF", "PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\n", State::kBad, ""},
      {"v1 with a CR inside", "PROXY TCP4 192.0.2.1\r192.0.2.2 40000 25\r\n", State::kBad, ""},
      {"v1 of the wrong family", "PROXY TCP4 2001:db8::1 192.0.2.2 40000 25\r\n", State::kBad, ""},
      {"v1 with two spaces", "PROXY TCP4  192.0.2.1 192.0.2.2 40000 25\r\n", State::kBad, ""},
      {"v1 with a port too high", "PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n", State::kBad, ""},
      {"v1 with a port with a zero", "PROXY TCP4 192.0.2.1 192.0.2.2 040 25\r\n", State::kBad, ""},
      {"v1 with a word too many", "PROXY TCP4 192.0.2.1 192.0.2.2 40000 25 x\r\n", State::kBad, ""},
      {"v1 without ports", "PROXY TCP4 192.0.2.1 192.0.2.2\r\n", State::kBad, ""},
      {"v1 without an end", "PROXY TCP4 " + std::string(100, '1'), State::kBad, ""},
      {"a greeting", "EHLO client.example.test\r\n", State::kBad, ""},
      {"v2 over IPv4", V2(0x21, 0x11, kV4), State::kDone, "192.0.2.1:40000"},
      {"v2 over IPv6", V2(0x21, 0x21, kV6), State::kDone, "[2001:db8::1]:40000"},
      {"v2 with extensions", V2(0x21, 0x11, kV4 + std::string("\x04\x00\x01z", 4)), State::kDone,
       "192.0.2.1:40000"},
      {"v2 local", V2(0x20, 0x00, ""), State::kDone, ""},
      {"v2 local with addresses", V2(0x20, 0x11, kV4), State::kDone, ""},
      {"v2 unspecified", V2(0x21, 0x00, ""), State::kDone, ""},
      {"v2 of version 1", V2(0x11, 0x11, kV4), State::kBad, ""},
      {"v2 of command 2", V2(0x22, 0x11, kV4), State::kBad, ""},
      {"v2 over UDP", V2(0x21, 0x12, kV4), State::kBad, ""},
      {"v2 cut short", V2(0x21, 0x11, kV4.substr(0, 11)), State::kBad, ""},
      {"v2 too long", V2(0x21, 0x11, std::string(4000, 'x')), State::kBad, ""},
  };
  for (const ProxyRow& row : rows) {
    const ProxyHeader header = ParseProxyHeader(row.bytes, kBoth);
    EXPECT_EQ(header.state, row.state) << row.name << ": " << header.broken_rule;
    EXPECT_EQ(header.source ? header.source->ToString() : "", row.source) << row.name;
  }
}

TEST(ProxyProtocolTest, NeverAsksForAByteBehindTheHeader) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n"),
        std::string("PROXY UNKNOWN\r\n"), V2(0x21, 0x11, kV4), V2(0x20, 0, "")}) {
    std::size_t had = 0;
    ProxyHeader header = ParseProxyHeader("", kBoth);
    while (header.state == State::kMore) {
      ASSERT_GT(header.need, 0u);
      had += header.need;
      ASSERT_LE(had, whole.size());
      header = ParseProxyHeader(std::string_view(whole).substr(0, had), kBoth);
    }
    EXPECT_EQ(header.state, State::kDone);
    EXPECT_EQ(had, whole.size());
  }
}

TEST(ProxyProtocolTest, AVersionThatIsNotAllowedIsRefused) {
  EXPECT_EQ(ParseProxyHeader("PROXY UNKNOWN\r\n", {false, true}).state, State::kBad);
  EXPECT_EQ(ParseProxyHeader(V2(0x21, 0x11, kV4), {true, false}).state, State::kBad);
}

}  // namespace
}  // namespace postern::accept
