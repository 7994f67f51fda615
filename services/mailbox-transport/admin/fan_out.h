// services/mailbox-transport/admin/fan_out.h
//
// FanOut: asks servers of the organization one question each, all at once, at their addresses in
// the directory.
//
// Flow      Ask(questions, within, call) -> one Answer for each, in their order. `call` starts a
//           unary call of the service's stub.
// Failure   Ask always answers: a server that is not in the directory, has no address, cannot be
//           reached or is late has its status, which names it.
// Lifetime  One executor; outlives its calls. Connections are kept for the next question.
// Limits    kQuestionsMax at once; `within` for each answer, the connection included.
// See       common/rpc/relay_client.h: the same peers, the same certificates

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include <grpcpp/grpcpp.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/directory/snapshot.h"
#include "common/io/completion.h"
#include "common/io/executor.h"
#include "common/rpc/server.h"
#include "common/rpc/settings.h"

namespace postern::admin {

class FanOut {
 public:
  static constexpr std::size_t kQuestionsMax = 16;

  struct Parts {
    io::Executor& executor;
    const rpc::RpcSettings& rpc;
    std::function<directory::SnapshotPtr()> directory;
  };

  template <typename Request>
  struct Question {
    std::string server;
    Request request;
  };

  template <typename Response>
  struct Answer {
    std::string server;
    absl::Status status;
    Response response;
  };

  // As the methods of a generated Stub::async_interface.
  template <typename Service, typename Request, typename Response>
  using Method = void (Service::Stub::async::*)(grpc::ClientContext*,
                                                const Request*,
                                                Response*,
                                                std::function<void(grpc::Status)>);

  explicit FanOut(Parts parts) : parts_(std::move(parts)) {}

  template <typename Service, typename Request, typename Response>
  io::Task<std::vector<Answer<Response>>> Ask(std::vector<Question<Request>> questions,
                                              absl::Duration within,
                                              Method<Service, Request, Response> method);

 private:
  template <typename Service, typename Request, typename Response>
  struct Call;

  absl::StatusOr<std::shared_ptr<grpc::Channel>> ChannelTo(const std::string& server);

  const Parts parts_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;  // by address
};

template <typename Service, typename Request, typename Response>
struct FanOut::Call {
  explicit Call(io::Executor& on)
      : executor(on), done(std::make_shared<io::Completion<grpc::Status>>(on)) {}

  // gRPC's threads let go of nothing: the last share of a channel must not end on one of them.
  void Start(std::shared_ptr<Call> call,
             std::shared_ptr<grpc::Channel> channel,
             absl::Duration within,
             Method<Service, Request, Response> method) {
    self = std::move(call);
    stub = Service::NewStub(channel);
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(within));
    (stub->async()->*method)(&context, &request, &response, [this](const grpc::Status& status) {
      executor.Post([mine = std::move(self), status] { mine->done->Set(status); });
    });
  }

  io::Executor& executor;
  grpc::ClientContext context;
  std::unique_ptr<typename Service::Stub> stub;
  Request request;
  Response response;
  std::shared_ptr<io::Completion<grpc::Status>> done;
  std::shared_ptr<Call> self;
};

template <typename Service, typename Request, typename Response>
io::Task<std::vector<FanOut::Answer<Response>>> FanOut::Ask(
    std::vector<Question<Request>> questions,
    absl::Duration within,
    Method<Service, Request, Response> method) {
  POSTERN_CHECK(questions.size() <= kQuestionsMax);
  // What a call may take beyond its own deadline before it is ended by us.
  constexpr absl::Duration kLate = absl::Seconds(5);
  using OneCall = Call<Service, Request, Response>;
  std::vector<Answer<Response>> answers(questions.size());
  std::vector<std::shared_ptr<OneCall>> calls(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    answers[i].server = questions[i].server;
    auto channel = ChannelTo(questions[i].server);
    if (!channel.ok()) {
      answers[i].status = channel.status();
      continue;
    }
    calls[i] = std::make_shared<OneCall>(parts_.executor);
    calls[i]->request = std::move(questions[i].request);
    calls[i]->Start(calls[i], *std::move(channel), within, method);
  }
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (calls[i] == nullptr) continue;
    std::optional<grpc::Status> status = co_await calls[i]->done->Until(within + kLate);
    if (!status) {
      calls[i]->context.TryCancel();
      status = co_await calls[i]->done->Wait();
    }
    answers[i].status = base::Annotate(rpc::FromGrpc(*status), answers[i].server);
    answers[i].response = std::move(calls[i]->response);
  }
  co_return answers;
}

}  // namespace postern::admin
