#include "cli/directory_client.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"
#include "tests/common/connector/good_connector.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

ConnectionOptions OptionsFor(const std::string& address) {
  ConnectionOptions options;
  options.address = address;
  options.insecure_plaintext = true;
  return options;
}

v1::Resource Internet() {
  v1::Resource resource = NewResource("SendConnector");
  *resource.mutable_send_connector() = connector::testing::GoodConnector();
  return resource;
}

class DirectoryClientTest : public ::testing::Test {
 protected:
  FakeService service_;
  StringShell strings_;
  Shell shell_ = strings_.shell();
  DirectoryClient client_{OptionsFor(service_.address()), shell_};
};

TEST_F(DirectoryClientTest, AListIsReadPageByPage) {
  service_.directory.page_size_max = 2;
  for (const char* site : {"a", "b", "c", "d", "e"})
    service_.directory.PutSite(site, std::string("mbx-") + site);
  const auto sites = client_.List("Site");
  ASSERT_TRUE(sites.ok()) << sites.status();
  EXPECT_EQ(sites->size(), 5u);
  EXPECT_EQ(client_.List("")->size(), 10u);
  EXPECT_TRUE(client_.List("SiteLink")->empty());
}

TEST_F(DirectoryClientTest, AChangeGoesToTheWriterOnce) {
  FakeService writer;
  service_.directory.writer = writer.address();
  const auto created = client_.Create(Internet(), false);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(writer.directory.Has("SendConnector", "internet"));
  EXPECT_FALSE(service_.directory.Has("SendConnector", "internet"));
  EXPECT_EQ(strings_.err.str(), base::Cat("the directory is written at ", writer.address(),
                                          ": the change is made there\n"));
  // What is read from now on is what was written.
  EXPECT_TRUE(client_.Get("SendConnector", "Internet").ok());
}

TEST_F(DirectoryClientTest, AWriterThatIsNoneEither) {
  FakeService other;
  other.directory.writer = service_.address();
  service_.directory.writer = other.address();
  EXPECT_EQ(client_.Create(Internet(), false).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(DirectoryClientTest, TheSiteIsThatOfTheServerThatWasAsked) {
  service_.queues.add_queues()->set_identity("MBX-0\\Submission");
  EXPECT_THAT(std::string(client_.OwnSite().status().message()), HasSubstr("no TransportServer"));
  service_.directory.PutSite("site-a", "mbx-0");
  EXPECT_EQ(client_.OwnSite().value_or(""), "site/site-a");
}

TEST_F(DirectoryClientTest, AServerIsFoundByItsName) {
  service_.queues.add_queues()->set_identity("MBX-0\\Submission");
  const auto own = client_.ServerNamed("mbx-0");
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(*own, client_.Asked().value_or(nullptr));
  EXPECT_EQ(client_.ServerNamed("mbx-7").status().code(), absl::StatusCode::kNotFound);
  service_.directory.PutSite("site-a", "mbx-1");
  EXPECT_THAT(std::string(client_.ServerNamed("mbx-1").status().message()),
              HasSubstr("server mbx-1: it has no relayAddress"));
  service_.directory.Stored("TransportServer", "mbx-1")
      .mutable_transport_server()
      ->mutable_spec()
      ->set_relay_address(client_.options().address);
  const auto other = client_.ServerNamed("MBX-1");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE(*other, *own);
}

TEST_F(DirectoryClientTest, VerboseSaysWhatIsAsked) {
  client_.set_verbose(true);
  ASSERT_TRUE(client_.Create(Internet(), true).ok());
  EXPECT_EQ(strings_.err.str(), "VERBOSE: Create SendConnector Internet\n");
}

}  // namespace
}  // namespace postern::cli
