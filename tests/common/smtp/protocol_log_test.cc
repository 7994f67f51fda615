#include "common/smtp/protocol_log.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::smtp {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ProtocolLogTest : public ::testing::Test {
 protected:
  ProtocolLogTest() {
    std::string pattern = (fs::temp_directory_path() / "postern-protocol-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    observe::CsvLogOptions options;
    options.folder = folder_;
    options.prefix = "SEND";
    log_ = std::make_unique<ProtocolLog>(*observe::CsvLog::Open(options));
  }

  ~ProtocolLogTest() override {
    log_.reset();
    fs::remove_all(folder_);
  }

  // Each line without its time; the session's id must be the one of `sessions`.
  std::vector<std::string> Lines() {
    log_->Flush();
    std::vector<std::string> lines;
    for (const auto& file : fs::directory_iterator(folder_)) {
      std::ifstream in(file.path());
      for (std::string line; std::getline(in, line);) {
        if (!line.starts_with('#')) lines.push_back(line.substr(line.find(',') + 1));
      }
    }
    return lines;
  }

  static io::Endpoint At(const char* text) { return *io::Endpoint::Parse(text); }

  std::string folder_;
  std::unique_ptr<ProtocolLog> log_;
};

TEST_F(ProtocolLogTest, ASessionReadsAsInExchange) {
  {
    const auto session = log_->Begin("To Contoso, all", At("192.0.2.1:25"));
    session->Connected(At("10.0.0.1:40000"));
    session->Received("220 mx.contoso.test, ready");
    session->Sent("MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n");
    session->Note("SendRoutingHeaders", "Set Session Permissions");
  }
  std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 7u);
  const std::string id = lines[0].substr(std::string("\"To Contoso, all\",").size(), 16);
  EXPECT_EQ(id.find_first_not_of("0123456789ABCDEF"), std::string::npos) << id;
  for (std::string& line : lines) {
    const std::string begin = base::Cat("\"To Contoso, all\",", id, ",");
    ASSERT_TRUE(line.starts_with(begin)) << line;
    line = line.substr(begin.size());
  }
  EXPECT_THAT(lines, ElementsAre("0,,192.0.2.1:25,*,,attempting to connect",
                                 "1,10.0.0.1:40000,192.0.2.1:25,+,,",
                                 "2,10.0.0.1:40000,192.0.2.1:25,<,\"220 mx.contoso.test, ready\",",
                                 "3,10.0.0.1:40000,192.0.2.1:25,>,MAIL FROM:<a@b.test>,",
                                 "4,10.0.0.1:40000,192.0.2.1:25,>,RCPT TO:<c@d.test>,",
                                 "5,10.0.0.1:40000,192.0.2.1:25,*,SendRoutingHeaders,"
                                 "Set Session Permissions",
                                 "6,10.0.0.1:40000,192.0.2.1:25,-,,Local"));
}

TEST_F(ProtocolLogTest, SessionsAreToldApartAndTheEndSaysWhose) {
  {
    const auto first = log_->Begin("C", At("192.0.2.1:25"));
    const auto second = log_->Begin("C", At("192.0.2.1:25"));
    first->Connected(At("10.0.0.1:1"));
    first->EndedByRemote();
  }
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 4u) << "one that never was connected does not end";
  EXPECT_NE(lines[0].substr(0, 18), lines[1].substr(0, 18));
  EXPECT_TRUE(lines[3].ends_with(",-,,Remote"));
}

TEST_F(ProtocolLogTest, ACertificateIsToldOnItsLines) {
  tls::CertificateFacts facts;
  facts.subject = "CN=mx.contoso.test";
  facts.issuer = "CN=CA";
  facts.serial = "0A";
  facts.thumbprint = "AB";
  facts.names = {"mx.contoso.test", "*.contoso.test"};
  log_->Begin("C", At("192.0.2.1:25"))->NoteCertificate("Received", facts);
  const std::string all = base::Join(Lines(), "\n");
  for (const char* part : {",*,,Received certificate", ",*,CN=mx.contoso.test,Certificate subject",
                           ",*,CN=CA,Certificate issuer name", ",*,0A,Certificate serial number",
                           ",*,AB,Certificate thumbprint",
                           ",*,mx.contoso.test;*.contoso.test,Certificate alternate names"}) {
    EXPECT_THAT(all, HasSubstr(part));
  }
}

TEST_F(ProtocolLogTest, ALineOfThePeerCannotBreakTheFile) {
  const auto session = log_->Begin("C", At("192.0.2.1:25"));
  session->Received(base::Cat("250 \"x\",\n\r,", std::string(5000, 'y')));
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1], HasSubstr("<,\"250 \"\"x\"\",  ,yyy"));
  EXPECT_LT(lines[1].size(), 2200u);
}

}  // namespace
}  // namespace postern::smtp
