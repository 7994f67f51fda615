#include "services/mailbox-transport/admin/directory_service.h"

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpcpp/grpcpp.h>

#include "common/io/executor.h"
#include "common/rpc/directory_client.h"
#include "postern/v1/directory.grpc.pb.h"
#include "services/mailbox-transport/admin/directory_watchers.h"
#include "tests/services/mailbox-transport/admin/directory_fixture.h"

namespace postern::admin {
namespace {

using directory::testing::ConnectorFrom;
using directory::testing::Named;
using directory::testing::ResourceFrom;
using ::testing::HasSubstr;

// The service on a port of this machine, in plain text.
class DirectoryServiceTest : public DirectoryFixture {
 protected:
  DirectoryServiceTest() {
    rpc_.insecure_plaintext.value = true;
    authority_ = *rpc::Authority::Make(rpc_);
    executor_.Start();
    Serve(managed_.get(), "");
  }

  ~DirectoryServiceTest() override {
    End();
    executor_.Stop();
  }

  void Serve(directory::ManagedFolder* folder, const std::string& writer, bool running = true) {
    End();
    service_ = std::make_unique<DirectoryService>(
        DirectoryService::Parts{.authority = *authority_,
                                .executor = executor_,
                                .registry = registry_,
                                .source = *watch_,
                                .server = "mbx-0",
                                .check_ready = nullptr,
                                .writer = writer,
                                .folder = folder,
                                .bring_into_force = [this] { return watch_->LoadNow(); },
                                .pulse = absl::Milliseconds(5)});
    changed_ = [this] { service_->Changed(); };
    if (running) service_->Changed();
    server_ = *rpc::Server::Start(rpc_, {.address = "127.0.0.1:0"}, {service_->service()});
    const std::string address = base::Cat("127.0.0.1:", server_->port());
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::Directory::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    client_ = *rpc::DirectoryClient::Make(rpc_, address);
  }

  void End() {
    if (service_ == nullptr) return;
    changed_ = nullptr;
    service_->Stop();
    server_.reset();
    service_.reset();
  }

  grpc::Status CreateBy(const v1::Resource& resource, std::string* writer = nullptr) {
    grpc::ClientContext call;
    v1::CreateResourceRequest request;
    *request.mutable_resource() = resource;
    v1::ChangeResponse response;
    grpc::Status status = stub_->Create(&call, request, &response);
    const auto& trailing = call.GetServerTrailingMetadata();
    const auto found = trailing.find(kWriterMetadata);
    if (writer != nullptr && found != trailing.end()) {
      *writer = std::string(found->second.data(), found->second.size());
    }
    return status;
  }

  // What the watch tells until a SYNCED of the directory as it is now: "ADDED main", ...
  std::vector<std::string> Heard(rpc::WatchStream& stream) {
    std::vector<std::string> heard;
    while (true) {
      const auto told = stream.Next(absl::Seconds(20));
      if (!told.ok()) {
        heard.push_back(told.status().ToString());
        return heard;
      }
      const std::string& type = v1::WatchResourcesResponse::Type_Name(told->type());
      if (told->has_resource()) {
        heard.push_back(base::Cat(type, " ", directory::MetadataOf(told->resource()).name()));
      } else if (told->snapshot_version() == watch_->current()->version()) {
        return heard;
      }
    }
  }

