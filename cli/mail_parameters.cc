#include "cli/mail_parameters.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;
using Form = Parameter::Form;
using Standing = Parameter::Standing;

constexpr std::string_view kQueueIdentity =
    "[Server\\]{Submission, Unreachable, Poison, a next-hop domain, or a number}";
constexpr std::string_view kMessageIdentity =
    "[Server\\]Queue\\Number, [Server\\]*\\Number, or Number";
constexpr std::string_view kFilterForm = "\"Status -eq 'Retry' -and MessageCount -gt 10\"";
constexpr std::string_view kMessageFilterForm =
    "\"FromAddress -like '*@contoso.com' -and Size -gt 1MB\"";
constexpr std::string_view kIdentityOrFilter = "this or -Filter";

constexpr Parameter kQueueFilter = {
    "Filter",
    "",
    Form::kText,
    Standing::kField,
    kFilterForm,
    "none",
    "Properties of queues, compared with -eq, -ne, -gt, -ge, -lt, -le or -like, joined by -and. A "
    "property that does not exist is answered with those that do."};
constexpr Parameter kMessageFilter = {
    "Filter",
    "",
    Form::kText,
    Standing::kField,
    kMessageFilterForm,
    "none",
    "Properties of messages, compared with -eq, -ne, -gt, -ge, -lt, -le or -like, joined by -and. "
    "A "
    "property that does not exist is answered with those that do."};
constexpr Parameter kServer = {"Server",
                               "",
                               Form::kText,
                               Standing::kField,
                               "the name of a TransportServer",
                               "the server that is asked",
                               "Whose queues are meant; not beside an identity that names one."};

constexpr Parameter kBookmarkIndex = {"BookmarkIndex",
                                      "",
                                      Form::kNumber,
                                      Standing::kField,
                                      "1 to 250000",
                                      "1",
                                      "The first one shown, counted from 1."};
constexpr Parameter kBookmarkObject = {
    "BookmarkObject",
    "",
    Form::kText,
    Standing::kField,
    "an identity",
    "none",
    "Shows what comes from this one on: the last one of a page leads to the next."};
constexpr Parameter kIncludeBookmark = {"IncludeBookmark",
                                        "",
                                        Form::kFlag,
                                        Standing::kField,
                                        "",
                                        "true",
                                        "Whether the bookmark itself is shown."};
constexpr Parameter kResultSize = {"ResultSize",
                                   "",
                                   Form::kText,
                                   Standing::kField,
                                   "1 to 250000, or unlimited",
                                   "1000",
                                   "How many are shown at most; unlimited is 250000."};
constexpr Parameter kReturnPageInfo = {
    "ReturnPageInfo",
    "",
    Form::kFlag,
    Standing::kField,
    "",
    "false",
    "Tells how many there are in all, and which place the first one shown has."};
constexpr Parameter kSearchForward = {
    "SearchForward",
    "",
    Form::kFlag,
    Standing::kField,
    "",
    "true",
    "false: shows what comes before the bookmark, or the last ones."};
constexpr Parameter kSortOrder = {"SortOrder",
                                  "",
                                  Form::kText,
                                  Standing::kField,
                                  "+Size,-DateReceived",
                                  "+Identity",
                                  "By which properties they are put in order, - for downwards."};

constexpr Parameter kGetQueue[] = {
    kBookmarkIndex,
    kBookmarkObject,
    {"Exclude", "", Form::kList, Standing::kField, "Internal, External, Empty, a delivery type",
     "none", "Leaves these queues out."},
    kQueueFilter,
    {"Identity", "", Form::kText, Standing::kField, kQueueIdentity, "all",
     "Which queue; not with -Filter."},
    {"Include", "", Form::kList, Standing::kField, "Internal, External, Empty, a delivery type",
     "all", "Shows only these queues."},
    kIncludeBookmark,
    kResultSize,
    kReturnPageInfo,
    kSearchForward,
    kServer,
    kSortOrder,
};

