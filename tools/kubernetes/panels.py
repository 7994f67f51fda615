"""The dashboards, one table: title of the board -> rows of (panel, unit, [(query, legend)]).

$namespace and $pod are variables of each board. The labels job, namespace, pod, postern_site come
from the scrape (components/monitoring/pod-monitor.yaml), the others from docs/generated/metrics.md.
"""

IN = 'namespace=~"$namespace",pod=~"$pod"'


def rate(metric, by="", labels=""):
    return f"sum by ({by}) (rate({metric}{{{IN}{labels}}}[$__rate_interval]))"


def quantile(q, metric, by=""):
    inner = f"le{', ' + by if by else ''}"
    return f"histogram_quantile({q}, {rate(metric + '_bucket', inner)})"


def total(metric, by="", labels=""):
    return f"sum by ({by}) ({metric}{{{IN}{labels}}})"


def certificates():
    """Seconds until each ends; those of settings have no label of their own."""
    def ends(step):
        return f"postern_{step}_certificate_expires_seconds{{{IN}}}"
    every = [ends("deliver"), ends("egress")] + [
        f'label_replace({ends(step)}, "certificate", "{step}.certificate_file", "", "")'
        for step in ("accept", "rpc")]
    return f"(min by (pod, certificate) ({' or '.join(every)}) > 0) - time()"


