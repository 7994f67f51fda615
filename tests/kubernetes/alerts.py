"""The cases of each alert, as tables: series that make it fire, and series that do not.

A series is (name with labels, values in promtool's notation); they are a minute apart.
"""

POD = '{namespace="postern",pod="mailbox-transport-0"%s}'


def pod(name, values, more=""):
    return name + POD % more, values


def up(job, values, site="main"):
    return (f'up{{job="{job}",namespace="postern",pod="{job}-0",postern_site="{site}"}}', values)


def server(number, values, instance="10.0.0.1"):
    return (f'up{{job="mailbox-transport",namespace="postern",pod="mailbox-transport-{number}",'
            f'postern_site="main",instance="{instance}:9717"}}', values)


def named(values, site="main"):
    """How many front ends the Site names, as a server that is up says."""
    return pod("postern_deliver_front_ends", values, f',postern_site="{site}"')


def unusable(usable, front_ends="2x20", front_end="1x20"):
    return [named(front_ends),
            pod("postern_deliver_front_ends_usable", usable, ',postern_site="main"'),
            up("frontend-transport", front_end)]


def deferred(delivered, put_off):
    more = ',connector="internet",result="%s"'
    return [pod("postern_deliver_recipients_total", delivered, more % "delivered"),
            pod("postern_deliver_recipients_total", put_off, more % "deferred")]


def outage(failed="0x20 1+1x60", delivered="0+30x20 600x60", queued="0+10x80",
           waiting=("DnsConnectorDelivery",) * 5, each="3x80"):
    """Mail went for 20 minutes, then one recipient a minute fails; mail of next hops waits."""
    more = ',connector="internet",result="%s"'
    return [pod("postern_deliver_recipients_total", delivered, more % "delivered"),
            pod("postern_deliver_recipients_total", failed, more % "failed"),
            pod("postern_queue_queued_total", queued, ',type="DnsConnectorDelivery"')
            ] + [pod("postern_queue_top_messages", each,
                     f',connector="internet",type="{kind}",next_hop="{number}.example"')
                 for number, kind in enumerate(waiting)]


def backlog(messages, oldest, number=0, kind="DnsConnectorDelivery", hop="big.example"):
    more = (f'{{namespace="postern",pod="mailbox-transport-{number}",connector="internet",'
            f'type="{kind}",next_hop="{hop}"}}')
    return [("postern_queue_top_messages" + more, messages),
            ("postern_queue_top_oldest_seconds" + more, oldest)]


def reason(values):
    return [pod("postern_deliver_ambiguous_total", values, ',reason="front-end-lost"')]


def commits(fast, all_of_them):
    return [pod("postern_store_commit_seconds_bucket", fast, ',le="0.1"'),
            pod("postern_store_commit_seconds_bucket", all_of_them, ',le="1"'),
            pod("postern_store_commit_seconds_bucket", all_of_them, ',le="+Inf"')]


def returned(values):
    return [pod("postern_settle_dsn_total", values, ',kind="failed"')]


def pressure(values, *resources):
    return [pod("postern_accept_pressure_level", values, f',resource="{each}"')
            for each in resources]


def disk(reading, resource="store disk"):
    return [pod("postern_accept_pressure_reading", reading, f',resource="{resource}"')] + [
        pod("postern_accept_pressure_mark", f"{mark}x200",
            f',level="{level}",resource="{resource}"')
        for level, mark in (("normal", 98), ("medium", 100), ("high", 102))]


def lost(logs, growing=None):
    """What a service has of its logs; it lost lines of each long ago, and goes on with one."""
    return [pod(f"postern_{log}_total", "4+1x30" if log == growing else "4x30") for log in logs]


SERVER_LOGS = ("observe_log_dropped", "settle_message_tracking_lost", "route_log_lost",
               "deliver_connectivity_log_lost", "deliver_protocol_log_lost")
FRONT_END_LOGS = ("observe_log_dropped", "egress_connectivity_log_lost",
                  "egress_protocol_log_lost")


