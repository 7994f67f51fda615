// services/mailbox-transport/pipeline/tracking_fields.h
//
// The message tracking log's form: its fields in Exchange's order, its events and its sources.
//
// Flow      Tracking writes by it; who reads the files finds a value at its field's place.
// See       services/mailbox-transport/pipeline/tracking.h; docs/logs.md

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::pipeline {

inline constexpr std::string_view kTrackingPrefix = "MSGTRK";
inline constexpr std::string_view kTrackingLogType = "Message Tracking Log";

inline constexpr std::string_view kTrackingFieldNames =
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,"
    "source,event-id,internal-message-id,message-id,network-message-id,recipient-address,"
    "recipient-status,total-bytes,recipient-count,related-recipient-address,reference,"
    "message-subject,sender-address,return-path,message-info,directionality,tenant-id,"
    "original-client-ip,original-server-ip,custom-data";
inline constexpr std::size_t kTrackingFields =
    1 + static_cast<std::size_t>(std::ranges::count(kTrackingFieldNames, ','));

// Those of Exchange's that a message of ours can have.
enum class TrackingEvent : std::uint8_t {
  kReceive,
  kSend,
  kDefer,
  kFail,
  kDsn,
  kResubmit,
  kPoison
};
enum class TrackingSource : std::uint8_t {
  kSmtp,
  kGateway,
  kDns,
  kDsn,
  kQueue,
  kRouting,
  kAdmin,
  kPoison
};

// "RECEIVE", "SMTP"
std::string_view NameOf(TrackingEvent event);
std::string_view NameOf(TrackingSource source);

// Whether Exchange has an event or a source of this name, without regard to case.
bool IsTrackingEvent(std::string_view name);
bool IsTrackingSource(std::string_view name);

// Those that lines here have: "RECEIVE, SEND, ...".
std::string TrackingEventsHere();
std::string TrackingSourcesHere();

}  // namespace postern::pipeline
