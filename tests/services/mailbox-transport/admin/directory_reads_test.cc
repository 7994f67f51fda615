#include "services/mailbox-transport/admin/directory_reads.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/admin/directory_fixture.h"

namespace postern::admin {
namespace {

using directory::testing::ConnectorFrom;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class DirectoryReadsTest : public DirectoryFixture {
 protected:
  // Connectors c000, c001, ... in one file.
  void WriteConnectors(int from, int to, int step = 1) {
    std::string text;
    for (int i = from; i < to; i += step) {
      const std::string digits = std::to_string(1000 + i).substr(1);
      text += base::Cat("apiVersion: postern.dev/v1\nkind: SendConnector\nmetadata: {name: c",
                        digits, "}\nspec: {name: C", digits,
                        ", addressSpaces: ['*'], sourceTransportServers: [mbx-0]}\n---\n");
    }
    Write("connectors.yaml", text);
    EXPECT_TRUE(watch_->LoadNow().ok());
  }

  absl::Status Ask(v1::ListResourcesRequest request) {
    page_.Clear();
    return reads_.List(request, page_);
  }

  static v1::ListResourcesRequest Of(const std::string& kind,
                                     int page_size,
                                     const std::string& token = "") {
    v1::ListResourcesRequest request;
    request.set_kind(kind);
    request.set_page_size(page_size);
    request.set_page_token(token);
    return request;
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const v1::Resource& resource : page_.resources())
      names.push_back(directory::MetadataOf(resource).name());
    return names;
  }

  absl::Status Get(const std::string& kind,
                   const std::string& name,
                   const std::vector<std::string>& paths = {}) {
    v1::GetResourceRequest request;
    request.set_kind(kind);
    request.set_name(name);
    for (const std::string& path : paths)
      request.mutable_read_mask()->add_paths(path);
    got_.Clear();
    return reads_.Get(request, got_);
  }

