#include "services/mailbox-transport/accept/listener_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::accept {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ListenerSurroundings Around(bool certificate, bool users) {
  ListenerSurroundings around;
  around.certificate = certificate;
  around.users = users;
  around.relay_networks = {io::Network::Parse("127.0.0.0/8").value()};
  return around;
}

TEST(ListenerConfigTest, EveryWordIsRead) {
  const auto listener = ParseListener(
      "name=edge address=0.0.0.0:2526 tls=starttls auth=optional networks=10.0.0.0/8,2001:db8::/32 "
      "proxyProtocol=v1,v2 proxyPeers=10.0.0.1,10.0.0.2/31 headers=organization,forest",
      Around(true, true));
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(listener->name, "edge");
  EXPECT_EQ(listener->address.port, 2526);
  EXPECT_EQ(listener->tls, TlsMode::kStartTls);
  EXPECT_EQ(listener->auth, AuthMode::kOptional);
  EXPECT_EQ(listener->networks.size(), 2u);
  EXPECT_TRUE(listener->proxy.v1 && listener->proxy.v2);
  EXPECT_EQ(listener->proxy_peers.size(), 2u);
  EXPECT_EQ(listener->headers, mail::HeaderRights::All());
}

TEST(ListenerConfigTest, ClientsBringNoFieldsOfTheOrganizationUnlessItIsSaid) {
  const std::pair<std::string_view, mail::HeaderRights> rows[] = {
      {"", {.routing = true}},
      {" headers=none", {.routing = true}},
      {" headers=forest", {.forest = true, .routing = true}},
      {" headers=organization", {.organization = true, .routing = true}},
  };
  for (const auto& [words, rights] : rows) {
    const auto listener =
        ParseListener(base::Cat("name=a address=0.0.0.0:25", words), Around(false, false));
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->headers, rights) << words;
  }
}

struct ListenerRow {
  std::string_view words;
  std::string_view error;
};

TEST(ListenerConfigTest, ErrorsNameFieldValueAndRule) {
  const ListenerRow rows[] = {
      {"address=0.0.0.0:25", "name \"\": must be 1 to 32 characters"},
      {"name=a address=nowhere", "address \"nowhere\""},
      {"name=a address=0.0.0.0:25 colour=red", "field \"colour\": must be"},
      {"name=a name=b address=0.0.0.0:25", "field \"name\": must be given once"},
      {"name=a address=0.0.0.0:25 tls", "\"tls\": must be field=value"},
      {"name=a address=0.0.0.0:25 tls=maybe",
       "tls \"maybe\": must be none, auto, starttls or implicit"},
      {"name=a address=0.0.0.0:25 tls=implicit", "accept.certificate_file"},
      {"name=a address=0.0.0.0:25 tls=starttls", "accept.certificate_file"},
      {"name=a address=0.0.0.0:25 auth=yes", "auth \"yes\": must be"},
      {"name=a address=0.0.0.0:25 auth=required", "only possible under TLS"},
      {"name=a address=0.0.0.0:25 auth=optional", "accept.users_file"},
      {"name=a address=0.0.0.0:25 networks=10.0.0.0/99", "networks \"10.0.0.0/99\""},
      {"name=a address=0.0.0.0:25 networks=0.0.0.0/0", "would let strangers relay"},
      {"name=a address=0.0.0.0:25 networks=::/0", "would let strangers relay"},
      {"name=a address=0.0.0.0:25 networks=::ffff:0:0/96", "networks \"::ffff:0:0/96\""},
      {"name=a address=0.0.0.0:25 networks=::/8", "would let strangers relay"},
      {"name=a address=0.0.0.0:25 networks=0.0.0.0/1,128.0.0.0/1", "would let strangers relay"},
      {"name=a address=0.0.0.0:25 networks=2000::/3", "would let strangers relay"},
      {"name=a address=0.0.0.0:25 proxyProtocol=v3 proxyPeers=10.0.0.1", "proxyProtocol \"v3\""},
      {"name=a address=0.0.0.0:25 headers=routing", "headers \"routing\": must be none"},
      {"name=a address=0.0.0.0:25 proxyProtocol=v1", "proxyProtocol and proxyPeers go together"},
      {"name=a address=0.0.0.0:25 proxyPeers=10.0.0.1", "proxyProtocol and proxyPeers go together"},
      {"name=a address=0.0.0.0:25 proxyProtocol=v1 proxyPeers=0.0.0.0/0",
       "name the load balancers"},
  };
  for (const ListenerRow& row : rows) {
    const auto listener = ParseListener(row.words, Around(false, false));
    ASSERT_FALSE(listener.ok()) << row.words;
    EXPECT_THAT(std::string(base::MessageOf(listener.status())), HasSubstr(std::string(row.error)));
  }
}