def began(*seconds, job="frontend-transport"):
    """When a process began, as it restarts every ten minutes; the last one goes on."""
    return pod("process_start_time_seconds", " ".join(f"{each}x9" for each in seconds)
               + f" {seconds[-1]}x40", f',job="{job}"')


DAY = 1440
# alert -> (minutes, series that fire, series that do not)
CASES = {
    "PosternServiceDown": (10, [up("frontend-transport", "0x20")],
                           [up("frontend-transport", "1x20")]),
    "PosternRestarts": (
        32, [began(100, 700, 1300, 1900)], [began(100, 700, 1300)]),
    "PosternServerGone": (
        20, [server(0, "1x30"), server(1, "1x9 stale")],
        [server(0, "1x30"), server(1, "1x9 stale"), server(1, "_x12 1x20", "10.0.0.2")]),
    "PosternFrontEndAbsent": (
        5, [named("1x20"), up("frontend-transport", "0x20"),
            up("frontend-transport", "1x20", "other")],
        [named("1x20"), up("frontend-transport", "1x20")]),
    "PosternFrontEndsUnusable": (
        10, unusable("0x20"), unusable("2x4 0x3 2x20")),
    "PosternQueuesHeld": (20, [pod("postern_queue_held_total", "0+3x30")],
                          [pod("postern_queue_held_total", "7x30")]),
    # The second: a campaign that leaves as it comes, and many old messages of many domains.
    "PosternBacklog": (
        20, backlog("5001x30", "1801x30"),
        backlog("90000x30", "1800x30") + backlog("5000x30", "9000x30", hop="other.example")),
    "PosternAttemptsLag": (
        15, [pod("postern_queue_attempt_lag_seconds", "601x30", ',type="DnsConnectorDelivery"')],
        # Places come free, and are taken again.
        [pod("postern_queue_attempt_lag_seconds", "900x9 20 900x9", ',type="DnsConnectorDelivery"'),
         pod("postern_queue_attempt_lag_seconds", "600x30",
             ',type="SmartHostConnectorDelivery"')]),
    "PosternOldestMessage": (
        20, [pod("postern_queue_oldest_message_seconds", "10801x30", ',type="Unreachable"'),
             pod("postern_queue_oldest_message_seconds", "1x30", ',type="DnsConnectorDelivery"')],
        [pod("postern_queue_oldest_message_seconds", "10799x30", ',type="Unreachable"'),
         pod("postern_queue_oldest_message_seconds", "10801x30", ',type="Poison"')]),
    "PosternPoison": (
        5, [pod("postern_queue_messages", "0x2 1x20", ',type="Poison"')],
        [pod("postern_queue_messages", "0x20", ',type="Poison"'),
         pod("postern_queue_messages", "90x20", ',type="Unreachable"')]),
    "PosternUnreachable": (
        15, [pod("postern_queue_messages", "2x30", ',type="Unreachable"')],
        [pod("postern_queue_messages", "0x30", ',type="Unreachable"'),
         pod("postern_queue_messages", "90x30", ',type="DnsConnectorDelivery"')]),
    "PosternDeferredShare": (60, deferred("0+10x80", "0+5x80"), deferred("0+10x80", "0+1x80")),
    # The second: one dead domain with much mail, while others take theirs.
    "PosternWayOutLost": (
        36, outage(), outage(delivered="0+30x80", waiting=["DnsConnectorDelivery"], each="900x80")),
    "PosternReturnsSpike": (DAY, returned("0+0.1x1400 200+30x60"), returned("0+5x1500")),
    "PosternSyncSlow": (30, commits("0+90x40", "0+100x40"), commits("0+100x40", "0+100x40")),
    "PosternStoreFull": (5, [pod("postern_store_full", "1x20")],
                         [pod("postern_store_full", "0x20")]),
    "PosternBackPressure": (
        20, pressure("1x30", "memory"),
        pressure("0x30", "memory", "store disk") + pressure("0x11 1x18", "commit latency")),
    # Of a mark at 100.
    "PosternDiskFilling": (20, disk("91x30"), disk("89x30") + disk("200x30", "memory")),
    "PosternStoreDamage": (10, [pod("postern_store_quarantined_total", "3x20")],
                           [pod("postern_store_quarantined_total", "0x20")]),
    "PosternMailWithoutServer": (
        20, [pod("postern_store_orphaned_messages", "12x30")],
        [pod("postern_store_orphaned_messages", "0x30")]),
    "PosternCertificateExpires": (
        90, [pod("postern_egress_certificate_expires_seconds", "500000x100")],
        [pod("postern_egress_certificate_expires_seconds", "900000x100"),
         pod("postern_deliver_certificate_expires_seconds", "0x100")]),
    "PosternCertificateGone": (
        10, [pod("postern_deliver_certificate_expires_seconds", "9e9x3 0x20",
                 ',certificate="mail"'),
             pod("postern_deliver_certificate_expires_seconds", "9e9x30", ',certificate="other"')],
        # The listeners have none, which is no loss.
        [pod("postern_accept_certificate_expires_seconds", "0x20"),
         pod("postern_egress_certificate_expires_seconds", "9e9x30", ',certificate="mail"')]),
    "PosternAddressNames": (
        70, [pod("postern_egress_address_names_agree", "0x90", ',address="192.0.2.25"'),
             pod("postern_egress_address_names_agree", "1x90", ',address="192.0.2.26"')],
        [pod("postern_egress_address_names_agree", "1x90", ',address="192.0.2.25"')]),
    "PosternDirectoryStale": (
        10, [pod("postern_directory_stale", "0x20"), pod("postern_directory_last_load_ok", "0x20")],
        [pod("postern_directory_stale", "0x20"), pod("postern_directory_last_load_ok", "1x20")]),
    "PosternWriterSilent": (
        15, [pod("postern_directory_writer_silence_seconds", "301x20")],
        [pod("postern_directory_writer_silence_seconds", "20x20")]),
    "PosternAmbiguous": (60, reason("0+1x80"), reason("9x80")),
    "PosternLogLinesLost": (20, lost(SERVER_LOGS, "deliver_protocol_log_lost"),
                            lost(SERVER_LOGS)),
}



