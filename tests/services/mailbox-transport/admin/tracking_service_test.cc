#include "services/mailbox-transport/admin/tracking_service.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/rpc/credentials.h"
#include "postern/v1/tracking.grpc.pb.h"
#include "tests/services/mailbox-transport/pipeline/tracking_folder.h"
#include "tests/support/certificates.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// One server of the organization with its log and its port.
struct TrackedServer {
  explicit TrackedServer(const std::string& name)
      : tracking(*pipeline::Tracking::Open({}, name, folder.path())) {}

  pipeline::TrackingFolder folder;
  std::unique_ptr<pipeline::Tracking> tracking;
  std::unique_ptr<TrackingService> service;
  std::unique_ptr<rpc::Server> server;
};

// Two servers with real certificates; the directory knows a third that does not run.
class TrackingServiceTest : public ::testing::Test {
 protected:
  TrackingServiceTest() {
    executor_.Start();
    Prove("mailbox-transport", settings_);
    authority_ = *rpc::Authority::Make(settings_);
    for (const char* name : {"mbx-0", "mbx-1"})
      servers_.push_back(std::make_unique<TrackedServer>(name));
    for (std::size_t i = 0; i < servers_.size(); ++i)
      Start(base::Cat("mbx-", i), *servers_[i]);
  }

  ~TrackingServiceTest() override {
    for (const auto& one : servers_)
      one->service->Stop();
    for (const auto& one : servers_)
      one->server.reset();
    servers_.clear();
    channel_.reset();
    executor_.Stop();
  }

  void Prove(const std::string& service, rpc::RpcSettings& settings) {
    const auto files = files_.Issue(
        postern::testing::ForService(base::Cat("spiffe://postern.local/here/", service)));
    settings.certificate_file.value = files.certificate_file;
    settings.key_file.value = files.key_file;
    settings.ca_file.value = files_.ca_file();
  }

  void Start(const std::string& name, TrackedServer& one) {
    one.service = std::make_unique<TrackingService>(TrackingService::Parts{
        *authority_, settings_, executor_, disk_, [this] { return Directory(); }, name,
        one.tracking.get(), absl::Seconds(5)});
    rpc::Server::Options options;
    options.address = "127.0.0.1:0";
    one.server = *rpc::Server::Start(settings_, options, {one.service->service()});
  }

  directory::SnapshotPtr Directory() {
    directory::SnapshotParts parts;
    parts.sites.push_back({"here", {}, ""});
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      parts.servers.push_back(
          {base::Cat("mbx-", i), "here", base::Cat("127.0.0.1:", servers_[i]->server->port()), ""});
    }
    parts.servers.push_back({"mbx-down", "here", "127.0.0.1:1", ""});
    parts.servers.push_back({"mbx-mute", "here", "", ""});
    return directory::MakeSnapshot(std::move(parts));
  }

  void Receive(std::size_t server, std::uint64_t id) {
    model::Message message;
    message.id = {id};
    mail::Recipient recipient;
    recipient.address = "bob@b.test";
    message.envelope.recipients.push_back(recipient);
    message.recipients.resize(1);
    servers_[server]->tracking->Received(message);
  }

  std::unique_ptr<v1::Tracking::Stub> Stub(const std::string& service = "reader") {
    rpc::RpcSettings caller;
    Prove(service, caller);
    // By address: the name would be looked up, and c-ares keeps a little of that.
    grpc::ChannelArguments named;
    named.SetSslTargetNameOverride("localhost");
    channel_ = grpc::CreateCustomChannel(
        base::Cat("127.0.0.1:", servers_[0]->server->port()),
        *rpc::MakeChannelCredentials(caller, "", "mailbox-transport"), named);
    return v1::Tracking::NewStub(channel_);
  }

  static void Within(grpc::ClientContext& call) {
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }

  grpc::Status Ask(const v1::GetMessageTrackingLogRequest& request,
                   const std::string& service = "reader") {
    grpc::ClientContext call;
    Within(call);
    response_.Clear();
    return Stub(service)->GetMessageTrackingLog(&call, request, &response_);
  }

  std::vector<std::string> Found() const {
    std::vector<std::string> found;
    for (const v1::TrackingEvent& event : response_.events())
      found.push_back(base::Cat(event.server(), " ", event.internal_message_id()));
    return found;
  }

  io::Executor executor_{"tracking"};
  io::DiskPool disk_{1};
  postern::testing::CertificateAuthority files_;
  rpc::RpcSettings settings_;
  std::unique_ptr<rpc::Authority> authority_;
  std::vector<std::unique_ptr<TrackedServer>> servers_;
  std::shared_ptr<grpc::Channel> channel_;
  v1::GetMessageTrackingLogResponse response_;
};

