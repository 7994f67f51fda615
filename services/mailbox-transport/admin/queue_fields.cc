#include "services/mailbox-transport/admin/queue_fields.h"

#include <algorithm>
#include <vector>

#include "common/base/text.h"

namespace postern::admin {

namespace {

using Kind = FieldForm::Kind;

struct QueueProperty {
  FieldForm form;
  FieldValue (*value)(const NamedQueue& queue, std::string_view server);
};

// The second half are Exchange's others, of which there is no queue here.
constexpr std::string_view kDeliveryTypes =
    "DnsConnectorDelivery, SmartHostConnectorDelivery, SmtpRelayToConnectorSourceServers, "
    "SmtpRelayToRemoteActiveDirectorySite, Unreachable, Undefined, "
    "DeliveryAgent, Heartbeat, MapiDelivery, NonSmtpGatewayDelivery, ShadowRedundancy, "
    "SmtpDeliveryToMailbox, SmtpRelayToDag, SmtpRelayToMailboxDeliveryGroup, SmtpRelayToServers, "
    "SmtpRelayToTiRg, SmtpRelayWithinAdSite, SmtpRelayWithinAdSiteToEdge";

const QueueProperty kProperties[] = {
    {{"Identity", Kind::kText},
     [](const NamedQueue& queue, std::string_view server) {
       return TextOrNull(base::Cat(server, "\\", queue.name));
     }},
    {{"DeliveryType", Kind::kWord, kDeliveryTypes},
     [](const NamedQueue& queue, std::string_view) { return TextOrNull(DeliveryTypeOf(queue)); }},
    {{"NextHopDomain", Kind::kText},
     [](const NamedQueue& queue, std::string_view) { return TextOrNull(DomainOf(queue)); }},
    {{"NextHopConnector", Kind::kText},
     [](const NamedQueue& queue, std::string_view) {
       return TextOrNull(queue.view.hop.connector);
     }},
    {{"NextHopCategory", Kind::kWord, "External, Internal"},
     [](const NamedQueue& queue, std::string_view) {
       return TextOrNull(CategoryOf(queue.view.hop.type));
     }},
    {{"Status", Kind::kWord, "Active, Connecting, Ready, Retry, Suspended, None"},
     [](const NamedQueue& queue, std::string_view) {
       return TextOrNull(queue::NameOf(queue.view.status));
     }},
    {{"MessageCount", Kind::kNumber},
     [](const NamedQueue& queue, std::string_view) {
       return CountValue(queue.view.message_count);
     }},
    {{"DeferredMessageCount", Kind::kNumber},
     [](const NamedQueue& queue, std::string_view) {
       return CountValue(queue.view.deferred_count);
     }},
    {{"RetryCount", Kind::kNumber},
     [](const NamedQueue& queue, std::string_view) { return CountValue(queue.view.retry_count); }},
    {{"LastError", Kind::kText},
     [](const NamedQueue& queue, std::string_view) { return TextOrNull(LastErrorOf(queue.view)); }},
    {{"LastRetryTime", Kind::kTime},
     [](const NamedQueue& queue, std::string_view) {
       return TimeOrNull(queue.view.last_retry_time);
     }},
    {{"NextRetryTime", Kind::kTime},
     [](const NamedQueue& queue, std::string_view) {
       return TimeOrNull(queue.view.next_retry_time);
     }},
    {{"FirstRetryTime", Kind::kTime},
     [](const NamedQueue& queue, std::string_view) {
       return TimeOrNull(queue.view.first_retry_time);
     }},
    {{"IncomingRate", Kind::kRate},
     [](const NamedQueue& queue, std::string_view) {
       return FieldValue(queue.view.incoming_rate);
     }},
    {{"OutgoingRate", Kind::kRate},
     [](const NamedQueue& queue, std::string_view) {
       return FieldValue(queue.view.outgoing_rate);
     }},
    {{"Velocity", Kind::kRate},
     [](const NamedQueue& queue, std::string_view) { return FieldValue(queue.view.velocity); }},
    {{"SuspendedMessageCount", Kind::kNumber},
     [](const NamedQueue& queue, std::string_view) {
       return CountValue(queue.view.suspended_count);
     }},
    {{"TlsDomain", Kind::kText},
     [](const NamedQueue& queue, std::string_view) { return TextOrNull(queue.tls_domain); }},
    {{"MxSet", Kind::kText},
     [](const NamedQueue& queue, std::string_view) { return TextOrNull(queue.view.mx_set); }},
};

}  // namespace

bool IsDeliveryType(std::string_view word) {
  const auto types = base::Split(kDeliveryTypes, ',');
  return std::any_of(types.begin(), types.end(), [word](std::string_view type) {
    return base::EqualsIgnoreCase(base::Trim(type), word);
  });
}

std::span<const FieldForm> QueueFields() {
  static const std::vector<FieldForm>* const forms = [] {
    auto* all = new std::vector<FieldForm>();
    for (const QueueProperty& property : kProperties)
      all->push_back(property.form);
    return all;
  }();
  return *forms;
}

FieldValue QueueField(std::size_t field, const NamedQueue& queue, std::string_view server) {
  return kProperties[field].value(queue, server);
}

}  // namespace postern::admin
