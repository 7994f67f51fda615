#include "cli/mail_verbs.h"

#include <algorithm>
#include <utility>

#include "cli/mail_print.h"
#include "cli/resource_verbs.h"
#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

// "12,345,678".
std::string Grouped(std::uint64_t number) {
  std::string digits = base::Cat(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

// One line on a terminal that is written over and over.
class Progress {
 public:
  explicit Progress(Shell& shell) : shell_(shell) {}

  ~Progress() {
    if (said_) shell_.err << "\r\x1b[K" << std::flush;
  }

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Say(const v1::Cursor& at, std::string_view more) {
    if (!shell_.err_is_terminal) return;
    said_ = true;
    shell_.err << "\r\x1b[Klooked at " << Grouped(at.examined()) << " of about "
               << Grouped(std::max(at.total(), at.examined())) << more << std::flush;
  }

 private:
  Shell& shell_;
  bool said_ = false;
};

template <typename Response>
absl::Status Shown(const Response& response, bool one, const View& view, Shell& shell) {
  if (shell.output != Output::kTable) return PrintData(response, shell);
  return Print(response, one, view, shell);
}

template <typename Rows>
void Reverse(Rows& rows) {
  for (int i = 0, j = rows.size() - 1; i < j; ++i, --j)
    rows.SwapElements(i, j);
}

absl::Status Run(const v1::GetQueueRequest& request,
                 const CmdletCall& call,
                 Connection& connection,
                 Shell& shell) {
  auto response = connection.Ask(request);
  if (!response.ok()) return response.status();
  if (request.page().search_backward()) Reverse(*response->mutable_queues());
  return Shown(*response, !request.identity().empty(), call.view, shell);
}

absl::Status Run(v1::GetMessageRequest request,
                 const CmdletCall& call,
                 Connection& connection,
                 Shell& shell) {
  v1::GetMessageResponse all;
  {
    Progress progress(shell);
    for (bool more = true; more;) {
      auto response = connection.Ask(request);
      if (!response.ok()) return response.status();
      more = response->has_next();
      if (more) progress.Say(response->next(), base::Cat(", ", response->next().given(), " found"));
      *request.mutable_resume() = response->next();
      response->clear_next();
      all.MergeFrom(*response);
    }
  }
  if (request.page().search_backward()) Reverse(*all.mutable_messages());
  return Shown(all, !request.identity().empty(), call.view, shell);
}

absl::Status Run(const v1::GetQueueDigestRequest& request,
                 const CmdletCall& call,
                 Connection& connection,
                 Shell& shell) {
  const auto response = connection.Ask(request);
  if (!response.ok()) return response.status();
  if (shell.output != Output::kTable) return PrintData(*response, shell);
  return Print(*response, call.view, shell);
}

// What is done, in the words of a sentence.
std::string_view DoneBy(const v1::QueueActionRequest& request) {
  return request.action() == v1::QUEUE_ACTION_RESUBMIT ? "taken up" : "tried now";
}

// For the question before it is done.
std::string Meant(const v1::QueueActionRequest& request) {
  if (!request.identity().empty()) return base::Cat("queue ", request.identity());
  return base::Cat("the queues of the filter ", request.filter());
}

void AddTo(const v1::ActionResponse& part, v1::ActionResponse& all) {
  all.set_changed(all.changed() + part.changed());
  all.set_unchanged(all.unchanged() + part.unchanged());
  all.set_messages(all.messages() + part.messages());
  all.set_failed(all.failed() + part.failed());
  for (const std::string& identity : part.identities())
    all.add_identities(identity);
  for (const v1::ActionFailure& failure : part.failures())
    *all.add_failures() = failure;
}

void Tell(const v1::QueueActionRequest& request, const v1::ActionResponse& done, Shell& shell) {
  const auto counted = [](std::uint64_t count, std::string_view one) {
    return base::Cat(Grouped(count), " ", one, count == 1 ? "" : "s");
  };
  shell.out << (request.dry_run() ? "What if: " : "") << counted(done.changed(), "queue")
            << (request.dry_run() ? " would be " : " ") << DoneBy(request) << '\n';
  for (const std::string& identity : done.identities())
    shell.out << "  " << ForTerminal(identity) << '\n';
  const auto named = static_cast<std::uint64_t>(done.identities_size());
  if (named > 0 && done.changed() > named) {
    shell.out << "  and " << Grouped(done.changed() - named) << " more\n";
  }
  if (done.messages() > 0) shell.out << counted(done.messages(), "message") << " routed again\n";
  if (done.unchanged() > 0) {
    shell.out << counted(done.unchanged(), "queue") << " left alone: nothing to do there\n";
  }
  for (const v1::ActionFailure& failure : done.failures())
    shell.err << ForTerminal(base::Cat(failure.identity(), ": ", failure.reason())) << '\n';
}

absl::Status RunAction(v1::QueueActionRequest request,
                       const CmdletCall& call,
                       Connection& connection,
                       Shell& shell) {
  const std::string question = base::Cat("Retry ", Meant(request));
  if (const absl::Status sure = Confirmed(call.line, question, shell); !sure.ok()) return sure;
  v1::ActionResponse all;
  {
    Progress progress(shell);
    for (bool more = true; more;) {
      const auto response = connection.Ask(request);
      if (!response.ok() && all.changed() > 0) {
        return base::Error(response.status().code(), base::MessageOf(response.status()), "; ",
                           Grouped(all.messages()), " messages were routed again before");
      }
      if (!response.ok()) return response.status();
      AddTo(*response, all);
      more = response->has_next();
      if (more) progress.Say(response->next(), "");
      *request.mutable_resume() = response->next();
    }
  }
  if (shell.output == Output::kTable) {
    Tell(request, all, shell);
  } else if (const absl::Status printed = PrintData(all, shell); !printed.ok()) {
    return printed;
  }
  if (all.failed() == 0) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, Grouped(all.failed()),
                     " of them could not be ", DoneBy(request));
}

struct MailRun {
  const CmdletCall& call;
  Connection& connection;
  Shell& shell;

  absl::Status operator()(const std::monostate&) const {
    return absl::InternalError("the line asks nothing");
  }

  absl::Status operator()(const v1::QueueActionRequest& request) const {
    return RunAction(request, call, connection, shell);
  }

  template <typename Request>
  absl::Status operator()(const Request& request) const {
    return Run(request, call, connection, shell);
  }
};

}  // namespace

absl::Status RunMail(const CmdletCall& call, Connection& connection, Shell& shell) {
  return std::visit(MailRun{call, connection, shell}, call.mail.request);
}

}  // namespace postern::cli