  DirectoryReads reads_{*watch_, readiness_};
  v1::ListResourcesResponse page_;
  v1::Resource got_;
};

TEST_F(DirectoryReadsTest, AResourceHasItsDefaultsVersionAndStatus) {
  WriteConnectors(0, 1);
  missing_ = connector::NotReady{"SecretNotUsable", "none"};
  ASSERT_TRUE(Get("SendConnector", "C000").ok());
  const v1::SendConnector& connector = got_.send_connector();
  EXPECT_EQ(connector.metadata().name(), "c000");
  EXPECT_EQ(connector.metadata().resource_version(),
            watch_->current()->connectors().front().version);
  EXPECT_EQ(connector.spec().max_message_size(), "25MB");
  ASSERT_EQ(connector.status().conditions_size(), 1);
  EXPECT_EQ(connector.status().conditions(0).reason(), "SecretNotUsable");
  ASSERT_TRUE(Get("TransportConfig", "").ok());
  EXPECT_EQ(got_.transport_config().spec().max_receive_size(), "35MB");
}

TEST_F(DirectoryReadsTest, WrongQuestionsAreNamed) {
  EXPECT_THAT(TextOf(Get("Connector", "x")), HasSubstr("kind: \"Connector\": is AcceptedDomain"));
  const absl::Status nothing = Get("Site", "nowhere");
  EXPECT_EQ(nothing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(TextOf(nothing), HasSubstr("Site \"nowhere\": there is none in the directory"));
  EXPECT_THAT(TextOf(Get("Site", "main", {"spec.frontEnds", "spec.smartHosts"})),
              HasSubstr("read: mask: \"spec.smartHosts\": is not a field of Site"));
}

TEST_F(DirectoryReadsTest, AReadMaskKeepsWhatItNamesAndWhatSaysWhichItIs) {
  WriteConnectors(0, 1);
  ASSERT_TRUE(Get("SendConnector", "c000", {"spec.port", "status"}).ok());
  const v1::SendConnector& connector = got_.send_connector();
  EXPECT_EQ(connector.kind(), "SendConnector");
  EXPECT_EQ(connector.metadata().name(), "c000");
  EXPECT_FALSE(connector.metadata().resource_version().empty());
  EXPECT_EQ(connector.spec().port(), 25);
  EXPECT_EQ(connector.spec().name(), "");
  EXPECT_EQ(connector.status().conditions_size(), 1);
  v1::ListResourcesRequest all;
  all.mutable_read_mask()->add_paths("spec.site");
  ASSERT_TRUE(Ask(all).ok()) << "a field of one kind, in a list of all";
  EXPECT_EQ(page_.resources(page_.resources_size() - 1).transport_server().spec().site(), "main");
  EXPECT_FALSE(page_.resources(0).send_connector().has_spec());
  all.mutable_read_mask()->add_paths("spec.nothing");
  EXPECT_EQ(Ask(all).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(DirectoryReadsTest, EveryKindIsListedInItsOrder) {
  WriteConnectors(0, 2);
  ASSERT_TRUE(Ask({}).ok());
  EXPECT_THAT(Names(), ElementsAre("c000", "c001", "main", "transport-config", "mbx-0"));
  EXPECT_EQ(page_.next_page_token(), "");
  EXPECT_EQ(page_.snapshot_version(), watch_->current()->version());
  ASSERT_TRUE(Ask(Of("Site", 0)).ok());
  EXPECT_THAT(Names(), ElementsAre("main"));
  ASSERT_TRUE(Ask(Of("AcceptedDomain", 0)).ok());
  EXPECT_THAT(Names(), ElementsAre());
}

TEST_F(DirectoryReadsTest, PagesAreBounded) {
  WriteConnectors(0, 150);
  const std::pair<int, int> rows[] = {{0, 100}, {1, 1}, {149, 149}, {150, 150}, {1000, 150}};
  for (const auto& [page_size, got] : rows) {
    ASSERT_TRUE(Ask(Of("SendConnector", page_size)).ok());
    EXPECT_EQ(page_.resources_size(), got) << page_size;
    EXPECT_EQ(page_.next_page_token().empty(), got == 150) << page_size;
  }
  for (const int page_size : {-1, 1001})
    EXPECT_THAT(TextOf(Ask(Of("SendConnector", page_size))), HasSubstr("is from 1 to 1000"));
}

TEST_F(DirectoryReadsTest, APageOfLargeResourcesEndsEarly) {
  std::string spaces;
  for (int i = 0; i < 1000; ++i)
    spaces += base::Cat(i == 0 ? "" : ", ", "'", std::string(60, 'a'), ".", std::string(60, 'b'),
                        ".", std::string(60, 'c'), ".n", i, ".test'");
  std::string text;
  for (int i = 0; i < 30; ++i) {
    Write(base::Cat("large-", i, ".yaml"),
          base::Cat("apiVersion: postern.dev/v1\nkind: SendConnector\nmetadata: {name: l", i,
                    "}\nspec: {name: L", i, ", addressSpaces: [", spaces,
                    "], sourceTransportServers: [mbx-0]}\n"));
  }
  ASSERT_TRUE(watch_->LoadNow().ok());
  int pages = 0;
  std::size_t seen = 0;
  std::string token;
  do {
    ASSERT_TRUE(Ask(Of("SendConnector", 1000, token)).ok());
    EXPECT_LE(page_.ByteSizeLong(), DirectoryReads::kPageBytesMax + (1 << 20));
    token = page_.next_page_token();
    seen += static_cast<std::size_t>(page_.resources_size());
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(seen, 30u);
  EXPECT_GT(pages, 1);
}

// Every connector that is there all the time is seen once, whatever else comes and goes.
TEST_F(DirectoryReadsTest, PagingStaysRightWhileTheDirectoryChanges) {
  WriteConnectors(0, 1000, 2);
  std::map<std::string, int> seen;
  std::string token;
  int round = 0;
  do {
    ASSERT_TRUE(Ask(Of("SendConnector", 7, token)).ok());
    for (const std::string& name : Names())
      ++seen[name];
    token = page_.next_page_token();
    if (++round % 10 == 0) WriteConnectors(0, 1000, round % 20 == 0 ? 2 : 1);
  } while (!token.empty());
  for (int i = 0; i < 1000; i += 2)
    EXPECT_EQ(seen[base::Cat("c", std::to_string(1000 + i).substr(1))], 1) << i;
  for (const auto& [name, times] : seen)
    EXPECT_EQ(times, 1) << name;
}

TEST_F(DirectoryReadsTest, ATokenOfSomethingElseIsRefused) {
  WriteConnectors(0, 3);
  ASSERT_TRUE(Ask(Of("", 1)).ok());
  const std::string of_all = page_.next_page_token();
  for (const std::string& token :
       {std::string("x"), std::string("AAAA"), base::Base64("1\n\nNothing\nx"),
        base::Base64("2\nSendConnector\nSendConnector\nc000"), of_all}) {
    EXPECT_EQ(Ask(Of("SendConnector", 1, token)).code(), absl::StatusCode::kInvalidArgument)
        << token;
  }
  ASSERT_TRUE(Ask(Of("Site", 5, base::Base64("1\nSite\nAcceptedDomain\n"))).ok());
  EXPECT_THAT(Names(), ElementsAre("main")) << "no other kind by a token that was made up";
}

TEST_F(DirectoryReadsTest, TheIndexIsMadeOnceForASnapshot) {
  const auto first = reads_.index();
  EXPECT_EQ(reads_.index(), first);
  WriteConnectors(0, 1);
  EXPECT_NE(reads_.index(), first);
  EXPECT_THAT(reads_.index()->rows(), SizeIs(4));
}

}  // namespace
}  // namespace postern::admin
