#include "cli/mail_call.h"

#include <algorithm>
#include <cstdint>

#include "cli/value_forms.h"
#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;

constexpr std::uint32_t kRowsMax = 250'000;

bool ActsOnQueues(const Cmdlet& cmdlet) {
  return cmdlet.action == Action::kSuspendQueue || cmdlet.action == Action::kResumeQueue ||
         cmdlet.action == Action::kRetryQueue;
}

// 0: the line does not give it.
std::uint32_t CountOf(const CmdletLine& line,
                      std::string_view name,
                      bool unlimited,
                      Complaints& complaints) {
  if (line.Find(name) == nullptr) return 0;
  const std::string text = line.Text(name);
  if (unlimited && base::EqualsIgnoreCase(text, "unlimited")) return kRowsMax;
  const auto number = base::ParseUnsigned(text);
  if (number && *number > 0 && *number <= kRowsMax) return static_cast<std::uint32_t>(*number);
  Complain(complaints, name, text,
           base::Cat("a number from 1 to ", kRowsMax, unlimited ? ", or unlimited" : "",
                     " is expected"));
  return 0;
}

bool FlagOf(const CmdletLine& line, std::string_view name, bool fallback, Complaints& complaints) {
  if (line.Find(name) == nullptr) return fallback;
  const auto flag = ParseFlag(line.Text(name));
  if (flag.ok()) return *flag;
  Complain(complaints, name, line.Text(name), base::MessageOf(flag.status()));
  return fallback;
}

std::string WordFrom(const CmdletLine& line, std::string_view name, Complaints& complaints) {
  const Given* given = line.Find(name);
  if (given == nullptr) return "";
  const auto word = NormalWord(line.Text(name), given->parameter->values);
  if (word.ok()) return *word;
  Complain(complaints, name, line.Text(name), base::MessageOf(word.status()));
  return "";
}

v1::Page PageFrom(const CmdletLine& line, Complaints& complaints) {
  v1::Page page;
  page.set_result_size(CountOf(line, "ResultSize", true, complaints));
  page.set_sort_order(line.Text("SortOrder"));
  page.set_bookmark_index(CountOf(line, "BookmarkIndex", false, complaints));
  page.set_bookmark_object(line.Text("BookmarkObject"));
  page.set_exclude_bookmark(!FlagOf(line, "IncludeBookmark", true, complaints));
  page.set_search_backward(!FlagOf(line, "SearchForward", true, complaints));
  page.set_return_page_info(FlagOf(line, "ReturnPageInfo", false, complaints));
  return page;
}

void CheckOne(const CmdletLine& line, bool required, Complaints& complaints) {
  const bool identity = line.Find("Identity") != nullptr;
  const bool filter = line.Find("Filter") != nullptr;
  if (identity && filter) {
    Complain(complaints, "Filter", line.Text("Filter"), "is not given beside -Identity");
  } else if (required && !identity && !filter) {
    Complain(complaints, "Identity", "", "give -Identity or -Filter");
  }
  // A filter of nothing would mean everything.
  if (required && filter && base::Trim(line.Text("Filter")).empty()) {
    Complain(complaints, "Filter", "", "says which ones are meant");
  }
}

v1::GetQueueRequest GetQueueFrom(const CmdletLine& line, Complaints& complaints) {
  v1::GetQueueRequest request;
  CheckOne(line, false, complaints);
  request.set_identity(line.Text("Identity"));
  request.set_filter(line.Text("Filter"));
  for (const std::string& word : line.List("Include"))
    request.add_include(word);
  for (const std::string& word : line.List("Exclude"))
    request.add_exclude(word);
  *request.mutable_page() = PageFrom(line, complaints);
  return request;
}

v1::GetMessageRequest GetMessageFrom(const CmdletLine& line, Complaints& complaints) {
  v1::GetMessageRequest request;
  CheckOne(line, false, complaints);
  request.set_identity(line.Text("Identity"));
  request.set_filter(line.Text("Filter"));
  request.set_queue(line.Text("Queue"));
  request.set_include_recipients(line.Has("IncludeRecipientInfo") ||
                                 line.Find("Identity") != nullptr);
  *request.mutable_page() = PageFrom(line, complaints);
  return request;
}

v1::QueueActionRequest QueueActionFrom(const CmdletLine& line, Complaints& complaints) {
  v1::QueueActionRequest request;
  CheckOne(line, true, complaints);
  switch (line.cmdlet->action) {
    case Action::kSuspendQueue:
      request.set_action(v1::QUEUE_ACTION_SUSPEND);
      break;
    case Action::kResumeQueue:
      request.set_action(v1::QUEUE_ACTION_RESUME);
      break;
    default:
      request.set_action(FlagOf(line, "Resubmit", false, complaints) ? v1::QUEUE_ACTION_RESUBMIT
                                                                     : v1::QUEUE_ACTION_RETRY);
  }
  request.set_identity(line.Text("Identity"));
  request.set_filter(line.Text("Filter"));
  request.set_dry_run(line.Has("WhatIf"));
  return request;
}

