// services/mailbox-transport/admin/submission_service.h
//
// SubmissionService: the gRPC service Submission: messages that applications hand over.
//
// Flow      Construct; add service() to a rpc::Server; Stop before that server stops.
// Failure   What is refused is the status of the call; its text is what SMTP would say.
// Lifetime  Borrows its parts. Destroyed after the rpc::Server, before the executors stop. Stop and
//           the destructor are called from a thread that runs no executor.
// Limits    kUploadsMax calls at a time; a caller may be silent for idle_timeout; content is read
//           only as fast as it is kept.
// See       proto/postern/v1/submission.proto; docs/architecture.md "accept"

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
#include "services/mailbox-transport/accept/rate_limit.h"
#include "services/mailbox-transport/accept/rules.h"
#include "services/mailbox-transport/model/intake.h"

namespace postern::admin {

class SubmissionService {
 public:
  struct Parts {
    const rpc::Authority& authority;
    std::vector<io::Executor*> executors;  // at least one, all started
    model::Intake& intake;
    std::function<accept::RulesPtr()> rules;  // the limits in force; called on gRPC's threads
    accept::RateLimit& rate_limit;
    observe::Registry& registry;
    std::string host_name;  // in receipts and Received
    base::Clock& clock = base::Clock::System();
    base::Random& random = base::Random::System();
    absl::Duration idle_timeout = absl::Minutes(2);
  };

  explicit SubmissionService(const Parts& parts);
  ~SubmissionService();

  grpc::Service* service();

  // New calls get UNAVAILABLE from now on; those under way have `grace`, then they get it too.
  void Stop(absl::Duration grace);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace postern::admin
