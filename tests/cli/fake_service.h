// tests/cli/fake_service.h
//
// FakeService: Submission and Admin on a loopback port, answering as a test tells them, and a
// Directory in memory; and a shell whose streams are strings.

#pragma once

#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "cli/run.h"
#include "cli/shell.h"
#include "common/base/text.h"
#include "postern/v1/admin.grpc.pb.h"
#include "postern/v1/submission.grpc.pb.h"
#include "tests/cli/fake_directory.h"

namespace postern::cli {

class FakeService final : public v1::Admin::Service, public v1::Submission::Service {
 public:
  FakeService() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<v1::Admin::Service*>(this));
    builder.RegisterService(static_cast<v1::Submission::Service*>(this));
    builder.RegisterService(&directory);
    server_ = builder.BuildAndStart();
  }

  ~FakeService() override { server_->Shutdown(); }

  std::string address() const { return base::Cat("127.0.0.1:", port_); }

  grpc::Status GetQueue(grpc::ServerContext*,
                        const v1::GetQueueRequest* request,
                        v1::GetQueueResponse* response) override {
    identity = request->identity();
    queue_request = *request;
    *response = queues;
    // By this the shell learns whom it talks to.
    const bool whoami = request->identity() == "Submission" && queues.queues().empty();
    if (whoami) response->add_queues()->set_identity("mbx-0\\Submission");
    return answer;
  }

  grpc::Status GetQueueDigest(grpc::ServerContext*,
                              const v1::GetQueueDigestRequest* request,
                              v1::GetQueueDigestResponse* response) override {
    digest_request = *request;
    *response = digest;
    return answer;
  }

  grpc::Status RedirectMessage(grpc::ServerContext*,
                               const v1::RedirectMessageRequest* request,
                               v1::RedirectMessageResponse* response) override {
    redirect_request = *request;
    *response->mutable_targets() = request->targets();
    return answer;
  }

  grpc::Status GetMessage(grpc::ServerContext*,
                          const v1::GetMessageRequest* request,
                          v1::GetMessageResponse* response) override {
    identity = request->identity();
    message_requests.push_back(*request);
    *response = messages;
    // An answer before the last one.
    if (message_requests.size() < message_answers) response->mutable_next()->set_examined(1000);
    return answer;
  }

  grpc::Status ActOnQueues(grpc::ServerContext*,
                           const v1::QueueActionRequest* request,
                           v1::ActionResponse* response) override {
    queue_actions.push_back(*request);
    return Acted(queue_actions.size(), response);
  }

  grpc::Status ActOnMessages(grpc::ServerContext*,
                             const v1::MessageActionRequest* request,
                             v1::ActionResponse* response) override {
    message_actions.push_back(*request);
    return Acted(message_actions.size(), response);
  }

  grpc::Status ExportMessage(grpc::ServerContext*,
                             const v1::ExportMessageRequest* request,
                             grpc::ServerWriter<v1::ExportMessageResponse>* writer) override {
    identity = request->identity();
    v1::ExportMessageResponse frame;
    frame.set_size(export_size);
    for (const std::string& piece : exported) {
      frame.set_content(piece);
      writer->Write(frame);
      frame.clear_size();
    }
    return answer;
  }

  grpc::Status TestRoute(grpc::ServerContext*,
                         const v1::TestRouteRequest* request,
                         v1::TestRouteResponse* response) override {
    identity = base::Cat(request->recipient(), " ", request->size());
    *response = route;
    return answer;
  }

  grpc::Status GetTlsReport(grpc::ServerContext*,
                            const v1::GetTlsReportRequest* request,
                            v1::GetTlsReportResponse* response) override {
    identity = base::Cat(request->policy_domain(), " ", request->date(), " ",
                         request->documents() ? "json" : "table");
    *response = tls_report;
    return answer;
  }

  grpc::Status Submit(grpc::ServerContext*,
                      grpc::ServerReader<v1::SubmitRequest>* reader,
                      v1::SubmitResponse* response) override {
    v1::SubmitRequest frame;
    while (reader->Read(&frame)) {
      if (frame.has_envelope()) envelope = frame.envelope();
      content += frame.content();
      frame_bytes_max = std::max(frame_bytes_max, frame.content().size());
    }
    *response = receipt;
    return answer;
  }

  // The queue by which a shell learns the server's name, and the site that the server is in.
  void Serve(const std::string& server, const std::string& site) {
    queues.add_queues()->set_identity(base::Cat(server, "\\Submission"));
    directory.PutSite(site, server);
  }

  FakeDirectory directory;
  grpc::Status answer;
  v1::GetQueueResponse queues;
  v1::GetMessageResponse messages;
  std::size_t message_answers = 1;
  v1::GetQueueDigestResponse digest;
  v1::ActionResponse action;
  std::size_t action_answers = 1;
  std::uint64_t export_size = 0;
  std::vector<std::string> exported;
  v1::TestRouteResponse route;
  v1::GetTlsReportResponse tls_report;
  v1::SubmitResponse receipt;
  // What was asked.
  std::string identity;
  v1::RedirectMessageRequest redirect_request;
  v1::GetQueueRequest queue_request;
  v1::GetQueueDigestRequest digest_request;
  std::vector<v1::GetMessageRequest> message_requests;
  std::vector<v1::QueueActionRequest> queue_actions;
  std::vector<v1::MessageActionRequest> message_actions;
  v1::SubmitEnvelope envelope;
  std::string content;
  std::size_t frame_bytes_max = 0;

 private:
  grpc::Status Acted(std::size_t calls, v1::ActionResponse* response) const {
    *response = action;
    if (calls < action_answers) response->mutable_next()->set_message(calls);
    return answer;
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

struct StringShell {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;

  Shell shell(Output output = Output::kTable) {
    Shell one{.in = in, .out = out, .err = err};
    one.output = output;
    return one;
  }

  int Run(std::vector<std::string> words) {
    words.insert(words.begin(), "postern");
    std::vector<const char*> argv;
    for (const std::string& word : words)
      argv.push_back(word.c_str());
    return RunCommandLine(static_cast<int>(argv.size()), argv.data(), shell());
  }
};

}  // namespace postern::cli
