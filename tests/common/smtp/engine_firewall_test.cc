#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedPeer;

constexpr std::string_view kFields =
    "Received: from a by b; x\r\nX-MS-Exchange-Organization-SCL: 1\r\n"
    "X-MS-Exchange-Forest-RulesExecuted: r\r\nX-MS-Exchange-CrossPremises-AuthAs: forged\r\n";
constexpr std::string_view kRest = "Subject: hello\r\n\r\n.dot\r\nbody\r\n";

class EngineFirewallTest : public testing::EngineFixture {
 protected:
  EngineFirewallTest() {
    const auto files = ca_.Issue(testing::ForHost("example.test"));
    EXPECT_TRUE(server_.Load(files.certificate_file, files.key_file).ok());
    EXPECT_TRUE(trust_.Load("", "", ca_.ca_file()).ok());
    tls_ = &trust_;
    delivery_.policy.messages_per_connection_max = 1;
    Content(base::Cat(kFields, kRest));
  }

  void Grant(Principal principal, mail::HeaderRights rights) {
    delivery_.policy.grants[static_cast<std::size_t>(principal)] = rights;
  }

  testing::CertificateAuthority ca_;
  tls::ServerContext server_;
  tls::ClientContext trust_;
};

// Gives its content in pieces, as a large one comes.
class SlicedBody final : public BodySource {
 public:
  explicit SlicedBody(std::shared_ptr<const std::string> content) : content_(std::move(content)) {}

  std::uint64_t size() const override { return content_->size(); }

  std::string_view beginning() const override { return std::string_view(*content_).substr(0, 200); }

  io::Task<absl::Status> Rewind() override {
    at_ = 0;
    co_return absl::OkStatus();
  }

  io::Task<absl::StatusOr<std::string_view>> Next() override {
    const std::string_view view = std::string_view(*content_).substr(at_, 50);
    at_ += view.size();
    co_return view;
  }

 private:
  std::shared_ptr<const std::string> content_;
  std::size_t at_ = 0;
};

TEST_F(EngineFirewallTest, EveryWayOfSendingFiltersAlike) {
  for (const std::vector<std::string>& offer : {std::vector<std::string>{"SIZE"},
                                                {"SIZE", "PIPELINING"},
                                                {"SIZE", "CHUNKING"},
                                                {"SIZE", "PIPELINING", "CHUNKING"}}) {
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords(offer);
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250"));
    EXPECT_EQ(peer.mails().back().content, kRest);
    EXPECT_THAT(peer.mails().back().sender, HasSubstr(base::Cat("SIZE=", kRest.size())));
    SlicedBody sliced(content_);
    Deliver(sliced);
    EXPECT_THAT(Results(), ElementsAre("250"));
    EXPECT_EQ(peer.mails().back().content, kRest);
    EXPECT_THAT(peer.mails().back().sender, HasSubstr(base::Cat("SIZE=", kRest.size())));
  }
}

TEST_F(EngineFirewallTest, ALargeBodyIsFilteredInPassing) {
  const std::string big(900'000, 'x');
  Content(base::Cat(kFields, kRest, big, "\r\n"));
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING", "CHUNKING"});
  Deliver();
  ASSERT_EQ(peer.mails().size(), 1u);
  EXPECT_EQ(peer.mails()[0].content, base::Cat(kRest, big, "\r\n"));
}

// Each right by itself, for each principal that a session may have proved.
TEST_F(EngineFirewallTest, WhatIsSentFollowsFromWhatTheRemoteProved) {
  ScriptedPeer& peer = Peer("192.0.2.1").StartsTls(server_);

  struct Row {
    Principal principal;
    std::function<void(ConnectorPolicy&)> set;
  };

  const Row rows[] = {
      {Principal::kAnonymous, [](ConnectorPolicy&) {}},
      {Principal::kAnonymous,
       [](ConnectorPolicy& p) { p.tls_auth_level = TlsAuthLevel::kCertificateValidation; }},
      {Principal::kPartner,
       [](ConnectorPolicy& p) { p.tls_auth_level = TlsAuthLevel::kDomainValidation; }},
      {Principal::kExternallySecured,
       [](ConnectorPolicy& p) { p.auth = SmartHostAuth::kExternalAuthoritative; }},
  };
  for (const Row& row : rows) {
    for (int mask = 0; mask < 8; ++mask) {
      delivery_.policy = ConnectorPolicy();
      delivery_.policy.connector = "C";
      delivery_.policy.messages_per_connection_max = 1;
      row.set(delivery_.policy);
      // The others may have everything: it must not matter.
      for (std::size_t i = 0; i < kPrincipals; ++i)
        delivery_.policy.grants[i] = mail::HeaderRights::All();
      Grant(row.principal, {(mask & 1) != 0, (mask & 2) != 0, (mask & 4) != 0});
      Deliver();
      ASSERT_THAT(Results(), ElementsAre("250")) << ErrorOf();
      const std::string& content = peer.mails().back().content;
      const auto has = [&content](const char* name) {
        return content.find(name) != std::string::npos;
      };
      EXPECT_EQ(has("Organization-SCL"), (mask & 1) != 0) << NameOf(row.principal);
      EXPECT_EQ(has("Forest-RulesExecuted"), (mask & 2) != 0) << NameOf(row.principal);
      EXPECT_EQ(has("Received:"), (mask & 4) != 0) << NameOf(row.principal);
      EXPECT_FALSE(has("CrossPremises"));
      EXPECT_TRUE(content.ends_with(kRest));
    }
  }
}

TEST_F(EngineFirewallTest, CloudServicesMailPromotesOrganizationFields) {
  delivery_.policy.cloud_services_mail = true;
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"PIPELINING", "CHUNKING"});
  Deliver();
  EXPECT_THAT(peer.mails().back().content, HasSubstr("X-MS-Exchange-CrossPremises-SCL: 1\r\n"));
  EXPECT_THAT(peer.mails().back().content, Not(HasSubstr("Organization")));
}

TEST_F(EngineFirewallTest, TheSizeThatCountsIsTheOneThatGoesOut) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({base::Cat("SIZE ", kRest.size())});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  Grant(Principal::kAnonymous, mail::HeaderRights::All());
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 5.3.4"));
  EXPECT_EQ(peer.mails().size(), 1u);
}

TEST_F(EngineFirewallTest, ContentThatCannotBeReadIsNotSent) {
  class Unreadable final : public BodySource {
   public:
    std::uint64_t size() const override { return 100'000; }

    io::Task<absl::Status> Begin() override { co_return absl::DataLossError("chunk 0 is broken"); }

    io::Task<absl::Status> Rewind() override { co_return absl::OkStatus(); }

    io::Task<absl::StatusOr<std::string_view>> Next() override { co_return std::string_view("x"); }
  };

  ScriptedPeer& peer = Peer("192.0.2.1");
  Unreadable body;
  Deliver(body);
  EXPECT_THAT(Results(), ElementsAre("local 4.3.0"));
  EXPECT_THAT(ErrorOf(), HasSubstr("chunk 0 is broken"));
  EXPECT_THAT(peer.heard(), Not(Contains(HasSubstr("MAIL"))));
}

}  // namespace
}  // namespace postern::smtp