  bool SoonWatchers(int count) const {
    const std::string line = base::Cat("\npostern_directory_watchers ", count, "\n");
    for (int i = 0; i < 20'000 && registry_.Text().find(line) == std::string::npos; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return registry_.Text().find(line) != std::string::npos;
  }

  rpc::RpcSettings rpc_;
  std::unique_ptr<rpc::Authority> authority_;
  io::Executor executor_{"test"};
  std::unique_ptr<DirectoryService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::Directory::Stub> stub_;
  std::unique_ptr<rpc::DirectoryClient> client_;
};

TEST_F(DirectoryServiceTest, WhatIsCreatedIsReadListedAndWatched) {
  const auto watch = client_->Watch({});
  EXPECT_THAT(Heard(*watch),
              ::testing::ElementsAre("ADDED main", "ADDED transport-config", "ADDED mbx-0"));
  const grpc::Status created = CreateBy(ConnectorFrom("Internet"));
  ASSERT_TRUE(created.ok()) << created.error_message();
  EXPECT_THAT(Heard(*watch), ::testing::ElementsAre("ADDED internet"));

  grpc::ClientContext get;
  v1::GetResourceRequest which;
  which.set_kind("SendConnector");
  which.set_name("Internet");
  v1::Resource got;
  ASSERT_TRUE(stub_->Get(&get, which, &got).ok());
  EXPECT_EQ(got.send_connector().spec().name(), "Internet");
  EXPECT_EQ(got.send_connector().status().conditions(0).status(), "True");

  grpc::ClientContext list;
  v1::ListResourcesResponse page;
  ASSERT_TRUE(stub_->List(&list, {}, &page).ok());
  EXPECT_EQ(page.resources_size(), 4);
}

TEST_F(DirectoryServiceTest, RefusalsComeAsTheirStatus) {
  ASSERT_TRUE(CreateBy(ConnectorFrom("Internet")).ok());
  EXPECT_EQ(CreateBy(ConnectorFrom("Internet")).error_code(), grpc::ALREADY_EXISTS);
  EXPECT_EQ(CreateBy(ConnectorFrom("Bad", "port: 70000")).error_code(), grpc::INVALID_ARGUMENT);
  grpc::ClientContext call;
  v1::UpdateResourceRequest update;
  *update.mutable_resource() = Named(ConnectorFrom("Internet", "port: 26"), "internet");
  directory::MetadataOf(*update.mutable_resource()).set_resource_version("0");
  v1::ChangeResponse response;
  EXPECT_EQ(stub_->Update(&call, update, &response).error_code(), grpc::ABORTED);
  grpc::ClientContext other;
  v1::DeleteResourceRequest gone;
  gone.set_kind("Site");
  gone.set_name("nowhere");
  EXPECT_EQ(stub_->Delete(&other, gone, &response).error_code(), grpc::NOT_FOUND);
}

TEST_F(DirectoryServiceTest, ManyFindingsArriveAsFarAsAStatusCarriesThem) {
  v1::Resource bad = ConnectorFrom("Bad");
  for (int i = 0; i < 900; ++i)
    bad.mutable_send_connector()->mutable_spec()->add_address_spaces(base::Cat("*bad\n", i));
  const grpc::Status status = CreateBy(bad);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr("spec.addressSpaces[1]"));
  EXPECT_THAT(status.error_message(), ::testing::ContainsRegex("and [0-9]+ more"));
}

TEST_F(DirectoryServiceTest, ChangesWaitForTheRestOfTheService) {
  Serve(managed_.get(), "", /*running=*/false);
  EXPECT_EQ(CreateBy(ConnectorFrom("Early")).error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(Heard(*client_->Watch({})), ::testing::SizeIs(3)) << "it is read already";
  service_->Changed();
  EXPECT_TRUE(CreateBy(ConnectorFrom("Early")).ok());
}

TEST_F(DirectoryServiceTest, AFollowerNamesItsWriterInTheMetadata) {
  Serve(nullptr, "writer.test:7172");
  std::string writer;
  const grpc::Status status = CreateBy(ConnectorFrom("Internet"), &writer);
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(writer, "writer.test:7172");
  const auto watch = client_->Watch({});
  EXPECT_THAT(Heard(*watch), ::testing::SizeIs(3)) << "it is read there all the same";
}

TEST_F(DirectoryServiceTest, WhoHasTheDirectoryAlreadyHearsThatItIsSo) {
  v1::WatchResourcesRequest request;
  request.set_snapshot_version(watch_->current()->version());
  const auto watch = client_->Watch(request);
  EXPECT_THAT(Heard(*watch), ::testing::IsEmpty());
}

TEST_F(DirectoryServiceTest, AQuietWatchHasSignsOfLife) {
  const auto watch = client_->Watch({});
  Heard(*watch);
  for (int i = 0; i < 3; ++i) {
    const auto told = watch->Next(absl::Seconds(20));
    ASSERT_TRUE(told.ok()) << told.status();
    EXPECT_EQ(told->type(), v1::WatchResourcesResponse::SYNCED);
  }
}

TEST_F(DirectoryServiceTest, WatchersComeAndGo) {
  auto first = client_->Watch({});
  auto second = client_->Watch({});
  EXPECT_TRUE(SoonWatchers(2));
  first.reset();
  EXPECT_TRUE(SoonWatchers(1));
  Heard(*second);
  service_->Stop();
  absl::Status end;
  while (end.ok())
    end = second->Next(absl::Seconds(20)).status();
  // A sign of life that is being written when the end comes is cut off.
  EXPECT_THAT(end.ToString(),
              ::testing::AnyOf(HasSubstr("UNAVAILABLE: stopping"), HasSubstr("CANCELLED")));
  EXPECT_TRUE(SoonWatchers(0));
  EXPECT_THAT(Heard(*client_->Watch({})).back(), HasSubstr("stopping"));
  EXPECT_EQ(CreateBy(ConnectorFrom("Late")).error_code(), grpc::UNAVAILABLE);
}

TEST_F(DirectoryServiceTest, ThereAreOnlySoManyWatchers) {
  std::vector<std::unique_ptr<rpc::WatchStream>> watchers;
  for (std::size_t i = 0; i < DirectoryWatchers::kWatchersMax; ++i)
    watchers.push_back(client_->Watch({}));
  ASSERT_TRUE(SoonWatchers(DirectoryWatchers::kWatchersMax));
  EXPECT_THAT(Heard(*client_->Watch({})).back(), HasSubstr("RESOURCE_EXHAUSTED"));
  watchers.pop_back();
  EXPECT_TRUE(SoonWatchers(DirectoryWatchers::kWatchersMax - 1));
  EXPECT_THAT(Heard(*client_->Watch({})), ::testing::SizeIs(3));
}

// The slow one reads nothing while fifty directories come and go; then it hears of the last.
TEST_F(DirectoryServiceTest, ASlowWatcherHoldsNobodyUp) {
  const auto slow = client_->Watch({});
  const auto quick = client_->Watch({});
  Heard(*quick);
  for (int i = 0; i < 50; ++i) {
    const auto site =
        Named(ResourceFrom("Site", base::Cat("spec: {comment: '", std::string(4000, 'x'), i, "'}")),
              base::Cat("site-", i));
    ASSERT_TRUE(CreateBy(site).ok());
    EXPECT_THAT(Heard(*quick), ::testing::ElementsAre(base::Cat("ADDED site-", i)));
  }
  const auto heard = Heard(*slow);
  EXPECT_EQ(std::count(heard.begin(), heard.end(), "ADDED site-49"), 1);
}

TEST_F(DirectoryServiceTest, ChangesOfManyCallersAllComeAbout) {
  std::vector<std::thread> callers;
  std::atomic<int> done{0};
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 5; ++i)
        done += CreateBy(ConnectorFrom(base::Cat("C ", caller, " ", i))).ok() ? 1 : 0;
    });
  }
  for (std::thread& caller : callers)
    caller.join();
  EXPECT_EQ(done, 40);
  EXPECT_EQ(watch_->current()->connectors().size(), 40u);
}

}  // namespace
}  // namespace postern::admin
