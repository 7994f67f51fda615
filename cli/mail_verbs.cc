#include "cli/mail_verbs.h"

#include <algorithm>
#include <utility>

#include "cli/export_file.h"
#include "cli/mail_print.h"
#include "cli/resource_verbs.h"
#include "cli/table.h"
#include "cli/value_forms.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;

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
absl::Status Shown(const Response& response, Asked asked, const View& view, Shell& shell) {
  if (shell.output != Output::kTable) return PrintData(response, shell);
  return Print(response, asked, view, shell);
}

Asked AskedBy(const CmdletLine& line) {
  if (line.Find("Identity") != nullptr) return Asked::kOne;
  for (const std::string_view narrows :
       {"Filter", "Queue", "Include", "Exclude", "BookmarkObject"}) {
    if (line.Find(narrows) != nullptr) return Asked::kSome;
  }
  return Asked::kAll;
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
  return Shown(*response, AskedBy(call.line), call.view, shell);
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
  return Shown(all, AskedBy(call.line), call.view, shell);
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
std::string_view DoneBy(const CmdletCall& call) {
  switch (call.line.cmdlet->action) {
    case Action::kSuspendQueue:
    case Action::kSuspendMessage:
      return "suspended";
    case Action::kResumeQueue:
    case Action::kResumeMessage:
      return "resumed";
    case Action::kRetryQueue:
      return std::get<v1::QueueActionRequest>(call.mail.request).action() ==
                     v1::QUEUE_ACTION_RESUBMIT
                 ? "taken up"
                 : "tried now";
    default:
      return "removed";
  }
}

// "messages that fit -Filter "..."", for the question and for errors.
std::string Meant(const CmdletCall& call) {
  const bool queues = std::holds_alternative<v1::QueueActionRequest>(call.mail.request);
  const std::string identity = call.line.Text("Identity");
  if (!identity.empty()) return base::Cat(queues ? "queue " : "message ", identity);
  return base::Cat("the ", queues ? "queues" : "messages", " of the filter ",
                   call.line.Text("Filter"));
}

void AddTo(const v1::ActionResponse& part, v1::ActionResponse& all) {
  all.set_changed(all.changed() + part.changed());
  all.set_unchanged(all.unchanged() + part.unchanged());
  all.set_pending(all.pending() + part.pending());
  all.set_messages(all.messages() + part.messages());
  all.set_failed(all.failed() + part.failed());
  all.set_refused(all.refused() + part.refused());
  if (part.has_refusal() && !all.has_refusal()) *all.mutable_refusal() = part.refusal();
  for (const std::string& identity : part.identities())
    all.add_identities(identity);
  for (const v1::ActionFailure& failure : part.failures())
    *all.add_failures() = failure;
}

void Tell(const CmdletCall& call, const v1::ActionResponse& done, Shell& shell) {
  const bool queues = std::holds_alternative<v1::QueueActionRequest>(call.mail.request);
  const std::string_view noun = queues ? "queue" : "message";
  const auto counted = [](std::uint64_t count, std::string_view one) {
    return base::Cat(Grouped(count), " ", one, count == 1 ? "" : "s");
  };
  shell.out << (call.what_if() ? "What if: " : "") << counted(done.changed(), noun)
            << (call.what_if() ? " would be " : " ") << DoneBy(call) << '\n';
  for (const std::string& identity : done.identities())
    shell.out << "  " << ForTerminal(identity) << '\n';
  if (done.identities_size() > 0 && done.changed() > std::uint64_t(done.identities_size())) {
    shell.out << "  and " << Grouped(done.changed() - std::uint64_t(done.identities_size()))
              << " more\n";
  }
  if (done.messages() > 0) shell.out << counted(done.messages(), "message") << " routed again\n";
  if (done.pending() > 0) {
    shell.out << "of these, " << Grouped(done.pending())
              << " are under way: it takes effect if they are not delivered now\n";
  }
  if (done.unchanged() > done.refused()) {
    shell.out << counted(done.unchanged() - done.refused(), noun)
              << " left as it is: nothing to do there\n";
  }
  if (done.refused() > 0) {
    shell.out << counted(done.refused(), noun) << " cannot be " << DoneBy(call) << "; the first, "
              << ForTerminal(base::Cat(done.refusal().identity(), ": ", done.refusal().reason()))
              << '\n';
  }
  for (const v1::ActionFailure& failure : done.failures())
    shell.err << ForTerminal(base::Cat(failure.identity(), ": ", failure.reason())) << '\n';
}

template <typename Request>
absl::Status RunAction(Request request,
                       const CmdletCall& call,
                       Connection& connection,
                       Shell& shell) {
  std::string verb(call.line.cmdlet->name.substr(0, call.line.cmdlet->name.find('-')));
  const absl::Status sure = Confirmed(call.line, base::Cat(verb, " ", Meant(call)), shell);
  if (!sure.ok()) return sure;
  v1::ActionResponse all;
  {
    Progress progress(shell);
    for (bool more = true; more;) {
      const auto response = connection.Ask(request);
      if (!response.ok() && all.changed() > 0) {
        return base::Error(response.status().code(), base::MessageOf(response.status()), "; ",
                           Grouped(all.changed()), " were ", DoneBy(call), " before");
      }
      if (!response.ok()) return response.status();
      AddTo(*response, all);
      more = response->has_next();
      if (more) {
        progress.Say(response->next(), base::Cat(", ", Grouped(all.changed()), " ", DoneBy(call)));
      }
      *request.mutable_resume() = response->next();
    }
  }
  if (shell.output == Output::kTable) {
    Tell(call, all, shell);
  } else if (const absl::Status printed = PrintData(all, shell); !printed.ok()) {
    return printed;
  }
  if (all.failed() == 0 && all.changed() == 0 && all.refused() > 0) {
    return base::Error(absl::StatusCode::kFailedPrecondition, "nothing was ", DoneBy(call), ": ",
                       all.refusal().reason());
  }
  if (all.failed() == 0) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, Grouped(all.failed()),
                     " of them could not be ", DoneBy(call));
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

  absl::Status operator()(const v1::MessageActionRequest& request) const {
    return RunAction(request, call, connection, shell);
  }

  absl::Status operator()(const v1::ExportMessageRequest& request) const {
    return ExportToFile(request, call.mail.path, connection, shell);
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
