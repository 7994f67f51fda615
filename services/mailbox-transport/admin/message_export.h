// services/mailbox-transport/admin/message_export.h
//
// MessageExport: the content of a message as it is stored, frame by frame to one caller.
//
// Flow      co_await FindExport(...) gives what may be exported; ExportStream writes it.
// Failure   kNotFound, or kFailedPrecondition: it is neither suspended nor poison; kDataLoss: the
//           content is damaged; kResourceExhausted: the caller is too slow.
// Lifetime  Borrows pipeline, disk pool and clock.
// Limits    kExportFrameBytes a frame; one chunk of the message in memory; kExportWriteMax for a
//           frame to be taken.

#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include <grpcpp/grpcpp.h>

#include "common/io/on_disk.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/message_query.h"
#include "services/mailbox-transport/admin/streamed_call.h"

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

class ExportStream final : public StreamedCall<v1::ExportMessageResponse> {
 public:
  ExportStream(io::Executor& executor,
               grpc::CallbackServerContext& call,
               pipeline::Pipeline& pipeline,
               io::DiskPool& disk,
               base::Clock& clock,
               std::string identity);

 private:
  io::Task<absl::Status> Run() override;

  pipeline::Pipeline& pipeline_;
  io::DiskPool& disk_;
  base::Clock& clock_;
  const std::string identity_;
  v1::ExportMessageResponse outgoing_;
};

}  // namespace postern::admin
