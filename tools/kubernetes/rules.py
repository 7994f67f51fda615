"""The recording and alerting rules, one table each.

RECORDED  name -> query
ALERTS    name -> (query, for, severity, one sentence for the page); the runbook is
          docs/runbooks/<name>.md
"""

BY = "namespace, pod"
# When each ends. Those that a setting names have no label, and "or" takes one of several alike.
CERTIFICATES = " or ".join((
    "postern_deliver_certificate_expires_seconds", "postern_egress_certificate_expires_seconds",
    *(f'label_replace(postern_{step}_certificate_expires_seconds, "certificate", '
      f'"{step}.certificate_file", "", "")' for step in ("accept", "rpc"))))
# 0 for the listeners is that none is set, here that one was there and is not any more.
GONE = " or ".join(f"min by ({BY}, certificate) (postern_{step}_certificate_expires_seconds) == 0"
                   for step in ("deliver", "egress"))
# Joined by "or": no service has all of these.
LOST = " or ".join(f"sum by ({BY}) (increase({name}[15m])) > 0" for name in (
    "postern_observe_log_dropped_total", "postern_settle_message_tracking_lost_total",
    "postern_deliver_connectivity_log_lost_total", "postern_deliver_protocol_log_lost_total",
    "postern_egress_connectivity_log_lost_total", "postern_egress_protocol_log_lost_total",
    "postern_route_log_lost_total"))

# Recipients without an answer to their message are "failed": no host was reached, or the connection
# was lost, or hosts sent us away by their greeting or a 421. Of a next hop in Retry there is one
# attempt in ten minutes and what its hosts take not to answer, hence 15 minutes.
OF = "namespace, connector"


def recipients(results, over):
    return (f"sum by ({OF}) (increase(postern_deliver_recipients_total{{{results}}}[{over}]))")


FAILED, ANSWERED = 'result="failed"', 'result!="failed"'
LOST_WAY = (f'({recipients(FAILED, "15m")} > 0 unless '
            f'({recipients(ANSWERED, "5m")} >= {recipients(FAILED, "5m")}) > 0)')
# One dead domain is no loss of the way, one dead smart host is. These are the ten longest queues of
# each server.
LONGEST = "postern_queue_top_messages"
OF_DOMAINS = f'{LONGEST}{{type="DnsConnectorDelivery"}}'
MANY_WAIT = (f"(count by ({OF}) (count by ({OF}, next_hop) ({OF_DOMAINS})) >= 5 or "
             f"sum by ({OF}) ({LONGEST} unless {OF_DOMAINS}) > 20)")
# One large destination: its mail over all servers, whatever they say of it. What has no way, or is
# set apart, has alerts of its own.
HOP = "namespace, connector, next_hop"
WITH_WAY = 'type!~"Unreachable|Poison"'
BACKLOG = (f"sum by ({HOP}) ({LONGEST}{{{WITH_WAY}}}) > 5000 and "
           f"max by ({HOP}) (postern_queue_top_oldest_seconds{{{WITH_WAY}}}) > 1800")
# At night the dead domains may be the only ones that are tried.
MAIL_COMES = ('sum by (namespace) (increase(postern_queue_queued_total'
              '{type!~"Undefined|Unreachable|Poison"}[10m])) > 20')

# Space refuses mail of applications from Medium on; flow holds each MAIL back, and refuses
# it after ten minutes above Normal.
LEVEL = "postern_accept_pressure_level"
SPACE = "store disk|log disk|memory"
SHORT = " or ".join((
    f'max by ({BY}, resource) ({LEVEL}{{resource=~"{SPACE}"}}) >= 1',
    f"max by ({BY}, resource) ({LEVEL}) >= 2",
    f"max by ({BY}, resource) (min_over_time({LEVEL}[10m])) >= 1"))

# Near the medium mark, from which on mail is refused, or there soon. A disk that is half empty has
# time: the logs of a new server grow as fast, and end at their limits.
DISK = 'resource=~".* disk"'
READING = "postern_accept_pressure_reading"
IN_USE = f"max by ({BY}, resource) ({READING}{{{DISK}}})"
MEDIUM = f'max by ({BY}, resource) (postern_accept_pressure_mark{{level="medium",{DISK}}})'
IN_4_HOURS = f"max by ({BY}, resource) (predict_linear({READING}{{{DISK}}}[2h], 4 * 3600))"
FILLS = (f"{IN_USE} > 0.9 * {MEDIUM} or {IN_4_HOURS} > {MEDIUM} and {IN_USE} > 0.5 * {MEDIUM}")