def restarted(values, seconds):
    return [pod("postern_deliver_ambiguous_total", values, ',reason="restart"'),
            pod("process_start_time_seconds", f"{seconds}x80")]


# (alert, minutes, series, whether it fires): what one case each way does not tell.
MORE = [
    # Its pods are not ready, or it has none; direct egress only, and front ends of another site.
    ("PosternFrontEndAbsent", 5, [named("1x20"), up("mailbox-transport", "1x20")], True),
    ("PosternFrontEndAbsent", 5, [named("0x20"), up("mailbox-transport", "1x20")], False),
    ("PosternFrontEndAbsent", 5, [
        named("0x20"), named("2x20", "other"), up("mailbox-transport", "1x20"),
        up("frontend-transport", "1x20", "other")], False),
    # It is shared out to two servers; it is gone soon; it has no way, which is another alert.
    ("PosternBacklog", 20, backlog("2600x30", "60x30") + backlog("2600x30", "1900x30", 1), True),
    ("PosternBacklog", 25, backlog("9000x19 100x30", "1900x40"), False),
    ("PosternBacklog", 14, backlog("9000x30", "1900x30"), False),
    ("PosternBacklog", 20, backlog("9000x30", "1900x30", kind="Unreachable"), False),
    # A process of somebody else; a server; and it ends by itself.
    ("PosternRestarts", 32, [began(100, 700, 1300, 1900, job="grafana")], False),
    ("PosternRestarts", 32, [began(100, 700, 1300, 1900, job="mailbox-transport")], True),
    ("PosternRestarts", 45, [began(100, 700, 1300, 1900)], False),
    # No front end is up, which is another alert; or the Site names none.
    ("PosternFrontEndsUnusable", 10, unusable("0x20", front_end="0x20"), False),
    ("PosternFrontEndsUnusable", 10, unusable("0x20", front_ends="0x20"), False),
    ("PosternFrontEndsUnusable", 10, unusable("1x20"), False),
    # That of the calls between services, beside one of the listeners that has time.
    ("PosternCertificateExpires", 90, [
        pod("postern_rpc_certificate_expires_seconds", "500000x100"),
        pod("postern_accept_certificate_expires_seconds", "900000x100")], True),
    ("PosternCertificateExpires", 90, [
        pod("postern_rpc_certificate_expires_seconds", "900000x100"),
        pod("postern_accept_certificate_expires_seconds", "500000x100")], True),
    # Plain text, and no TLS for clients.
    ("PosternCertificateExpires", 90, [
        pod("postern_rpc_certificate_expires_seconds", "0x100"),
        pod("postern_accept_certificate_expires_seconds", "0x100")], False),
    ("PosternCertificateGone", 10, [
        pod("postern_egress_certificate_expires_seconds", "0x20", ',certificate="mail"')], True),
    # A Secret that is written anew.
    ("PosternCertificateGone", 10, [
        pod("postern_egress_certificate_expires_seconds", "9e9x3 0x3 9e9x20")], False),
    # A fifth of a point a minute is 48 in four hours.
    ("PosternDiskFilling", 140, disk("52+0.2x150", "log disk"), True),
    ("PosternDiskFilling", 140, disk("52+0.05x150"), False),
    ("PosternDiskFilling", 140, disk("10+0.26x150"), False),
    # Before mail is refused, and then as well.
    ("PosternDiskFilling", 20, disk("101x30"), True),
    ("PosternDiskFilling", 20, disk("80x10 91x10 80x10"), False),
    # That is before this one.
    ("PosternBackPressure", 20, disk("95x30") + pressure("0x30", "store disk"), False),
    # Soon enough, and not by a moment's trouble.
    ("PosternWayOutLost", 28, outage(), False),
    ("PosternWayOutLost", 36, outage(failed="0x20 1+1x4 5x60", delivered="0+30x20 600x5 630+30x60"),
     False),
    # In Retry there is a try in ten minutes.
    ("PosternWayOutLost", 70, outage(failed="0x29 1x9 2x9 3x9 4x9 5x9"), True),
    # Half of the Internet is gone.
    ("PosternWayOutLost", 36, outage("0x20 20+20x60", "0+30x20 610+10x60"), True),
    ("PosternWayOutLost", 36, outage("0x20 5+5x60", "0+30x20 610+10x60"), False),
    # At night nothing is tried but dead domains; in a small installation nobody can tell.
    ("PosternWayOutLost", 36, outage(queued="0+10x20 200x60"), False),
    ("PosternWayOutLost", 36, outage(queued="0+1x80"), False),
    ("PosternWayOutLost", 36, outage(waiting=["DnsConnectorDelivery"] * 4), False),
    ("PosternWayOutLost", 36, outage(waiting=["SmartHostConnectorDelivery"], each="21x80"), True),
    ("PosternWayOutLost", 36, outage(waiting=["SmartHostConnectorDelivery"], each="20x80"), False),
    ("PosternAmbiguous", 30, restarted("21x80", 0), True),
    ("PosternAmbiguous", 30, restarted("20x80", 0), False),
    ("PosternAmbiguous", 70, restarted("21x80", 0), False),
    ("PosternStoreDamage", 10, [pod("postern_store_quarantined_total", "0 0 1x20")], True),
    ("PosternLogLinesLost", 20, lost(FRONT_END_LOGS), False),
    ("PosternServerGone", 20, [server(0, "1x9 stale")], True),
    ("PosternServerGone", 20, [server(0, "0x30")], False),
    ("PosternServerGone", DAY, [server(0, "1x1500"), server(1, "1x9 stale")], True),
    ("PosternServerGone", DAY + 20, [server(0, "1x1500"), server(1, "1x9 stale")], False),
    ("PosternBackPressure", 8, pressure("1x30", "store disk"), True),
    ("PosternBackPressure", 8, pressure("1x30", "log disk"), True),
    ("PosternBackPressure", 20, pressure("0x11 2x18", "commit latency"), True),
    ("PosternBackPressure", 20, pressure("1x30", "submission length"), True),
    ("PosternBackPressure", 8, pressure("0x5 1x5", "memory"), False),
] + [("PosternLogLinesLost", 20, lost(logs, one), True)
     for logs in (SERVER_LOGS, FRONT_END_LOGS) for one in logs]