TEST(ListenerConfigTest, EachMistakeOfAListenerIsToldAndWhatFollowsFromItIsNot) {
  const auto listener =
      ParseListener("name=a address=nowhere tls=maybe auth=required proxyProtocol=v3 headers=all",
                    Around(true, true));
  const auto said = base::Split(base::MessageOf(listener.status()), '\n');
  EXPECT_THAT(said, ElementsAre(HasSubstr("address \"nowhere\""), HasSubstr("tls \"maybe\""),
                                HasSubstr("proxyProtocol \"v3\""), HasSubstr("headers \"all\"")));
}

TEST(ListenerConfigTest, NetworksMeanNothingWhereAuthIsRequired) {
  const auto listener =
      ParseListener("name=a address=0.0.0.0:587 tls=starttls auth=required networks=10.0.0.0/8",
                    Around(true, true));
  EXPECT_FALSE(listener.ok());
}

TEST(ListenerConfigTest, RelayRightsComeFromNetworksButNeverFromSnatAddresses) {
  ListenerSurroundings around = Around(false, false);
  around.snat_addresses = {io::Network::Parse("10.0.0.5").value()};
  const auto listener = ParseListener("name=a address=0.0.0.0:25 networks=10.0.0.0/8", around);
  ASSERT_TRUE(listener.ok());
  EXPECT_TRUE(listener->MayRelay(io::IpAddress::Parse("10.9.9.9").value()));
  EXPECT_FALSE(listener->MayRelay(io::IpAddress::Parse("10.0.0.5").value()));
  EXPECT_FALSE(listener->MayRelay(io::IpAddress::Parse("192.0.2.1").value()));
  EXPECT_FALSE(listener->MayRelay(io::IpAddress::Parse("127.0.0.1").value()));
}

TEST(ListenerConfigTest, TheDefaultRelaysForLoopbackOnly) {
  const auto listeners = ListenersFrom(AcceptSettings());
  ASSERT_TRUE(listeners.ok()) << listeners.status();
  ASSERT_EQ(listeners->size(), 1u);
  EXPECT_EQ(listeners->front().address.ToString(), "0.0.0.0:2525");
  EXPECT_EQ(listeners->front().tls, TlsMode::kNone);
  EXPECT_TRUE(listeners->front().MayRelay(io::IpAddress::Parse("127.0.0.1").value()));
  EXPECT_TRUE(listeners->front().MayRelay(io::IpAddress::Parse("::1").value()));
  EXPECT_FALSE(listeners->front().MayRelay(io::IpAddress::Parse("10.0.0.1").value()));
}

TEST(ListenerConfigTest, ACertificateAndUsersOpenTheSubmissionPorts) {
  AcceptSettings settings;
  settings.certificate_file.value = "tls.crt";
  settings.key_file.value = "tls.key";
  settings.users_file.value = "users";
  const auto listeners = ListenersFrom(settings);
  ASSERT_TRUE(listeners.ok()) << listeners.status();
  ASSERT_EQ(listeners->size(), 3u);
  EXPECT_EQ((*listeners)[0].tls, TlsMode::kStartTls);
  EXPECT_EQ((*listeners)[1].address.port, 5587);
  EXPECT_EQ((*listeners)[2].tls, TlsMode::kImplicit);
  EXPECT_FALSE((*listeners)[2].MayRelay(io::IpAddress::Parse("127.0.0.1").value()));
}

std::string FilesFault(const char* certificate, const char* key, const char* users) {
  AcceptSettings settings;
  settings.certificate_file.value = certificate;
  settings.key_file.value = key;
  settings.users_file.value = users;
  return std::string(base::MessageOf(ListenersFrom(settings).status()));
}

TEST(ListenerConfigTest, CertificateKeyAndUsersGoTogether) {
  EXPECT_EQ(FilesFault("", "", ""), "");
  EXPECT_EQ(FilesFault("tls.crt", "tls.key", ""), "");
  EXPECT_EQ(FilesFault("tls.crt", "", "users"),
            "accept.certificate_file: \"tls.crt\": is of no use without its key: "
            "set accept.key_file too, or leave out accept.certificate_file");
  EXPECT_THAT(FilesFault("", "tls.key", ""),
              HasSubstr("accept.key_file: \"tls.key\": is of no use without its certificate: "
                        "set accept.certificate_file too"));
  EXPECT_THAT(FilesFault("", "", "users"),
              HasSubstr("accept.users_file: \"users\": is of no use without a certificate, as "
                        "AUTH is only under TLS: set accept.certificate_file too"));
}

TEST(ListenerConfigTest, NamesAreUsedOnce) {
  AcceptSettings settings;
  settings.listeners.value = {"name=a address=0.0.0.0:2525", "name=a address=0.0.0.0:2526"};
  EXPECT_FALSE(ListenersFrom(settings).ok());
}

}  // namespace
}  // namespace postern::accept
