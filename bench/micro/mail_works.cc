#include "bench/micro/work.h"
#include "benchmark/benchmark.h"
#include "common/base/check.h"
#include "common/mail/address.h"
#include "common/mail/header_firewall.h"
#include "services/mailbox-transport/model/message.h"

namespace postern::bench {
namespace {

constexpr std::string_view kUsualHeader =
    "Received: from client.contoso.com (10.1.2.3) by mbx-1.contoso.com (10.1.2.4) with ESMTPS id "
    "1883081244269346816; Sat, 31 Jan 2026 10:00:00 +0000\r\n"
    "From: Ann Miller <ann.miller@contoso.com>\r\nTo: Joe Baker <joe.baker@fabrikam.com>\r\n"
    "Subject: Minutes of the meeting of last Thursday\r\n"
    "Date: Sat, 31 Jan 2026 10:00:00 +0000\r\n"
    "Message-ID: <20260131100000.4711@mail.contoso.com>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";

std::string ExchangeHeader() {
  return std::string(kUsualHeader) +
         "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
         "X-MS-Exchange-Organization-AuthSource: mbx-1.contoso.com\r\n"
         "X-MS-Exchange-Forest-RulesExecuted: mbx-1\r\n";
}

Run Firewall(std::string header) {
  header += "\r\n";
  return [header](std::uint64_t count) {
    mail::FirewallRules rules;
    rules.rights.routing = true;
    for (std::uint64_t i = 0; i < count; ++i)
      benchmark::DoNotOptimize(mail::FilterHeader(header, rules));
  };
}

model::Message Queued() {
  model::Message message;
  message.id = {1'883'081'244'269'346'816};
  message.envelope.sender = "ann.miller@contoso.com";
  message.envelope.recipients.push_back({.address = "joe.baker@fabrikam.com"});
  message.recipients.resize(1);
  message.recipients[0].next_hop = {model::DeliveryType::kDnsConnectorDelivery, "fabrikam.com",
                                    "Internet"};
  message.size = message.original_size = 4096;
  message.chunks = 1;
  message.header_bytes = static_cast<std::uint32_t>(kUsualHeader.size() + 2);
  message.internet_message_id = "<20260131100000.4711@mail.contoso.com>";
  message.subject = "Minutes of the meeting of last Thursday";
  message.source_name = "SMTP:relay";
  message.source_ip = "192.0.2.9";
  message.snapshot_version = "17";
  message.accepted = absl::FromUnixSeconds(1'800'000'000);
  message.expires = message.accepted + absl::Hours(48);
  return message;
}

Run Encode() {
  return [message = Queued()](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      benchmark::DoNotOptimize(model::EncodeMessage(message));
  };
}

Run Decode() {
  const model::Message message = Queued();
  return [id = message.id, bytes = model::EncodeMessage(message)](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      POSTERN_CHECK(model::DecodeMessage(id, bytes).ok());
  };
}

}  // namespace

void AddMailWorks(Works& works) {
  works.push_back(
      {"mail.firewall_usual", 1000, [] { return Firewall(std::string(kUsualHeader)); }});
  works.push_back({"mail.firewall_exchange", 1000, [] { return Firewall(ExchangeHeader()); }});
  works.push_back({"model.encode", 1000, Encode});
  works.push_back({"model.decode", 1000, Decode});
}

}  // namespace postern::bench
