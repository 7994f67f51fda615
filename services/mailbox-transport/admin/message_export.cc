#include "services/mailbox-transport/admin/message_export.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace postern::admin {

namespace {

using Found = absl::StatusOr<Exported>;

// The rows of one message, of which one must be at rest.
Found Exportable(const MessageWalk& walk,
                 const QueueState& queues,
                 const std::string& identity,
                 const std::string& server,
                 absl::Time now) {
  Exported exported;
  bool there = false;
  bool at_rest = false;
  absl::Status damage;
  RowPlace at = EdgePlace(false);
  const auto look = [&](const MessageWalk::Row& row) {
    there = true;
    damage = row.damage;
    const model::Message& message = row.fields.message;
    exported = {message.id, message.size, message.chunks};
    at_rest = at_rest || IsAtRest(row.fields.standing);
    return true;
  };
  const auto walked = walk.Next(queues, now, at, look);
  if (!walked.ok()) return walked.status();
  if (!there) return NoSuchMessage(identity, server);
  if (!damage.ok()) return damage;
  if (at_rest) return exported;
  return base::Error(absl::StatusCode::kFailedPrecondition, "message \"", base::Printable(identity),
                     "\": only a suspended message is exported; Suspend-Message comes first");
}

}  // namespace

io::Task<absl::StatusOr<Exported>> FindExport(pipeline::Pipeline& pipeline,
                                              io::DiskPool& disk,
                                              base::Clock& clock,
                                              std::string identity) {
  if (identity.empty()) co_return absl::InvalidArgumentError("identity: say which message");
  MessageTerms terms{.identity = identity};
  auto chosen = co_await ChooseMessages(pipeline, std::move(terms));
  if (!chosen.ok()) co_return chosen.status();
  const MessageWalk walk(pipeline.store(), pipeline.server(), std::move(chosen->terms));
  absl::AnyInvocable<Found()> look = [&, now = clock.Now()] {
    return Exportable(walk, *chosen->queues, identity, pipeline.server(), now);
  };
  co_return co_await io::OnDisk<Found>(disk, std::move(look));
}

io::Task<absl::Status> ReadExport(model::MessageStore& store,
                                  io::DiskPool& disk,
                                  Exported exported,
                                  TakeContent take) {
  using Chunk = absl::StatusOr<std::string>;
  std::uint64_t given = 0;
  for (std::uint32_t number = 0; number < exported.chunks; ++number) {
    absl::AnyInvocable<Chunk()> load = [&store, id = exported.id, number] {
      return store.LoadChunk(id, number);
    };
    const Chunk chunk = co_await io::OnDisk<Chunk>(disk, std::move(load));
    if (!chunk.ok()) co_return chunk.status();
    for (std::size_t from = 0; from < chunk->size(); from += kExportFrameBytes) {
      std::string piece = chunk->substr(from, kExportFrameBytes);
      given += piece.size();
      const absl::Status taken = co_await take(std::move(piece));
      if (!taken.ok()) co_return taken;
    }
  }
  if (given == exported.size) co_return absl::OkStatus();
  co_return base::Error(absl::StatusCode::kDataLoss, "message ", exported.id.ToString(), ": ",
                        given, " of ", exported.size, " bytes are there");
}

ExportStream::ExportStream(io::Executor& executor,
                           grpc::CallbackServerContext& call,
                           pipeline::Pipeline& pipeline,
                           io::DiskPool& disk,
                           base::Clock& clock,
                           std::string identity)
    : StreamedCall(executor, call),
      pipeline_(pipeline),
      disk_(disk),
      clock_(clock),
      identity_(std::move(identity)) {}

io::Task<absl::Status> ExportStream::Run() {
  const auto exported = co_await FindExport(pipeline_, disk_, clock_, identity_);
  if (!exported.ok()) co_return exported.status();
  outgoing_.set_size(exported->size);
  TakeContent take = [this](std::string piece) -> io::Task<absl::Status> {
    outgoing_.set_content(std::move(piece));
    const absl::Status taken =
        co_await Write(outgoing_, kExportWriteMax, "the caller is too slow: ask again");
    outgoing_.clear_size();
    co_return taken;
  };
  co_return co_await ReadExport(pipeline_.store(), disk_, *exported, std::move(take));
}

}  // namespace postern::admin
