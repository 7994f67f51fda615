// services/mailbox-transport/admin/relay_service.h
//
// RelayService: the gRPC service Relay: messages that other servers of the organization hand over.
//
// Flow      Construct; add service() to a rpc::Server; Stop before that server stops.
// Failure   What is refused is the status of the call, marked as our own answer; its text is what
//           SMTP would say. UNAVAILABLE and RESOURCE_EXHAUSTED: another server may take it.
// Lifetime  As SubmissionService.
// Limits    kUploadsMax calls at a time. The organization's MaxReceiveSize does not apply again,
//           nor do rates; hops and relays do. Of the content exactly as much as was said is taken.
// See       proto/postern/v1/relay.proto; docs/decisions/0008-relay.md

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/io/executor.h"
#include "common/observe/metrics.h"
#include "common/rpc/server.h"
#include "services/mailbox-transport/accept/rules.h"
#include "services/mailbox-transport/model/intake.h"

namespace postern::admin {

class RelayService {
 public:
  struct Parts {
    const rpc::Authority& authority;
    std::vector<io::Executor*> executors;  // at least one, all started
    model::Intake& intake;
    std::function<accept::RulesPtr()> rules;  // the limits in force; called on gRPC's threads
    observe::Registry& registry;
    std::string server;     // our name in the directory, in receipts
    std::string host_name;  // in Received
    base::Clock& clock = base::Clock::System();
    base::Random& random = base::Random::System();
    absl::Duration idle_timeout = absl::Minutes(2);
  };

  explicit RelayService(const Parts& parts);
  ~RelayService();

  grpc::Service* service();

  // New calls get UNAVAILABLE from now on; those under way have `grace`, then they get it too.
  void Stop(absl::Duration grace);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace postern::admin