TEST_F(TrackingServiceTest, EveryServerIsAskedAndTheSilentAreNamed) {
  Receive(0, 7);
  Receive(1, 8);
  ASSERT_TRUE(Ask({}).ok());
  EXPECT_THAT(Found(), UnorderedElementsAre("mbx-0 7", "mbx-1 8"));
  EXPECT_TRUE(response_.complete());
  ASSERT_THAT(response_.silent(), SizeIs(2));
  EXPECT_EQ(response_.silent(0).server(), "mbx-down");
  EXPECT_THAT(response_.silent(0).error(), HasSubstr("mbx-down: "));
  EXPECT_EQ(response_.silent(1).error(), "mbx-mute: its TransportServer has no relayAddress");
}

TEST_F(TrackingServiceTest, PagesGoOnWithTheirCursors) {
  for (std::uint64_t id = 1; id <= 5; ++id) {
    Receive(0, id);
    Receive(1, 10 + id);
  }
  v1::GetMessageTrackingLogRequest request;
  request.set_result_size(2);
  request.add_servers("mbx-0");
  request.add_servers("MBX-1");
  std::vector<std::string> all;
  for (int pages = 0; pages < 10 && !response_.complete(); ++pages) {
    ASSERT_TRUE(Ask(request).ok());
    EXPECT_LE(response_.events_size(), 4);
    for (std::string& one : Found())
      all.push_back(std::move(one));
    *request.mutable_cursors() = response_.cursors();
  }
  EXPECT_TRUE(response_.complete());
  EXPECT_THAT(
      all, UnorderedElementsAre("mbx-0 1", "mbx-0 2", "mbx-0 3", "mbx-0 4", "mbx-0 5", "mbx-1 11",
                                "mbx-1 12", "mbx-1 13", "mbx-1 14", "mbx-1 15"));
}

TEST_F(TrackingServiceTest, WhatCannotBeAskedIsRefused) {
  v1::GetMessageTrackingLogRequest request;
  request.add_servers("nobody");
  EXPECT_EQ(Ask(request).error_code(), grpc::NOT_FOUND);
  request.Clear();
  request.set_result_size(10'001);
  EXPECT_THAT(Ask(request).error_message(), HasSubstr("result_size: 10001: at most 10000"));
  request.Clear();
  request.set_local(true);
  request.add_cursors()->set_server("mbx-0");
  request.mutable_cursors(0)->set_file("/etc/passwd");
  EXPECT_EQ(Ask(request).error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(Ask({}, "app-mail").error_code(), grpc::PERMISSION_DENIED);
}

TEST_F(TrackingServiceTest, AWatcherHearsOfEventsAndGoesOnWithItsCursor) {
  Receive(0, 1);
  servers_[0]->tracking->Flush();
  v1::WatchEventsRequest request;
  v1::WatchEventsResponse told;
  const auto stub = Stub();
  {
    grpc::ClientContext call;
    Within(call);
    const auto reader = stub->WatchEvents(&call, request);
    ASSERT_TRUE(reader->Read(&told));
    EXPECT_EQ(told.events_size(), 0) << "what was before is not told without a cursor";
    Receive(0, 2);
    ASSERT_TRUE(reader->Read(&told));
    ASSERT_EQ(told.events_size(), 1);
    EXPECT_EQ(told.events(0).internal_message_id(), "2");
    EXPECT_FALSE(told.lost());
    call.TryCancel();
  }
  Receive(0, 3);
  servers_[0]->tracking->Flush();
  *request.mutable_cursor() = told.cursor();
  grpc::ClientContext call;
  Within(call);
  const auto reader = stub->WatchEvents(&call, request);
  ASSERT_TRUE(reader->Read(&told));
  ASSERT_EQ(told.events_size(), 1);
  EXPECT_EQ(told.events(0).internal_message_id(), "3");
  servers_[0]->service->Stop();
  EXPECT_FALSE(reader->Read(&told));
  // A write under way when the end comes is cut off.
  EXPECT_THAT(reader->Finish().error_code(), ::testing::AnyOf(grpc::UNAVAILABLE, grpc::CANCELLED));
}

TEST_F(TrackingServiceTest, AWatcherWhoseFileIsGoneIsTold) {
  Receive(0, 1);
  servers_[0]->tracking->Flush();
  v1::WatchEventsRequest request;
  request.mutable_cursor()->set_file("MSGTRK20200101-1.log");
  request.mutable_cursor()->set_offset(100);
  grpc::ClientContext call;
  Within(call);
  const auto stub = Stub();
  const auto reader = stub->WatchEvents(&call, request);
  v1::WatchEventsResponse told;
  ASSERT_TRUE(reader->Read(&told));
  EXPECT_TRUE(told.lost());
  ASSERT_EQ(told.events_size(), 1);
  EXPECT_EQ(told.events(0).internal_message_id(), "1");
  call.TryCancel();
}

}  // namespace
}  // namespace postern::admin
