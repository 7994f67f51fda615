// services/mailbox-transport/admin/message_export.h
//
// MessageExport: the content of a message as it is stored, frame by frame to one caller.
//
// Flow      co_await FindExport(...) gives what may be exported; ExportStream writes it.
// Failure   kNotFound, or kFailedPrecondition: it is neither suspended nor poison; kDataLoss: the
//           content is damaged; kResourceExhausted: the caller is too slow.
// Lifetime  A stream deletes itself after its end. Borrows store and disk pool.
// Limits    kExportFrameBytes a frame; one chunk of the message in memory; kExportWriteMax for a
//           frame to be taken.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include <grpcpp/grpcpp.h>

#include "common/io/completion.h"
#include "common/io/on_disk.h"
#include "common/rpc/server.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/message_query.h"

namespace postern::admin {

inline constexpr std::size_t kExportFrameBytes = 64 * 1024;
inline constexpr absl::Duration kExportWriteMax = absl::Minutes(1);

// What is exported.
struct Exported {
  base::MessageId id;
  std::uint64_t size = 0;
  std::uint32_t chunks = 0;
};

io::Task<absl::StatusOr<Exported>> FindExport(pipeline::Pipeline& pipeline,
                                              io::DiskPool& disk,
                                              base::Clock& clock,
                                              std::string identity);

// Gives the content piece by piece, none larger than kExportFrameBytes, until `take` fails.
using TakeContent = std::function<io::Task<absl::Status>(std::string piece)>;
io::Task<absl::Status> ReadExport(model::MessageStore& store,
                                  io::DiskPool& disk,
                                  Exported exported,
                                  TakeContent take);

// A stream that ends at once.
class ExportRefusal final : public grpc::ServerWriteReactor<v1::ExportMessageResponse> {
 public:
  explicit ExportRefusal(const absl::Status& status) { Finish(rpc::ToGrpc(status)); }

  void OnDone() override { delete this; }
};

class ExportStream final : public grpc::ServerWriteReactor<v1::ExportMessageResponse> {
 public:
  ExportStream(io::Executor& executor, grpc::CallbackServerContext& call)
      : executor_(executor), call_(call) {}

  // Spawned once; `open` is counted down at the end.
  static io::Task<void> Serve(std::shared_ptr<ExportStream> stream,
                              pipeline::Pipeline* pipeline,
                              io::DiskPool* disk,
                              base::Clock* clock,
                              std::string identity,
                              std::atomic<std::size_t>* open);

  void OnWriteDone(bool ok) override { written_->Set(ok); }

  void OnDone() override;

 private:
  io::Task<absl::Status> Run(pipeline::Pipeline& pipeline,
                             io::DiskPool& disk,
                             base::Clock& clock,
                             std::string identity);
  io::Task<absl::Status> Write();

  io::Executor& executor_;
  grpc::CallbackServerContext& call_;
  v1::ExportMessageResponse outgoing_;
  std::shared_ptr<io::Completion<bool>> written_;
  std::shared_ptr<ExportStream> self_;
};

}  // namespace postern::admin
