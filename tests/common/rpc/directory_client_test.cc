#include "common/rpc/directory_client.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/rpc/server.h"
#include "postern/v1/directory.grpc.pb.h"

namespace postern::rpc {
namespace {

using ::testing::HasSubstr;

// Tells what a test puts in, then waits until it is told to end or the caller has gone.
class ScriptedDirectory final : public v1::Directory::Service {
 public:
  grpc::Status Watch(grpc::ServerContext* call,
                     const v1::WatchResourcesRequest* request,
                     grpc::ServerWriter<v1::WatchResourcesResponse>* writer) override {
    std::unique_lock lock(mutex_);
    known_ = request->snapshot_version();
    while (true) {
      for (; told_ < versions_.size(); ++told_) {
        v1::WatchResourcesResponse response;
        response.set_snapshot_version(versions_[told_]);
        if (!writer->Write(response)) break;
      }
      if (ended_) return end_;
      if (call->IsCancelled()) {
        caller_gone_ = true;
        wake_.notify_all();
        return grpc::Status::CANCELLED;
      }
      wake_.wait_for(lock, std::chrono::milliseconds(1));
    }
  }

  void Tell(const std::string& version) {
    const std::lock_guard lock(mutex_);
    versions_.push_back(version);
    wake_.notify_all();
  }

  void End(grpc::Status status) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    end_ = std::move(status);
    wake_.notify_all();
  }

  bool CallerGone() {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, std::chrono::seconds(20), [this] { return caller_gone_; });
  }

  std::string known() {
    const std::lock_guard lock(mutex_);
    return known_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> versions_;
  std::size_t told_ = 0;
  bool ended_ = false;
  bool caller_gone_ = false;
  grpc::Status end_;
  std::string known_;
};

class DirectoryClientTest : public ::testing::Test {
 protected:
  DirectoryClientTest() {
    settings_.insecure_plaintext.value = true;
    server_ = *Server::Start(settings_, {.address = "127.0.0.1:0"}, {&directory_});
    client_ = *DirectoryClient::Make(settings_, base::Cat("127.0.0.1:", server_->port()));
  }

  std::unique_ptr<WatchStream> Watch(const std::string& known = "") {
    v1::WatchResourcesRequest request;
    request.set_snapshot_version(known);
    return client_->Watch(request);
  }

  static std::string NextOf(WatchStream& stream, absl::Duration within = absl::Seconds(20)) {
    const auto next = stream.Next(within);
    return next.ok() ? next->snapshot_version() : next.status().ToString();
  }

  RpcSettings settings_;
  ScriptedDirectory directory_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<DirectoryClient> client_;
};

TEST_F(DirectoryClientTest, AnswersComeInTheirOrder) {
  for (const char* version : {"1", "2", "3"})
    directory_.Tell(version);
  const auto stream = Watch("0");
  EXPECT_EQ(NextOf(*stream), "1");
  EXPECT_EQ(NextOf(*stream), "2");
  EXPECT_EQ(NextOf(*stream), "3");
  EXPECT_EQ(directory_.known(), "0");
}

TEST_F(DirectoryClientTest, SilenceIsADeadlineAndNoEnd) {
  const auto stream = Watch();
  EXPECT_THAT(NextOf(*stream, absl::Milliseconds(5)), HasSubstr("DEADLINE_EXCEEDED"));
  directory_.Tell("1");
  EXPECT_EQ(NextOf(*stream), "1");
}

TEST_F(DirectoryClientTest, TheEndComesAfterWhatWasTold) {
  directory_.Tell("1");
  directory_.End(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no role"));
  const auto stream = Watch();
  EXPECT_EQ(NextOf(*stream), "1");
  EXPECT_THAT(NextOf(*stream), HasSubstr("PERMISSION_DENIED: no role"));
  EXPECT_THAT(NextOf(*stream), HasSubstr("PERMISSION_DENIED: no role"));
}

TEST_F(DirectoryClientTest, AGoodEndIsAnEndToo) {
  directory_.End(grpc::Status::OK);
  EXPECT_THAT(NextOf(*Watch()), HasSubstr("UNAVAILABLE"));
}

TEST_F(DirectoryClientTest, CancelEndsAWaitingNext) {
  directory_.Tell("1");
  const auto stream = Watch();
  EXPECT_EQ(NextOf(*stream), "1");
  std::thread canceller([&] { stream->Cancel(); });
  EXPECT_THAT(NextOf(*stream), HasSubstr("CANCELLED"));
  canceller.join();
  EXPECT_TRUE(directory_.CallerGone());
}

TEST_F(DirectoryClientTest, DestroyingAStreamEndsItsCall) {
  directory_.Tell("1");
  directory_.Tell("2");
  auto stream = Watch();
  EXPECT_EQ(NextOf(*stream), "1");
  stream.reset();  // with an answer that nobody took
  EXPECT_TRUE(directory_.CallerGone());
}

TEST_F(DirectoryClientTest, NobodyAtTheAddressIsAnEndInNext) {
  server_.reset();
  EXPECT_THAT(NextOf(*Watch()), HasSubstr("UNAVAILABLE"));
}

TEST_F(DirectoryClientTest, PlainTextStaysOnThisMachine) {
  EXPECT_EQ(DirectoryClient::Make(settings_, "192.0.2.1:7172").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace postern::rpc
