#include "common/smtp/source_pool.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

io::IpAddress Ip(std::string_view text) {
  return *io::IpAddress::Parse(text);
}

SourcePool PoolOf(const std::vector<std::string>& lines) {
  return *SourcePool::Parse(
      lines, {Ip("192.0.2.25"), Ip("192.0.2.26"), Ip("2001:db8::25"), Ip("10.0.0.5")});
}

TEST(SourcePoolTest, LabelGivesAnAddressOfEachFamily) {
  const SourcePool pool =
      PoolOf({"label=bulk address=192.0.2.25", "label=bulk address=2001:db8::25"});
  const auto sources = pool.Choose("bulk", "b.test");
  ASSERT_TRUE(sources.ok());
  EXPECT_EQ(sources->For(Ip("198.51.100.1")), Ip("192.0.2.25"));
  EXPECT_EQ(sources->For(Ip("2001:db8:1::1")), Ip("2001:db8::25"));
}

TEST(SourcePoolTest, HostsOfAFamilyWithoutAnAddressAreNotServed) {
  const auto sources = PoolOf({"label=bulk address=192.0.2.25"}).Choose("bulk", "b.test");
  EXPECT_TRUE(sources->Serve(Ip("198.51.100.1")));
  EXPECT_FALSE(sources->Serve(Ip("2001:db8:1::1")));
  EXPECT_EQ(sources->ToString(), "192.0.2.25");
}

TEST(SourcePoolTest, HostsAreSharedOutAndStay) {
  const SourcePool pool =
      PoolOf({"label=bulk address=192.0.2.25", "label=bulk address=192.0.2.26"});
  int first = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string domain = base::Cat("d", i, ".test");
    const auto once = pool.Choose("bulk", domain);
    EXPECT_EQ(once->v4, pool.Choose("bulk", domain)->v4);
    first += once->v4 == Ip("192.0.2.25") ? 1 : 0;
  }
  EXPECT_GT(first, 50);
  EXPECT_LT(first, 150);
}

TEST(SourcePoolTest, ConnectorWithoutALabelHasTheDefaultOneOrTheSystemsChoice) {
  EXPECT_TRUE(PoolOf({"label=bulk address=192.0.2.25"}).Choose("", "b.test")->unbound());
  EXPECT_EQ(PoolOf({"address=192.0.2.25"}).Choose("", "b.test")->v4, Ip("192.0.2.25"));
  EXPECT_TRUE(SourcePool().Choose("", "b.test")->unbound());
}

TEST(SourcePoolTest, LabelOfAnotherMachineIsNotHere) {
  const SourcePool pool = PoolOf({"label=bulk address=203.0.113.9 ehlo=mail.example.com"});
  const auto sources = pool.Choose("bulk", "b.test");
  EXPECT_TRUE(absl::IsNotFound(sources.status()));
  EXPECT_THAT(std::string(sources.status().message()), HasSubstr("egress bulk"));
  EXPECT_THAT(pool.elsewhere(), SizeIs(1));
  EXPECT_THAT(PoolOf({"address=203.0.113.9"}).Choose("", "b.test").status().ToString(),
              HasSubstr("egress default: no address of this label is here"));
}

TEST(SourcePoolTest, EachAddressHasItsName) {
  const SourcePool pool = PoolOf(
      {"address=10.0.0.5 ehlo=Mail1.example.com public=198.51.100.25", "address=192.0.2.26"});
  EXPECT_EQ(pool.EhloOf(Ip("10.0.0.5")), "mail1.example.com");
  EXPECT_EQ(pool.addresses()[0].public_address, Ip("198.51.100.25"));
  EXPECT_EQ(pool.EhloOf(Ip("192.0.2.26")), "");
  EXPECT_EQ(pool.addresses()[1].public_address, Ip("192.0.2.26"));
  EXPECT_EQ(pool.EhloOf(Ip("192.0.2.99")), "");
}

TEST(SourcePoolTest, WrongLinesAreNamed) {
  const auto fault = [](const std::vector<std::string>& lines) {
    return std::string(SourcePool::Parse(lines, {}).status().message());
  };
  EXPECT_THAT(fault({"label=bulk"}), HasSubstr("address is missing"));
  EXPECT_THAT(fault({"address=everywhere"}), HasSubstr("address is an IP address"));
  EXPECT_THAT(fault({"address=192.0.2.1 label=Bulk"}), HasSubstr("label is 1 to 63"));
  EXPECT_THAT(fault({"address=192.0.2.1 ehlo=pod-7"}), HasSubstr("with a dot"));
  EXPECT_THAT(fault({"address=192.0.2.1 site=a"}), HasSubstr("a field is"));
  EXPECT_THAT(fault({"192.0.2.1"}), HasSubstr("field=value"));
  EXPECT_THAT(fault({"address=192.0.2.1 address=192.0.2.2"}), HasSubstr("given once"));
  EXPECT_THAT(fault({"address=192.0.2.1", "address=192.0.2.1"}), HasSubstr("listed once"));
  EXPECT_THAT(fault(std::vector<std::string>(257, "address=192.0.2.1")), HasSubstr("at most 256"));
}

}  // namespace
}  // namespace postern::smtp
