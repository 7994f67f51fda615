// What a connector demands against what a host offers: each cell of the page is a delivery.

#include <filesystem>
#include <functional>

#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "tests/support/certificates.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/state_table.h"

namespace postern::smtp {
namespace {

using testing::ScriptedPeer;

constexpr char kTlsStatesClient[] = "out.client.test";

constexpr char kTlsStatesWords[] =
    "The first column is a connector that says nothing of TLS; the levels of TlsAuthLevel stand\n"
    "with RequireTLS, and DomainSecureEnabled is about a domain of the send list. What DANE and\n"
    "MTA-STS demand beside that is in `policy-states.md`. The domain has one host here.\n"
    "\n"
    "\"TLS\" is an encrypted session, \"proved\" one of which chain and name were checked and\n"
    "fit: the name that the connector demands, or the host's own. \"Waits\" is mail that stays,\n"
    "with the status in LastError: 4.7.4 where the host does no TLS, 4.7.5 where its TLS or its\n"
    "certificate is not good enough, 4.4.2 where the connection was lost. Nothing of the mail\n"
    "was said to that host.";

// A column of the page.
struct TlsPolicyColumn {
  const char* name;
  std::function<void(ConnectorPolicy&)> demand;
};

// A host that the page has a row for. `certificate` is for the domain that is given.
struct TlsOfferRow {
  const char* name;
  std::function<testing::CertificateFiles(const std::string& domain)> certificate;  // none: no TLS
  std::function<void(ScriptedPeer&)> script;
  // One verdict for each column.
  std::vector<std::string> verdicts;
  bool distrusts_us = false;  // it takes client certificates of another authority alone
  bool known_broken = false;  // an opportunistic delivery found its handshake broken before
};

class EngineTlsStatesTest : public testing::EngineFixture {
 protected:
  EngineTlsStatesTest() {
    EXPECT_TRUE(trust_.Load("", "", ca_.ca_file()).ok());
    tls_ = &trust_;
    const std::string folder = ca_.folder() + "/ours";
    std::filesystem::create_directory(folder);
    const testing::CertificateFiles ours = ca_.Issue(testing::ForHost(kTlsStatesClient));
    std::filesystem::copy_file(ours.certificate_file, folder + "/out.crt");
    std::filesystem::copy_file(ours.key_file, folder + "/out.key");
    store_ = std::make_unique<tls::CertificateStore>(folder);
    stores_.certificates = store_.get();
  }

  static std::vector<TlsPolicyColumn> Columns() {
    const auto level = [](TlsAuthLevel wanted) {
      return [wanted](ConnectorPolicy& policy) {
        policy.require_tls = true;
        policy.tls_auth_level = wanted;
      };
    };
    return {
        {"-", [](ConnectorPolicy&) {}},
        {"IgnoreSTARTTLS", [](ConnectorPolicy& policy) { policy.ignore_start_tls = true; }},
        {"RequireTLS", level(TlsAuthLevel::kNone)},
        {"EncryptionOnly", level(TlsAuthLevel::kEncryptionOnly)},
        {"CertificateValidation", level(TlsAuthLevel::kCertificateValidation)},
        {"DomainValidation", level(TlsAuthLevel::kDomainValidation)},
        {"DomainSecureEnabled",
         [](ConnectorPolicy& policy) {
           policy.domain_secure = true;
           policy.fqdn = kTlsStatesClient;
         }},
    };
  }

  // A domain of its own for each cell, with one exchanger.
  ScriptedPeer& Host(const TlsOfferRow& row) {
    const std::string domain = base::Cat("cell", ++cells_, ".test");
    const std::string address = base::Cat("198.51.100.", cells_);
    resolver_.Mx(domain, {{10, "mx." + domain}});
    resolver_.A("mx." + domain, address);
    ScriptedPeer& peer = PeerAt(address + ":25");
    if (row.certificate != nullptr) {
      const testing::CertificateFiles files = row.certificate(domain);
      const std::string client_ca = row.distrusts_us ? stranger_.ca_file() : "";
      servers_.push_back(std::make_unique<tls::ServerContext>());
      EXPECT_TRUE(servers_.back()->Load(files.certificate_file, files.key_file, client_ca).ok());
      peer.StartsTls(*servers_.back());
    }
    if (row.script != nullptr) row.script(peer);
    delivery_.route.domain = domain;
    return peer;
  }

  std::string Cell(const TlsOfferRow& row, const TlsPolicyColumn& column) {
    delivery_.policy = ConnectorPolicy();
    delivery_.policy.messages_per_connection_max = 1;
    ScriptedPeer& peer = Host(row);
    if (row.known_broken) {
      peer.Says("MAIL", "451 4.3.0 later", 1);
      Deliver();
      EXPECT_EQ(ResultOf(0), "451");
      EXPECT_EQ(peer.connections(), 2);
    }
    const int connections = peer.connections();
    const int mails = peer.Heard("MAIL");
    column.demand(delivery_.policy);
    Deliver();
    return VerdictOf(peer.connections() - connections, peer.Heard("MAIL") - mails);
  }