BOARDS = {
    "Overview": [
        ("Accepted", "mps", [(rate("postern_accept_messages_total", "pod"), "{{pod}}")]),
        ("Recipients by result", "ops",
         [(rate("postern_deliver_recipients_total", "result"), "{{result}}")]),
        ("Messages in queues", "short", [(total("postern_queue_messages", "type"), "{{type}}")]),
        ("Age of the oldest message", "s",
         [(f"max by (pod) (postern_queue_oldest_message_seconds{{{IN}}})", "{{pod}}")]),
        ("From the end of the content to the receipt, 99 %", "s",
         [(quantile(0.99, "postern_accept_latency_seconds"), "99 %"),
          (quantile(0.5, "postern_accept_latency_seconds"), "50 %")]),
        ("Services up", "short",
         [('sum by (job) (up{job=~"mailbox-transport|frontend-transport",'
           'namespace=~"$namespace"})', "{{job}}")]),
        ("Back pressure", "short",
         [(f"max by (resource) (postern_accept_pressure_level{{{IN}}})", "{{resource}}")]),
        ("Versions", "short", [(f"count by (service, version) (postern_build_info{{{IN}}})",
                                "{{service}} {{version}}")]),
    ],
    "Connectors": [
        ("Attempts", "ops", [(rate("postern_deliver_attempts_total", "connector, way"),
                              "{{connector}} {{way}}")]),
        ("Delivered recipients", "ops",
         [(rate("postern_deliver_recipients_total", "connector", ',result="delivered"'),
           "{{connector}}")]),
        ("Share that was deferred, or failed without an answer", "percentunit",
         [(rate("postern_deliver_recipients_total", "connector", f',result="{result}"') + " / "
           + rate("postern_deliver_recipients_total", "connector"),
           "{{connector}} " + result) for result in ("deferred", "failed")]),
        ("Time of an attempt, 95 %", "s",
         [(quantile(0.95, "postern_deliver_attempt_seconds", "connector"), "{{connector}}")]),
        ("Bytes sent", "Bps", [(rate("postern_deliver_sent_bytes_total", "connector"),
                                  "{{connector}}")]),
        ("TLS sessions by policy", "ops",
         [(rate("postern_deliver_tls_sessions_total", "policy, result",
                ',result!="successful"'), "{{policy}} {{result}}"),
          (rate("postern_deliver_tls_sessions_total", "policy", ',result="successful"'),
           "{{policy}} successful")]),
    ],
    "Queues": [
        ("Messages by type of queue", "short",
         [(total("postern_queue_messages", "type"), "{{type}}")]),
        ("Age of the oldest message", "s",
         [(f"max by (pod) (postern_queue_oldest_message_seconds{{{IN}}})", "{{pod}}")]),
        ("Queues", "short", [(total("postern_queue_queues", "pod"), "{{pod}}")]),
        ("Deliveries under way", "short", [(total("postern_queue_connections", "pod"),
                                            "{{pod}}")]),
        ("Failures that put a queue in Retry", "ops",
         [(rate("postern_queue_ladder_steps_total", "stage"), "{{stage}}")]),
        ("Messages put back", "ops", [(rate("postern_queue_message_retries_total", "pod"),
                                       "{{pod}}")]),
        ("Held for lack of a front end", "ops", [(rate("postern_queue_held_total", "pod"),
                                                  "{{pod}}")]),
        ("Delayed and expired", "ops", [(rate("postern_queue_delayed_total"), "delayed"),
                                        (rate("postern_queue_expired_total"), "expired")]),
        ("Messages by state and priority", "short",
         [(total("postern_queue_length", "state, priority"), "{{state}} {{priority}}")]),
        ("Submission", "short", [(total("postern_queue_submission_messages", "pod"), "{{pod}}")]),
        ("Age of the oldest message by connector", "s",
         [(f"max by (type, connector) (postern_queue_oldest_message_seconds{{{IN}}})",
           "{{type}} {{connector}}")]),
        ("Longest wait of a message whose turn has come", "s",
         [(f"max by (type) (postern_queue_attempt_lag_seconds{{{IN}}})", "{{type}}")]),
        ("Longest queues", "short",
         [(f"topk(10, {total('postern_queue_top_messages', 'next_hop, connector')})",
           "{{next_hop}} {{connector}}")]),
        ("Queues by status", "short",
         [(total("postern_queue_queues_by_status", "status"), "{{status}}")]),
        ("Queued, left and routed again", "ops",
         [(rate("postern_queue_queued_total"), "queued"),
          (rate("postern_queue_left_total"), "left"),
          (rate("postern_queue_resubmitted_total"), "routed again")]),
    ],
    "Front ends": [
        ("Open deliveries", "short", [(total("postern_egress_deliveries_open", "pod"),
                                       "{{pod}}")]),
        ("Share of each front end", "percentunit",
         [(rate("postern_egress_recipients_total", "pod") + " / on () group_left "
           + rate("postern_egress_recipients_total"), "{{pod}}")]),
        ("Front ends that a server can use", "short",
         [(total("postern_deliver_front_ends_usable", "pod"), "{{pod}}")]),
        ("Streams of mailbox-transports", "short", [(total("postern_egress_streams", "pod"),
                                                     "{{pod}}")]),
        ("Recipients by result", "ops", [(rate("postern_egress_recipients_total", "result"),
                                          "{{result}}")]),
        ("Time from offer to outcome, 95 %", "s",
         [(quantile(0.95, "postern_egress_delivery_seconds", "pod"), "{{pod}}")]),
        ("Offers refused", "ops", [(rate("postern_egress_offers_refused_total", "pod"),
                                    "{{pod}}")]),
        ("SMTP connections", "ops",
         [(rate("postern_egress_connections_total", "pod"), "{{pod}} opened"),
          (rate("postern_egress_connection_failures_total", "pod"), "{{pod}} failed")]),
        ("Bytes sent", "Bps", [(rate("postern_egress_sent_bytes_total", "pod"), "{{pod}}")]),
        ("Source addresses whose names agree", "bool",
         [(total("postern_egress_address_names_agree", "pod, address"), "{{address}} of {{pod}}")]),
    ],
    "Delivery errors": [
        ("Recipients that were not delivered", "ops",
         [(rate("postern_deliver_recipients_total", "connector, result",
                ',result!="delivered"'), "{{connector}} {{result}}")]),
        ("DSNs", "ops", [(rate("postern_settle_dsn_total", "kind"), "{{kind}}")]),
        ("Verdicts", "ops", [(rate("postern_settle_verdicts_total", "verdict"), "{{verdict}}")]),
        ("Deliveries that may have happened twice", "ops",
         [(rate("postern_deliver_ambiguous_total", "reason"), "{{reason}}"),
          (rate("postern_egress_ambiguous_total"), "at front ends")]),
        ("Connections that failed", "ops",
         [(rate("postern_deliver_connection_failures_total", "pod"), "{{pod}} direct"),
          (rate("postern_egress_connection_failures_total", "pod"), "{{pod}} front end")]),
        ("Sessions that were not secure enough", "ops",
         [(rate("postern_deliver_security_refusals_total"), "direct"),
          (rate("postern_egress_security_refusals_total"), "front end")]),
        ("Decisions of routing", "ops", [(rate("postern_route_decisions_total", "decision"),
                                          "{{decision}}")]),
        ("Notices that could not be delivered", "ops",
         [(rate("postern_settle_double_bounce_total"), "dropped")]),
        ("DNS questions by result", "ops",
         [(rate("postern_dns_questions_total", "resolver, result"), "{{resolver}} {{result}}"),
          (rate("postern_dns_cached_answers_total", "resolver"), "{{resolver}} cached")]),
        ("Time of a DNS question, 95 %", "s",
         [(quantile(0.95, "postern_dns_question_seconds", "resolver, job"),
           "{{resolver}} of {{job}}")]),
    ],
    "Store and resources": [
        ("Time of one commit with its sync", "s",
         [(quantile(0.99, "postern_store_commit_seconds", "pod"), "{{pod}} 99 %"),
          (quantile(0.5, "postern_store_commit_seconds", "pod"), "{{pod}} 50 %")]),
        ("Syncs", "ops", [(rate("postern_store_syncs_total", "pod"), "{{pod}}")]),
        ("Changes that shared one batch, mean", "short",
         [(rate("postern_store_batch_messages_sum", "pod") + " / "
           + rate("postern_store_batch_messages_count", "pod"), "{{pod}}")]),
        ("Bytes given to the log", "Bps", [(rate("postern_store_bytes_total", "pod"), "{{pod}}")]),
        ("New mail is refused", "short", [(total("postern_store_full", "pod"), "{{pod}}")]),
        ("Readings of back pressure", "short",
         [(f"max by (pod, resource) (postern_accept_pressure_reading{{{IN}}})",
           "{{pod}} {{resource}}")]),
        ("Disks: in use, of the mark from which on mail is refused", "percentunit",
         [("max by (pod, resource) (postern_accept_pressure_reading"
           f'{{{IN},resource=~".* disk"}}) / on (pod, resource) '
           "max by (pod, resource) (postern_accept_pressure_mark"
           f'{{{IN},resource=~".* disk",level="medium"}})', "{{pod}} {{resource}}")]),
        ("Resident memory", "bytes", [(total("process_resident_memory_bytes", "pod"),
                                       "{{pod}}")]),
        ("Processor", "short", [(rate("process_cpu_seconds_total", "pod"), "{{pod}}")]),
        ("Until certificates end", "s", [(certificates(), "{{pod}} {{certificate}}")]),
        ("Open files", "short", [(total("process_open_fds", "pod"), "{{pod}}")]),
        ("Lines of logs lost", "ops",
         [(rate("postern_observe_log_dropped_total"), "service log"),
          (rate("postern_settle_message_tracking_lost_total"), "message tracking"),
          (rate("postern_deliver_connectivity_log_lost_total"), "connectivity"),
          (rate("postern_deliver_protocol_log_lost_total"), "protocol"),
          (rate("postern_egress_connectivity_log_lost_total"), "connectivity of front ends"),
          (rate("postern_egress_protocol_log_lost_total"), "protocol of front ends"),
          (rate("postern_route_log_lost_total"), "routing")]),
    ],
}