v1::MessageActionRequest MessageActionFrom(const CmdletLine& line, Complaints& complaints) {
  v1::MessageActionRequest request;
  CheckOne(line, true, complaints);
  switch (line.cmdlet->action) {
    case Action::kSuspendMessage:
      request.set_action(v1::MESSAGE_ACTION_SUSPEND);
      break;
    case Action::kResumeMessage:
      request.set_action(v1::MESSAGE_ACTION_RESUME);
      break;
    default:
      request.set_action(v1::MESSAGE_ACTION_REMOVE);
      request.set_without_ndr(!FlagOf(line, "WithNDR", true, complaints));
  }
  request.set_identity(line.Text("Identity"));
  request.set_filter(line.Text("Filter"));
  request.set_dry_run(line.Has("WhatIf"));
  return request;
}

v1::GetQueueDigestRequest DigestFrom(const CmdletLine& line, Complaints& complaints) {
  v1::GetQueueDigestRequest request;
  for (const std::string& name : line.List("Server"))
    request.add_servers(name);
  for (const std::string& name : line.List("Site"))
    request.add_sites(name);
  request.set_forest(line.Has("Forest"));
  const int scopes = (request.servers().empty() ? 0 : 1) + (request.sites().empty() ? 0 : 1) +
                     (request.forest() ? 1 : 0);
  if (scopes > 1) Complain(complaints, "Forest", "", "give one of -Server, -Site and -Forest");
  request.set_filter(line.Text("Filter"));
  request.set_group_by(WordFrom(line, "GroupBy", complaints));
  request.set_details_level(WordFrom(line, "DetailsLevel", complaints));
  request.set_result_size(CountOf(line, "ResultSize", true, complaints));
  if (line.Find("Timeout") == nullptr) return request;
  const auto span = base::ParseTimeSpan(line.Text("Timeout"));
  if (span.ok() && *span >= absl::Seconds(1) && *span <= absl::Minutes(5)) {
    request.set_timeout_ms(static_cast<std::uint32_t>(absl::ToInt64Milliseconds(*span)));
  } else {
    Complain(complaints, "Timeout", line.Text("Timeout"), "00:00:01 to 00:05:00 is expected");
  }
  return request;
}

// What stands before [Server\]Queue, or before [Server\]Queue\Number.
std::string ServerIn(const std::string& identity, std::size_t parts_below) {
  const auto parts = static_cast<std::size_t>(std::count(identity.begin(), identity.end(), '\\'));
  return parts < parts_below ? "" : identity.substr(0, identity.find('\\'));
}

std::string ServerFrom(const CmdletLine& line, Complaints& complaints) {
  const bool queues = line.cmdlet->action == Action::kGetQueue || ActsOnQueues(*line.cmdlet);
  std::string server = ServerIn(line.Text("Identity"), queues ? 1 : 2);
  if (server.empty()) server = ServerIn(line.Text("Queue"), 1);
  const std::string given = line.Text("Server");
  if (!given.empty() && !server.empty()) {
    Complain(complaints, "Server", given, "is not given beside an identity that names a server");
  }
  return given.empty() ? server : given;
}

}  // namespace

MailCall MailCallFrom(const CmdletLine& line, Complaints& complaints) {
  MailCall call;
  if (line.cmdlet->action != Action::kQueueDigest) call.server = ServerFrom(line, complaints);
  switch (line.cmdlet->action) {
    case Action::kGetQueue:
      call.request = GetQueueFrom(line, complaints);
      break;
    case Action::kGetMessage:
      call.request = GetMessageFrom(line, complaints);
      break;
    case Action::kSuspendQueue:
    case Action::kResumeQueue:
    case Action::kRetryQueue:
      call.request = QueueActionFrom(line, complaints);
      break;
    case Action::kSuspendMessage:
    case Action::kResumeMessage:
    case Action::kRemoveMessage:
      call.request = MessageActionFrom(line, complaints);
      break;
    case Action::kExportMessage: {
      v1::ExportMessageRequest request;
      request.set_identity(line.Text("Identity"));
      call.request = std::move(request);
      call.path = line.Text("Path");
      break;
    }
    case Action::kQueueDigest:
      call.request = DigestFrom(line, complaints);
      break;
    default:
      break;
  }
  return call;
}

}  // namespace postern::cli