  // What the outcome says, beside what the host saw of it.
  std::string VerdictOf(int connections, int mails) const {
    const RecipientResult& result = outcome_.recipients.at(0);
    EXPECT_EQ(mails, result.delivered() ? 1 : 0);
    if (connections == 2 && result.delivered()) {
      EXPECT_FALSE(outcome_.tls.has_value());
      return "clear, new connection";
    }
    EXPECT_EQ(connections, 1);
    if (!result.delivered()) return base::Cat("waits, ", result.enhanced.ToString());
    if (!outcome_.tls.has_value()) return "clear";
    return outcome_.tls->verified ? "TLS, proved" : "TLS";
  }

  std::vector<TlsOfferRow> Rows();

  testing::CertificateAuthority ca_;
  testing::CertificateAuthority stranger_{"Somebody else"};
  tls::ClientContext trust_;
  std::unique_ptr<tls::CertificateStore> store_;
  std::vector<std::unique_ptr<tls::ServerContext>> servers_;
  int cells_ = 0;
};

// The verdicts of a row: the first column, RequireTLS and EncryptionOnly, and those of the columns
// that look at the certificate.
std::vector<std::string> TlsVerdicts(std::string opportunistic,
                                     std::string required,
                                     std::string chain,
                                     std::string domain,
                                     std::string mutual) {
  return {std::move(opportunistic), "clear",           required,         required,
          std::move(chain),         std::move(domain), std::move(mutual)};
}

std::vector<TlsOfferRow> EngineTlsStatesTest::Rows() {
  const std::string clear = "clear", tls = "TLS", proved = "TLS, proved", lost = "waits, 4.4.2";
  const std::string no_tls = "waits, 4.7.4", broken = "waits, 4.7.5";
  const auto no_offer = TlsVerdicts(clear, no_tls, no_tls, no_tls, no_tls);
  const auto bad = TlsVerdicts(tls, tls, broken, broken, broken);
  const auto good = [this](const std::string& domain) {
    return ca_.Issue(testing::ForHost(domain));
  };
  return {
      {"knows no EHLO", nullptr, [](ScriptedPeer& p) { p.Says("EHLO", "502 what"); }, no_offer},
      {"does not offer STARTTLS", nullptr, nullptr, no_offer},
      {"refuses STARTTLS, 454", nullptr,
       [](ScriptedPeer& p) { p.BreaksTls().Says("STARTTLS", "454 4.7.0 not now"); }, no_offer},
      {"refuses STARTTLS, 554", nullptr,
       [](ScriptedPeer& p) { p.BreaksTls().Says("STARTTLS", "554 5.7.0 never"); }, no_offer},
      {"closes at STARTTLS", nullptr, [](ScriptedPeer& p) { p.BreaksTls().DropsAfter("STARTTLS"); },
       TlsVerdicts(lost, lost, lost, lost, lost)},
      {"says more before the handshake", good,
       [](ScriptedPeer& p) { p.Says("STARTTLS", "220 go\r\n250 x"); },
       TlsVerdicts(lost, broken, broken, broken, broken)},
      {"breaks the handshake", nullptr, [](ScriptedPeer& p) { p.BreaksTls(); },
       TlsVerdicts("clear, new connection", broken, broken, broken, broken)},
      {"broke it within the hour", nullptr, [](ScriptedPeer& p) { p.BreaksTls(); },
       TlsVerdicts(clear, broken, broken, broken, broken), false, true},
      {"certificate expired",
       [this](const std::string& domain) { return ca_.Issue(testing::Expired(domain)); }, nullptr,
       bad},
      {"certificate self-signed",
       [this](const std::string& domain) { return ca_.SelfSign(testing::ForHost(domain)); },
       nullptr, bad},
      {"certificate of an unknown authority",
       [this](const std::string& domain) { return stranger_.Issue(testing::ForHost(domain)); },
       nullptr, bad},
      {"good certificate, another name",
       [this](const std::string&) { return ca_.Issue(testing::ForHost("other.test")); }, nullptr,
       TlsVerdicts(tls, tls, tls, broken, broken)},
      {"good certificate, the host's name",
       [this](const std::string& domain) { return ca_.Issue(testing::ForHost("mx." + domain)); },
       nullptr, TlsVerdicts(proved, proved, proved, broken, broken)},
      {"good certificate, the domain's name", good, nullptr,
       TlsVerdicts(tls, tls, tls, proved, proved)},
      {"the same, and distrusts ours", good, nullptr, TlsVerdicts(tls, tls, tls, proved, lost),
       true},
  };
}

TEST_F(EngineTlsStatesTest, StateTableOfOffersAndDemands) {
  const std::vector<TlsPolicyColumn> columns = Columns();
  std::vector<std::string> head = {"The host"};
  for (const TlsPolicyColumn& column : columns)
    head.push_back(column.name);
  testing::StateTable page("tls-states", "What becomes of mail by what a host offers",
                           kTlsStatesWords, head);
  for (const TlsOfferRow& row : Rows()) {
    std::vector<std::string> cells = {row.name};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string verdict = Cell(row, columns[i]);
      EXPECT_EQ(verdict, row.verdicts[i])
          << row.name << ", " << columns[i].name << ": " << ErrorOf();
      cells.push_back(verdict);
    }
    page.Row(cells);
  }
}

}  // namespace
}  // namespace postern::smtp
