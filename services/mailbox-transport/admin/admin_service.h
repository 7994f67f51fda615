// services/mailbox-transport/admin/admin_service.h
//
// AdminService: the gRPC service Admin: what the management shell asks a mailbox-transport.
//
// Flow      Construct; add service() to a rpc::Server.
// Failure   The status of the call names what was asked and the rule.
// Lifetime  Borrows its parts. Destroyed after the rpc::Server, before the pipeline, from a thread
//           that runs no executor.
// Limits    kCallsMax calls at a time; the rows of a page and the bytes of an answer (paging.h,
//           message_page.h). The shards are asked for lists only; messages are read on the disk
//           pool, in small slices.
// See       proto/postern/v1/admin.proto

#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "common/base/clock.h"
#include "common/directory/snapshot.h"
#include "common/io/on_disk.h"
#include "common/rpc/server.h"
#include "common/rpc/settings.h"
#include "services/mailbox-transport/admin/tls_report_query.h"
#include "services/mailbox-transport/pipeline/pipeline.h"

namespace postern::admin {

class AdminService {
 public:
  static constexpr std::size_t kCallsMax = 64;

  struct Parts {
    const rpc::Authority& authority;
    pipeline::Pipeline& pipeline;
    io::DiskPool& disk;
    const rpc::RpcSettings& rpc;                        // to ask other servers with
    std::function<directory::SnapshotPtr()> directory;  // where they are
    TlsReportSource tls_reports = {};
    base::Clock& clock = base::Clock::System();
  };

  explicit AdminService(const Parts& parts);
  ~AdminService();

  grpc::Service* service();

  // Calls that wait for something end at once, and none begins any more.
  void Stop();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace postern::admin
