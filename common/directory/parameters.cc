#include "common/directory/parameters.h"

namespace postern::directory {

namespace {

using connector::Parameter;
using Form = Parameter::Form;
using Standing = Parameter::Standing;

constexpr std::string_view kSlug = "lower-case letters, digits and \"-\", up to 63";
constexpr std::string_view kComment = "up to 4096 bytes";
constexpr std::string_view kCommentEffect = "A note for administrators.";
constexpr std::string_view kNoController =
    "There is no domain controller: the directory is a folder of manifests, or Kubernetes.";

constexpr Parameter kSite[] = {
    {"Comment", "comment", Form::kText, Standing::kField, kComment, "empty", kCommentEffect},
    {"DomainController", "", Form::kText, Standing::kIgnored, "", "", kNoController},
    {"FrontEnds", "frontEnds", Form::kList, Standing::kField,
     "host:7170, or dns:///name:7170 for all addresses of a name", "none",
     "The front ends through which mail of connectors with FrontendProxyEnabled leaves the site."},
    {"HubSiteEnabled", "hubSiteEnabled", Form::kFlag, Standing::kField, "true, false", "false",
     "Mail whose least-cost path leads through the site stops there."},
    {"InboundMailEnabled", "inboundMailEnabled", Form::kFlag, Standing::kField, "true, false",
     "true", "When false, no mail is relayed to servers of the site."},
    {"Name", "name", Form::kText, Standing::kNew, kSlug, "required",
     "The name by which servers, links and connectors know the site."},
};

constexpr Parameter kSiteLink[] = {
    {"Comment", "comment", Form::kText, Standing::kField, kComment, "empty", kCommentEffect},
    {"Cost", "cost", Form::kNumber, Standing::kField, "1 to 99999", "100",
     "What the way over the link costs; mail takes the way of the least sum."},
    {"DomainController", "", Form::kText, Standing::kIgnored, "", "", kNoController},
    {"ExchangeCost", "exchangeCost", Form::kNumber, Standing::kField, "1 to 99999", "none",
     "Counts instead of Cost when it is given."},
    {"MaxMessageSize", "maxMessageSize", Form::kSize, Standing::kField,
     "64KB and more, or unlimited", "unlimited",
     "A larger message whose way leads over the link is returned."},
    {"Name", "name", Form::kText, Standing::kNew, kSlug, "required", "The name of the link."},
    {"Sites", "sites", Form::kList, Standing::kField, "names of two or more Sites", "required",
     "The sites that the link connects with one another."},
};

// What Set-TransportService of Exchange has and the directory has not.
constexpr Parameter SetElsewhere(std::string_view name, std::string_view where) {
  return {name, "", Form::kText, Standing::kRefused, "", "", where};
}

constexpr Parameter kTransportServer[] = {
    {"Comment", "comment", Form::kText, Standing::kField, kComment, "empty", kCommentEffect},
    SetElsewhere("ConnectivityLogEnabled",
                 "Set connectivity_log.enabled in the settings of the server."),
    SetElsewhere("ConnectivityLogMaxAge",
                 "Set connectivity_log.max_age in the settings of the server."),
    SetElsewhere("ConnectivityLogMaxDirectorySize",
                 "Set connectivity_log.max_directory_size in the settings of the server."),
    SetElsewhere("ConnectivityLogMaxFileSize",
                 "Set connectivity_log.max_file_size in the settings of the server."),
    SetElsewhere("ConnectivityLogPath", "Set connectivity_log.path in the settings of the server."),
    SetElsewhere("DelayNotificationTimeout",
                 "Set queue.delay_notification_timeout in the settings of the server."),
    {"DomainController", "", Form::kText, Standing::kIgnored, "", "", kNoController},
    SetElsewhere("ExternalDNSProtocolOption",
                 "Set dns.external_protocol in the settings of the server."),
    SetElsewhere("ExternalDNSServers",
                 "Set deliver.external_dns_servers in the settings of the server."),
    SetElsewhere("InternalDNSProtocolOption", "Set dns.protocol in the settings of the server."),
    SetElsewhere("InternalDNSServers", "Set deliver.dns_servers in the settings of the server."),
    SetElsewhere("IntraOrgConnectorSmtpMaxMessagesPerConnection",
                 "Servers relay over gRPC here: a connection carries any number of messages."),
    SetElsewhere("MaxConcurrentMailboxDeliveries", "There are no mailboxes here."),
    SetElsewhere("MaxConcurrentMailboxSubmissions", "There are no mailboxes here."),
    SetElsewhere(
        "MaxConnectionRatePerMinute",
        "Set accept.max_inbound_connections, of which accept.max_inbound_connections_per_source "
        "may come from one address, in the settings of the server."),
    SetElsewhere("MaxOutboundConnections",
                 "Set queue.max_outbound_connections in the settings of the server."),
    SetElsewhere("MaxPerDomainOutboundConnections",
                 "Set queue.max_per_domain_outbound_connections in the settings of the server."),
    SetElsewhere("MessageExpirationTimeout",
                 "Set queue.message_expiration_timeout in the settings of the server."),
    SetElsewhere("MessageRetryInterval",
                 "Set queue.message_retry_interval in the settings of the server."),
    SetElsewhere("MessageTrackingLogEnabled",
                 "Set message_tracking_log.enabled in the settings of the server."),
    SetElsewhere("MessageTrackingLogMaxAge",
                 "Set message_tracking_log.max_age in the settings of the server."),
    SetElsewhere("MessageTrackingLogMaxDirectorySize",
                 "Set message_tracking_log.max_directory_size in the settings of the server."),
    SetElsewhere("MessageTrackingLogMaxFileSize",
                 "Set message_tracking_log.max_file_size in the settings of the server."),
    SetElsewhere("MessageTrackingLogPath",
                 "Set message_tracking_log.path in the settings of the server."),
    SetElsewhere("MessageTrackingLogSubjectLoggingEnabled",
                 "Set message_tracking_log.subject_logging_enabled in the settings of the server."),
    {"Name", "name", Form::kText, Standing::kNew, kSlug, "required",
     "The server's own name, as its setting server.name says it."},
    SetElsewhere(
        "OutboundConnectionFailureRetryInterval",
        "Set queue.outbound_connection_failure_retry_interval in the settings of the server."),
    SetElsewhere("PickupDirectoryMaxHeaderSize",
                 "There is no pickup directory here: applications submit over SMTP or gRPC."),
    SetElsewhere("PickupDirectoryMaxMessagesPerMinute",
                 "There is no pickup directory here: applications submit over SMTP or gRPC."),
    SetElsewhere("PickupDirectoryMaxRecipientsPerMessage",
                 "There is no pickup directory here: applications submit over SMTP or gRPC."),
    SetElsewhere("PoisonMessageDetectionEnabled",
                 "Set queue.poison_message_detection_enabled in the settings of the server."),
    SetElsewhere("PoisonThreshold", "Set queue.poison_threshold in the settings of the server."),
    SetElsewhere("QueueMaxIdleTime",
                 "Set queue.queue_max_idle_time in the settings of the server."),
    {"RelayAddress", "relayAddress", Form::kText, Standing::kField, "host:7172", "empty",
     "Where other servers reach it to relay mail; without it nobody relays to it."},
    SetElsewhere("RoutingTableLogMaxAge", "Set routing_log.max_age in the settings of the server."),
    SetElsewhere("RoutingTableLogMaxDirectorySize",
                 "Set routing_log.max_directory_size in the settings of the server."),
    SetElsewhere("RoutingTableLogPath", "Set routing_log.path in the settings of the server."),
    SetElsewhere("SendProtocolLogMaxAge",
                 "Set protocol_log.max_age in the settings of the server."),
    SetElsewhere("SendProtocolLogMaxDirectorySize",
                 "Set protocol_log.max_directory_size in the settings of the server."),
    SetElsewhere("SendProtocolLogMaxFileSize",
                 "Set protocol_log.max_file_size in the settings of the server."),
    SetElsewhere("SendProtocolLogPath", "Set protocol_log.path in the settings of the server."),
    {"Site", "site", Form::kText, Standing::kField, "the name of a Site", "required",
     "The site that the server is in."},
    SetElsewhere("TransientFailureRetryCount",
                 "Set queue.transient_failure_retry_count in the settings of the server."),
    SetElsewhere("TransientFailureRetryInterval",
                 "Set queue.transient_failure_retry_interval in the settings of the server."),
};

constexpr Parameter kAcceptedDomain[] = {
    {"Comment", "comment", Form::kText, Standing::kField, kComment, "empty", kCommentEffect},
    {"Default", "default", Form::kFlag, Standing::kField, "true, false; one domain at most",
     "false", "Names the domain of postmaster and other addresses of ours."},
    {"DomainController", "", Form::kText, Standing::kIgnored, "", "", kNoController},
    {"DomainName", "domainName", Form::kText, Standing::kField, "contoso.com or *.contoso.com",
     "required", "The domain that we answer for."},
    {"DomainType", "domainType", Form::kWord, Standing::kField,
     "Authoritative, InternalRelay, ExternalRelay", "Authoritative",
     "Whether every address of the domain is ours, or some are elsewhere."},
    {"MakeDefault", "default", Form::kFlag, Standing::kField, "true, false", "false",
     "The same as Default, as Set-AcceptedDomain of Exchange has it."},
    {"Name", "name", Form::kText, Standing::kNew, kSlug, "required", "The name of the resource."},
};

constexpr Parameter kTransportConfig[] = {
    {"DomainController", "", Form::kText, Standing::kIgnored, "", "", kNoController},
    {"ExternalDelayDsnEnabled", "externalDelayDsnEnabled", Form::kFlag, Standing::kField,
     "true, false", "true",
     "Senders outside the accepted domains are told when their mail is late."},
    {"ExternalDsnMaxMessageAttachSize", "externalDsnMaxMessageAttachSize", Form::kSize,
     Standing::kField, "0 to 2147483647 bytes, or unlimited", "10MB",
     "A larger message is returned without its body."},
    {"ExternalDsnReportingAuthority", "externalDsnReportingAuthority", Form::kText,
     Standing::kField, "a domain name", "the server's own name",
     "The name that notices give as their reporter."},
    {"ExternalDsnSendHtml", "externalDsnSendHtml", Form::kFlag, Standing::kField, "true, false",
     "true", "Notices to senders outside the accepted domains have an HTML form too."},
    {"ExternalPostmasterAddress", "externalPostmasterAddress", Form::kText, Standing::kField,
     "an address", "postmaster of the default accepted domain",
     "The From address of notices to senders."},
    {"InternalDelayDsnEnabled", "internalDelayDsnEnabled", Form::kFlag, Standing::kField,
     "true, false", "true", "Senders of accepted domains are told when their mail is late."},
    {"InternalDsnMaxMessageAttachSize", "internalDsnMaxMessageAttachSize", Form::kSize,
     Standing::kField, "0 to 2147483647 bytes, or unlimited", "10MB",
     "A larger message is returned without its body to a sender of an accepted domain."},
    {"InternalDsnReportingAuthority", "internalDsnReportingAuthority", Form::kText,
     Standing::kField, "a domain name", "the server's own name",
     "The name that notices to senders of accepted domains give as their reporter."},
    {"InternalDsnSendHtml", "internalDsnSendHtml", Form::kFlag, Standing::kField, "true, false",
     "true", "Notices to senders of accepted domains have an HTML form too."},
    {"MaxReceiveSize", "maxReceiveSize", Form::kSize, Standing::kField,
     "0 to 2147483647 bytes, or unlimited", "35MB", "A larger message is not accepted."},
    {"MaxRecipientEnvelopeLimit", "maxRecipientEnvelopeLimit", Form::kNumber, Standing::kField,
     "1 to 2147483647, or unlimited", "5000", "A message with more recipients is not accepted."},
    {"MaxSendSize", "", Form::kSize, Standing::kRefused, "", "",
     "All mail is both received and sent here: set MaxReceiveSize, and MaxMessageSize of the Send "
     "connectors."},
    {"TLSSendDomainSecureList", "tlsSendDomainSecureList", Form::kList, Standing::kField,
     "domains, without wildcards", "none", "The domains to which Domain Security holds."},
};

}  // namespace

std::span<const Parameter> ParametersOf(std::string_view kind) {
  if (kind == "SendConnector") return connector::SendConnectorParameters();
  if (kind == "Site") return kSite;
  if (kind == "SiteLink") return kSiteLink;
  if (kind == "TransportServer") return kTransportServer;
  if (kind == "AcceptedDomain") return kAcceptedDomain;
  if (kind == "TransportConfig") return kTransportConfig;
  return {};
}

}  // namespace postern::directory