constexpr Parameter kGetMessage[] = {
    kBookmarkIndex,
    kBookmarkObject,
    kMessageFilter,
    {"Identity", "", Form::kText, Standing::kField, kMessageIdentity, "all",
     "Which message; not with -Filter."},
    kIncludeBookmark,
    {"IncludeComponentLatencyInfo", "", Form::kSwitch, Standing::kRefused, "", "",
     "MessageLatency tells how long a message is here; the tracking log tells of its steps."},
    {"IncludeRecipientInfo", "", Form::kSwitch, Standing::kField, "", "",
     "With the recipients; one message always shows them."},
    {"Queue", "", Form::kText, Standing::kField, kQueueIdentity, "all",
     "Only the messages of this queue."},
    kResultSize,
    kReturnPageInfo,
    kSearchForward,
    kServer,
    kSortOrder,
};

constexpr Parameter kActsOnQueue = {
    "Identity",    "", Form::kText, Standing::kField, kQueueIdentity, kIdentityOrFilter,
    "Which queue."};
constexpr Parameter kActsOnMessage = {
    "Identity",
    "",
    Form::kText,
    Standing::kField,
    kMessageIdentity,
    kIdentityOrFilter,
    "Which message; a number alone is meant in each of its queues."};

constexpr Parameter kQueueAct[] = {kQueueFilter, kActsOnQueue, kServer};
constexpr Parameter kRetryQueue[] = {
    kQueueFilter,
    kActsOnQueue,
    {"Resubmit", "", Form::kFlag, Standing::kField, "", "false",
     "true: the messages are routed again, as if they had just come, instead of being tried."},
    kServer,
};
constexpr Parameter kMessageAct[] = {kMessageFilter, kActsOnMessage, kServer};
constexpr Parameter kRemoveMessage[] = {
    kMessageFilter,
    kActsOnMessage,
    kServer,
    {"WithNDR", "", Form::kFlag, Standing::kField, "", "true",
     "Whether the sender is told that it was not delivered."},
};
constexpr Parameter kExportMessage[] = {
    {"Identity", "", Form::kText, Standing::kField, kMessageIdentity, "required",
     "Which message: a suspended one, or one of the poison queue. It stays where it is."},
    {"Path", "", Form::kText, Standing::kField, "a file, a folder, or - for standard output",
     "<Number>.eml", "Where the copy is written; a file that is there is not replaced."},
};

constexpr Parameter kDigest[] = {
    {"Dag", "", Form::kList, Standing::kRefused, "", "",
     "There are no groups of databases here: -Site, -Server or -Forest says whose queues are "
     "meant."},
    {"DetailsLevel", "", Form::kWord, Standing::kField, "None, Normal, Verbose", "Normal",
     "None: only the groups; Normal: with their queues; Verbose: with the errors of these."},
    kQueueFilter,
    {"Forest", "", Form::kSwitch, Standing::kField, "", "", "The queues of every server."},
    {"GroupBy", "", Form::kWord, Standing::kField,
     "NextHopDomain, DeliveryType, LastError, NextHopCategory, NextHopKey, Status, ServerName",
     "NextHopDomain", "What the queues of one group have in common."},
    {"ResultSize", "", Form::kText, Standing::kField, "1 to 250000, or unlimited", "1000",
     "How many groups are shown at most, those with the most messages."},
    {"Server", "", Form::kList, Standing::kField, "names of TransportServers",
     "the server that is asked", "The queues of these servers."},
    {"Site", "", Form::kList, Standing::kField, "names of sites", "none",
     "The queues of the servers of these sites."},
    {"Timeout", "", Form::kSpan, Standing::kField, "00:00:01 to 00:05:00", "00:00:10",
     "How long other servers may take; those that did not answer are named."},
};

}  // namespace

std::span<const Parameter> MailParameters(Action action) {
  switch (action) {
    case Action::kGetQueue:
      return kGetQueue;
    case Action::kGetMessage:
      return kGetMessage;
    case Action::kSuspendQueue:
    case Action::kResumeQueue:
      return kQueueAct;
    case Action::kRetryQueue:
      return kRetryQueue;
    case Action::kSuspendMessage:
    case Action::kResumeMessage:
      return kMessageAct;
    case Action::kRemoveMessage:
      return kRemoveMessage;
    case Action::kExportMessage:
      return kExportMessage;
    case Action::kQueueDigest:
      return kDigest;
    default:
      return {};
  }
}

bool ReadsMail(Action action) {
  return action == Action::kGetQueue || action == Action::kGetMessage ||
         action == Action::kQueueDigest;
}

bool ActsOnMail(Action action) {
  return !MailParameters(action).empty() && !ReadsMail(action);
}

}  // namespace postern::cli
