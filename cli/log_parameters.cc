#include "cli/log_parameters.h"

namespace postern::cli {

namespace {

using Form = Parameter::Form;
using Standing = Parameter::Standing;

constexpr Parameter kTrack[] = {
    {"End", "", Form::kText, Standing::kField, "2026-01-31, \"2026-01-31 23:59\", in UTC", "none",
     "Only what was before this time."},
    {"EventId", "", Form::kText, Standing::kField,
     "RECEIVE, SEND, DEFER, FAIL, DSN, RESUBMIT, POISONMESSAGE", "any",
     "What became of the message."},
    {"InternalMessageId", "", Form::kText, Standing::kField, "a number", "any",
     "The identity of the message on its server, as in Get-Message."},
    {"MessageId", "", Form::kText, Standing::kField, "<id@host>", "any",
     "The Message-ID field, with or without its angle brackets."},
    {"MessageSubject", "", Form::kText, Standing::kField, "text", "any", "A part of the subject."},
    {"NetworkMessageId", "", Form::kText, Standing::kRefused, "", "",
     "Messages have no such number here: -MessageId follows one from server to server."},
    {"Recipients", "", Form::kList, Standing::kField, "addresses", "any",
     "At least one of them is a recipient."},
    {"Reference", "", Form::kText, Standing::kField, "<id@host>", "any",
     "Of a DSN: the Message-ID of what it is about."},
    {"ResultSize", "", Form::kText, Standing::kField, "a number, or unlimited", "1000",
     "How many events are shown at most."},
    {"Sender", "", Form::kText, Standing::kField, "an address, or <>", "any",
     "The envelope sender."},
    {"Server", "", Form::kList, Standing::kField, "names of TransportServers", "every server",
     "Whose logs are searched; the server that is asked (--server) asks the others."},
    {"Source", "", Form::kText, Standing::kField,
     "SMTP, GATEWAY, DNS, DSN, QUEUE, ROUTING, ADMIN, POISONMESSAGE", "any",
     "What told of the event."},
    {"Start", "", Form::kText, Standing::kField, "as End", "none",
     "Only what was at this time or later."},
    {"TransportTrafficType", "", Form::kText, Standing::kRefused, "", "",
     "There is one kind of traffic here: mail."},
};

constexpr Parameter kTlsReport[] = {
    {"Date", "", Form::kText, Standing::kField, "a day as 2026-11-28, in UTC",
     "every day that is kept", "Shows this day only."},
    {"Json", "", Form::kSwitch, Standing::kField, "", "",
     "Prints the report document of RFC 8460 for each day and policy domain, one a line."},
    {"PolicyDomain", "", Form::kText, Standing::kField,
     "a domain; with TLSA records the name of the host", "all",
     "Shows this policy domain only, with the failures one by one."},
};

}  // namespace

std::span<const Parameter> LogParameters(Cmdlet::Action action) {
  if (action == Cmdlet::Action::kTrack) return kTrack;
  if (action == Cmdlet::Action::kTlsReport) return kTlsReport;
  return {};
}

}  // namespace postern::cli