RECORDED = {
    "postern:accept_messages:rate5m":
        "sum by (namespace) (rate(postern_accept_messages_total[5m]))",
    "postern:deliver_recipients:rate5m":
        "sum by (namespace, connector, result) (rate(postern_deliver_recipients_total[5m]))",
    "postern:deferred:share30m":
        'sum by (namespace, connector) (rate(postern_deliver_recipients_total{result="deferred"}'
        "[30m])) / sum by (namespace, connector) (rate(postern_deliver_recipients_total[30m]))",
    "postern:dsn_failed:rate10m":
        'sum by (namespace) (rate(postern_settle_dsn_total{kind="failed"}[10m]))',
    "postern:store_commit_seconds:p99_10m":
        f"histogram_quantile(0.99, sum by ({BY}, le) (rate(postern_store_commit_seconds_bucket"
        "[10m])))",
    "postern:queue_oldest_message_seconds:max":
        f"max by ({BY}, type) (postern_queue_oldest_message_seconds)",
    "postern:egress_deliveries_open:sum":
        "sum by (namespace, postern_site) (postern_egress_deliveries_open)",
}

ALERTS = {
    "PosternServiceDown": (
        'up{job=~"mailbox-transport|frontend-transport"} == 0', "5m", "critical",
        "{{ $labels.pod }} does not answer"),
    # Of the same address: a pod that is made anew has another, and is another series.
    "PosternRestarts": (
        f"max by ({BY}) (changes(process_start_time_seconds{{"
        'job=~"mailbox-transport|frontend-transport"}[30m])) > 2', "0m", "warning",
        "{{ $labels.pod }} has started {{ $value }} times within half an hour"),
    # A pod without an address is no target: its series ends, and does not fall to 0.
    "PosternServerGone": (
        'max by (namespace, pod, postern_site) (last_over_time(up{job="mailbox-transport"}[1d])) '
        'unless on (namespace, pod) up{job="mailbox-transport"}', "5m", "critical",
        "{{ $labels.pod }} was there within the last day and is gone: its mail waits in its "
        "volume"),
    # A name without an address counts as one: only a Site that names none, and needs none, has 0.
    "PosternFrontEndAbsent": (
        "max by (namespace, postern_site) (postern_deliver_front_ends) > 0 unless "
        'count by (namespace, postern_site) (up{job="frontend-transport"} == 1)', "2m", "critical",
        "the site {{ $labels.postern_site }} names front ends and none is up: proxied mail waits"),
    "PosternFrontEndsUnusable": (
        "max by (namespace, pod, postern_site) (postern_deliver_front_ends_usable) == 0 and "
        f"on ({BY}) postern_deliver_front_ends > 0 and on (namespace, postern_site) "
        'up{job="frontend-transport"} == 1', "5m", "critical",
        "{{ $labels.pod }} can use no front end of the site {{ $labels.postern_site }}, although "
        "some are up"),
    "PosternQueuesHeld": (
        f"sum by ({BY}) (increase(postern_queue_held_total[5m])) > 0", "10m", "warning",
        "queues of {{ $labels.pod }} stop for lack of a front end or its credit"),
    "PosternWayOutLost": (
        f"{LOST_WAY} and on ({OF}) {MANY_WAIT} and on (namespace) {MAIL_COMES}", "10m", "critical",
        "mail of {{ $labels.connector }} gets no answer: hosts are not reached, or send us away "
        "before they take any"),
    "PosternBacklog": (
        BACKLOG, "15m", "warning",
        "{{ $value | humanize }} messages for {{ $labels.next_hop }} by {{ $labels.connector }} "
        "wait, some for more than half an hour"),
    "PosternAttemptsLag": (
        f"max by ({BY}, type) (postern_queue_attempt_lag_seconds) > 600", "10m", "warning",
        "mail of {{ $labels.type }} at {{ $labels.pod }} is due for "
        "{{ $value | humanizeDuration }} and gets no place"),
    # Before the senders are told, at four hours.
    "PosternOldestMessage": (
        'postern:queue_oldest_message_seconds:max{type!="Poison"} > 10800', "10m", "warning",
        "a message of {{ $labels.type }} waits for {{ $value | humanizeDuration }} at "
        "{{ $labels.pod }}"),
    "PosternPoison": (
        f'sum by ({BY}) (postern_queue_messages{{type="Poison"}}) > 0', "1m", "warning",
        "{{ $value }} messages at {{ $labels.pod }} were in hand as it crashed, and wait for you"),
    "PosternUnreachable": (
        f'sum by ({BY}) (postern_queue_messages{{type="Unreachable"}}) > 0', "10m", "warning",
        "{{ $value }} messages at {{ $labels.pod }} have no connector"),
    "PosternDeferredShare": (
        "postern:deferred:share30m > 0.2 and on (namespace, connector) "
        "sum by (namespace, connector) (increase(postern_deliver_recipients_total[30m])) > 50",
        "15m", "warning",
        "{{ $value | humanizePercentage }} of {{ $labels.connector }} is put off"),
    "PosternReturnsSpike": (
        "postern:dsn_failed:rate10m > 5 * sum by (namespace) "
        '(rate(postern_settle_dsn_total{kind="failed"}[1d] offset 1h)) and '
        'sum by (namespace) (increase(postern_settle_dsn_total{kind="failed"}[10m])) > 20',
        "5m", "warning", "more mail is returned than is usual for a day"),
    "PosternSyncSlow": (
        "postern:store_commit_seconds:p99_10m > 0.5", "10m", "warning",
        "1 % of the commits of {{ $labels.pod }} take {{ $value | humanizeDuration }}"),
    "PosternStoreFull": (
        f"max by ({BY}) (postern_store_full) == 1", "1m", "critical",
        "{{ $labels.pod }} refuses new mail: its disk is full"),
    "PosternBackPressure": (
        SHORT, "5m", "critical",
        "{{ $labels.pod }} is short of {{ $labels.resource }}: it refuses new mail or holds it "
        "back"),
    "PosternDiskFilling": (
        FILLS, "15m", "warning",
        "the {{ $labels.resource }} of {{ $labels.pod }} fills: new mail is refused soon"),
    "PosternStoreDamage": (
        # Found at a start: the series of a new pod begins with it, and does not increase.
        f"max by ({BY}) (postern_store_quarantined_total) > 0", "0m", "critical",
        "{{ $labels.pod }} set damaged records aside"),
    "PosternMailWithoutServer": (
        # Whoever counts them is another server after its stop, and has to look for a while.
        "max by (namespace) (max_over_time(postern_store_orphaned_messages[5m])) > 0", "10m",
        "critical",
        "{{ $value }} messages lie in volumes whose servers are gone"),
    "PosternCertificateExpires": (
        f"({CERTIFICATES}) > 0 and ({CERTIFICATES}) - time() < 7 * 86400", "1h", "warning",
        "a certificate of {{ $labels.pod }} ends within a week: {{ $labels.certificate }}"),
    "PosternCertificateGone": (
        GONE, "5m", "critical",
        "the certificate {{ $labels.certificate }} of {{ $labels.pod }} is gone: mail that must "
        "show it waits"),
    "PosternAddressNames": (
        f"min by ({BY}, address) (postern_egress_address_names_agree) == 0", "1h", "warning",
        "name, A and PTR of the source address {{ $labels.address }} differ: remotes may refuse "
        "it"),
    "PosternDirectoryStale": (
        f"max by ({BY}) (postern_directory_stale) == 1 or "
        f"min by ({BY}) (postern_directory_last_load_ok) == 0", "5m", "warning",
        "{{ $labels.pod }} goes on with an older directory"),
    "PosternWriterSilent": (
        f"max by ({BY}) (postern_directory_writer_silence_seconds) > 300", "5m", "warning",
        "{{ $labels.pod }} has not heard the writer of the directory"),
    "PosternAmbiguous": (
        f"sum by ({BY}, reason) (increase(postern_deliver_ambiguous_total[1h])) > 20 or "
        # As above; for as long as an increase would tell.
        f'max by ({BY}, reason) (postern_deliver_ambiguous_total{{reason="restart"}}) > 20 and '
        f"on ({BY}) time() - process_start_time_seconds < 3600", "0m",
        "warning", "{{ $value | humanize }} deliveries may have happened twice"),
    "PosternLogLinesLost": (
        LOST, "0m", "info", "{{ $labels.pod }} could not keep lines of its logs"),
}
