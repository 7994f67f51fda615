#include "services/mailbox-transport/pipeline/tracking_fields.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/text.h"

namespace postern::pipeline {

namespace {

constexpr std::string_view kEvents[] = {"AGENTINFO",
                                        "BADMAIL",
                                        "DEFER",
                                        "DELIVER",
                                        "DROP",
                                        "DSN",
                                        "DUPLICATEDELIVER",
                                        "DUPLICATEEXPAND",
                                        "DUPLICATEREDIRECT",
                                        "EXPAND",
                                        "FAIL",
                                        "HADISCARD",
                                        "HARECEIVE",
                                        "HAREDIRECT",
                                        "HAREDIRECTFAIL",
                                        "INITMESSAGECREATED",
                                        "LOAD",
                                        "MODERATIONEXPIRE",
                                        "MODERATORAPPROVE",
                                        "MODERATORREJECT",
                                        "MODERATORSALLNDR",
                                        "NOTIFYMAPI",
                                        "NOTIFYSHADOW",
                                        "POISONMESSAGE",
                                        "PROCESS",
                                        "PROCESSMEETINGMESSAGE",
                                        "RECEIVE",
                                        "REDIRECT",
                                        "RESOLVE",
                                        "RESUBMIT",
                                        "RESUBMITDEFER",
                                        "RESUBMITFAIL",
                                        "SEND",
                                        "SUBMIT",
                                        "SUBMITDEFER",
                                        "SUBMITFAIL",
                                        "SUPPRESSED",
                                        "THROTTLE",
                                        "TRANSFER"};

constexpr std::string_view kSources[] = {"ADMIN",        "AGENT",       "APPROVAL",
                                         "BOOTLOADER",   "DNS",         "DSN",
                                         "GATEWAY",      "MAILBOXRULE", "MEETINGMESSAGEPROCESSOR",
                                         "ORAR",         "PICKUP",      "POISONMESSAGE",
                                         "PUBLICFOLDER", "QUEUE",       "REDUNDANCY",
                                         "ROUTING",      "SAFETYNET",   "SMTP",
                                         "STOREDRIVER"};

bool Has(const auto& names, std::string_view name) {
  return std::any_of(std::begin(names), std::end(names), [name](std::string_view known) {
    return base::EqualsIgnoreCase(known, name);
  });
}

}  // namespace

std::string_view NameOf(TrackingEvent event) {
  switch (event) {
    case TrackingEvent::kReceive:
      return "RECEIVE";
    case TrackingEvent::kSend:
      return "SEND";
    case TrackingEvent::kDefer:
      return "DEFER";
    case TrackingEvent::kFail:
      return "FAIL";
    case TrackingEvent::kDsn:
      return "DSN";
    case TrackingEvent::kResubmit:
      return "RESUBMIT";
    case TrackingEvent::kPoison:
      return "POISONMESSAGE";
  }
  return "";
}

std::string_view NameOf(TrackingSource source) {
  switch (source) {
    case TrackingSource::kSmtp:
      return "SMTP";
    case TrackingSource::kGateway:
      return "GATEWAY";
    case TrackingSource::kDns:
      return "DNS";
    case TrackingSource::kDsn:
      return "DSN";
    case TrackingSource::kQueue:
      return "QUEUE";
    case TrackingSource::kRouting:
      return "ROUTING";
    case TrackingSource::kAdmin:
      return "ADMIN";
    case TrackingSource::kPoison:
      return "POISONMESSAGE";
  }
  return "";
}

namespace {

// Of every value, in their order.
template <typename Word>
std::string Names() {
  std::vector<std::string> names;
  for (int value = 0; !NameOf(static_cast<Word>(value)).empty(); ++value)
    names.emplace_back(NameOf(static_cast<Word>(value)));
  return base::Join(names, ", ");
}

}  // namespace

bool IsTrackingEvent(std::string_view name) {
  return Has(kEvents, name);
}

bool IsTrackingSource(std::string_view name) {
  return Has(kSources, name);
}

std::string TrackingEventsHere() {
  return Names<TrackingEvent>();
}

std::string TrackingSourcesHere() {
  return Names<TrackingSource>();
}

}  // namespace postern::pipeline
