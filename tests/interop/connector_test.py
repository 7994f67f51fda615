"""tests/interop/connector_test.py: each parameter of a Send connector, seen from a real peer."""

import time

from cases import Outbound, main, message, send
from peers import NameServer
from services import Shell
from wire import WireSink


class ConnectorTest(Outbound):
    def sink_and_services(self, answers=None, **settings):
        self.sink = self.started(WireSink(self.lab.free_port(), answers=answers))
        self.outbound(**settings)

    # proves: Fqdn
    def test_fqdn_is_the_name_in_ehlo(self):
        self.sink_and_services()
        self.to_host(self.sink.port, fqdn="out.sender.test")
        self.assertEqual(self.arrives(self.sink).helo, "out.sender.test")
        self.assertEqual(self.sink.commands[0], "EHLO out.sender.test")

    # proves: ForceHELO
    def test_force_helo_says_helo_and_uses_no_extension(self):
        self.sink_and_services()
        self.to_host(self.sink.port, forceHelo=True)
        taken = self.arrives(self.sink)
        self.assertTrue(self.sink.commands[0].startswith("HELO "))
        self.assertEqual(taken.sender, "MAIL FROM:<alice@sender.test>")
        self.assertFalse([line for line in self.sink.commands if line.startswith("EHLO")])

    # proves: Port, SmartHosts
    def test_port_is_that_of_the_smart_hosts(self):
        self.sink_and_services()
        other = self.started(WireSink(self.lab.free_port()))
        self.to_host(self.sink.port)
        self.arrives(self.sink)
        self.to_host(other.port)
        self.arrives(other)
        self.assertEqual(len(self.sink.messages), 1)

    # proves: SmartHosts
    def test_the_next_smart_host_takes_it_when_the_first_is_down(self):
        port = self.lab.free_port()
        second = self.started(WireSink(port, "127.0.4.2"))
        self.outbound()
        self.connector(dnsRoutingEnabled=False, smartHosts=["[127.0.4.1]", "[127.0.4.2]"],
                       port=port)
        self.arrives(second)

    # proves: SmartHosts
    def test_smart_hosts_share_the_load(self):
        port = self.lab.free_port()
        sinks = [self.started(WireSink(port, f"127.0.4.{last}")) for last in (1, 2)]
        self.outbound()
        self.connector(dnsRoutingEnabled=False, smartHosts=["[127.0.4.1]", "[127.0.4.2]"],
                       port=port)
        send(self.transport, "bob@contoso.test", count=60)
        self.eventually(lambda: sum(len(sink.messages) for sink in sinks) == 60, 20, "all 60")
        # Each is asked first by chance: fewer than 10 of 60 would be one run in ten million.
        self.assertGreaterEqual(min(len(sink.messages) for sink in sinks), 10)

    def test_a_domain_whose_best_exchanger_is_this_server_is_returned(self):
        dns = self.started(NameServer(self.lab, mx={"contoso.test": [(10, "us.sender.test"),
                                                                     (20, "mx.contoso.test")]},
                                      hosts={"us.sender.test": "127.0.4.1",
                                             "mx.contoso.test": "127.0.4.2"}))
        self.outbound(fqdn="US.sender.test", mx_port=self.lab.free_port(),
                      dns_servers=[dns.address])
        self.connector(dnsRoutingEnabled=True)
        send(self.transport, "bob@contoso.test")
        verdicts = "postern_settle_verdicts_total"
        self.eventually(lambda: self.transport.metrics().total(verdicts, verdict="return") == 1, 10,
                        "the return")

    # proves: DNSRoutingEnabled, SmartHosts
    def test_dns_routing_asks_for_the_exchanger_and_smart_hosts_do_not(self):
        port = self.lab.free_port()
        exchanger = self.started(WireSink(port, "127.0.4.1"))
        relay = self.started(WireSink(port, "127.0.4.2"))
        dns = self.started(NameServer(self.lab, mx={"contoso.test": [(10, "mx.contoso.test")]},
                                      hosts={"mx.contoso.test": "127.0.4.1",
                                             "relay.test": "127.0.4.2"}))
        self.outbound(mx_port=port, dns_servers=[dns.address])
        self.connector(dnsRoutingEnabled=True)
        self.arrives(exchanger)
        self.to_host(port, "relay.test")
        self.arrives(relay)
        self.assertEqual(len(exchanger.messages), 1)

    # proves: UseExternalDNSServersEnabled
    def test_external_dns_servers_are_asked_when_the_connector_says_so(self):
        port = self.lab.free_port()
        inside = self.started(WireSink(port, "127.0.4.1"))
        outside = self.started(WireSink(port, "127.0.4.2"))
        views = [self.started(NameServer(self.lab, mx={"contoso.test": [(10, "mx.contoso.test")]},
                                         hosts={"mx.contoso.test": address}))
                 for address in ("127.0.4.1", "127.0.4.2")]
        self.outbound(mx_port=port, dns_servers=[views[0].address],
                      external_dns_servers=[views[1].address])
        self.connector(useExternalDnsServersEnabled=False)
        self.arrives(inside)
        self.connector(useExternalDnsServersEnabled=True)
        self.arrives(outside)
        self.assertEqual([view.queries("MX", "contoso.test") for view in views], [1, 1])

    # proves: SourceIPAddress
    def test_source_ip_address_is_where_the_connection_comes_from(self):
        self.sink_and_services()
        self.to_host(self.sink.port, sourceIpAddress="127.0.9.9")
        self.assertEqual(self.arrives(self.sink).peer[0], "127.0.9.9")
        self.to_host(self.sink.port)
        self.assertEqual(self.arrives(self.sink).peer[0], "127.0.0.1")

    # proves: SourceIPAddress
    def test_a_source_address_of_another_machine_keeps_the_mail_and_says_so(self):
        self.sink_and_services()
        self.to_host(self.sink.port, sourceIpAddress="192.0.2.77")
        self.assertIn("source address 192.0.2.77 is not of this machine",
                      self.waits(self.transport, "bob@contoso.test"))
        self.to_host(self.sink.port, sourceIpAddress="::1")
        self.assertIn("no address is of the family of SourceIPAddress ::1",
                      self.waits(self.transport, "bob@b.test"))
        self.assertEqual(self.sink.connections, 0)

    # proves: SmtpMaxMessagesPerConnection
    def test_a_connection_serves_so_many_messages(self):
        self.sink_and_services()
        self.to_host(self.sink.port, smtpMaxMessagesPerConnection=3)
        for _ in range(7):
            self.arrives(self.sink)
        self.assertEqual(self.sink.connections, 3)
        self.assertEqual(self.sink.commands.count("QUIT"), 2)
        self.to_host(self.sink.port, smtpMaxMessagesPerConnection=0)
        for _ in range(25):
            self.arrives(self.sink)
        self.assertEqual(self.sink.connections, 4)

    # proves: ConnectionInactivityTimeOut
    def test_an_idle_connection_is_closed_in_time(self):
        self.sink_and_services()
        self.to_host(self.sink.port, connectionInactivityTimeout="00:00:02")
        self.arrives(self.sink)
        began = time.monotonic()
        self.eventually(lambda: "QUIT" in self.sink.commands, 10, "the end of the connection")
        self.assertGreater(time.monotonic() - began, 1.0)
        self.to_host(self.sink.port, connectionInactivityTimeout="00:10:00")
        self.arrives(self.sink)
        self.arrives(self.sink)
        self.assertEqual(self.sink.commands.count("QUIT"), 1)

    # proves: ProtocolLoggingLevel
    def test_verbose_sessions_are_written_down_in_exchanges_form(self):
        logs = self.lab.path / "protocol"
        self.sink_and_services(log=logs)
        self.to_host(self.sink.port, protocolLoggingLevel="None")
        self.arrives(self.sink)
        self.to_host(self.sink.port, protocolLoggingLevel="Verbose", fqdn="out.sender.test",
                     smtpMaxMessagesPerConnection=1)
        self.arrives(self.sink, content=message(body="never in a log\r\n"))
        self.eventually(lambda: ",-,,Local" in self.protocol(logs), 10, "the end of the session")
        file, = logs.glob("*.log")
        self.assertRegex(file.name, r"^SEND\d{8}-1\.log$")
        lines = file.read_text().splitlines()
        self.assertEqual(lines[2], "#Log-Type: SMTP Send Protocol Log")
        self.assertEqual(lines[4], "#Fields: date-time,connector-id,session-id,sequence-number,"
                                   "local-endpoint,remote-endpoint,event,data,context")
        rows = [line.split(",", 8) for line in lines[5:]]
        self.assertEqual({row[1] for row in rows}, {"contoso"})
        self.assertEqual(len({row[2] for row in rows}), 1, "one session, that of the second mail")
        self.assertEqual([int(row[3]) for row in rows], list(range(len(rows))))
        self.assertEqual({row[5] for row in rows}, {f"127.0.0.1:{self.sink.port}"})
        said = [(row[6], row[7]) for row in rows]
        for line in [("*", ""), ("+", ""), ("<", "220 wire.test ESMTP"),
                     (">", "EHLO out.sender.test"), ("<", "250-PIPELINING"),
                     (">", "RCPT TO:<bob@contoso.test>"), ("<", "354 go on"),
                     ("<", "250 2.0.0 taken"), (">", "QUIT"), ("-", "")]:
            self.assertIn(line, said)
        self.assertNotIn("never in a log", self.protocol(logs))

    def protocol(self, folder):
        return "".join(path.read_text() for path in folder.glob("*.log"))

    # proves: MaxMessageSize
    def test_a_larger_message_is_not_for_this_connector(self):
        self.sink_and_services()
        self.to_host(self.sink.port, maxMessageSize="100KB")
        small, large = message(body="x" * 900 + "\r\n"), message(body=("x" * 98 + "\r\n") * 1500)
        self.arrives(self.sink, content=small)
        send(self.transport, "bob@contoso.test", large)
        notice = self.sink.wait_for(2)[1]
        self.assertIn("FROM:<>", notice.sender)
        self.assertIn(b"5.3.4", notice.data)
        self.to_host(self.sink.port, maxMessageSize="unlimited")
        self.arrives(self.sink, content=large)

    # proves: Enabled
    def test_a_disabled_connector_is_passed_over(self):
        self.sink_and_services()
        self.to_host(self.sink.port, enabled=False)
        send(self.transport, "bob@contoso.test")
        shell = Shell(self.lab, self.transport)
        self.eventually(lambda: "Unreachable" in shell.run("Get-Queue").stdout, 10,
                        "the Unreachable queue")
        self.assertEqual(self.sink.messages, [])
        self.to_host(self.sink.port, enabled=True)
        self.sink.wait_for(1)

    # proves: FrontendProxyEnabled
    def test_the_way_is_the_one_that_the_connector_says(self):
        self.sink_and_services()
        self.to_host(self.sink.port)
        taken = self.arrives(self.sink)
        self.assertEqual(taken.helo, "[127.0.0.1]")
        way = "proxy" if self.proxied else "direct"
        lines = self.eventually(lambda: self.transport.log("deliver", "delivered"), 10, "its line")
        self.assertEqual(lines[-1]["way"], way)
        if self.proxied:
            self.assertEqual(self.front_end.metrics().total("postern_egress_recipients_total",
                                                            result="delivered"), 1)

    def policies(self, answer, *policies):
        """A partner that answers each recipient so; what comes back goes to another sink."""
        self.sink_and_services(answers={"RCPT": [answer]})
        self.back = self.started(WireSink(self.lab.free_port()))
        self.lab.connector("back", ["sender.test"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=self.back.port)
        self.to_host(self.sink.port, spaces=("contoso.test",), errorPolicies=list(policies))
        send(self.transport, "bob@contoso.test")

    # proves: ErrorPolicies
    def test_a_refusal_by_policy_is_final_unless_it_is_downgraded(self):
        self.policies("550 5.7.1 blocked by our list")
        self.assertIn(b"Status: 5.7.1", bytes(self.back.wait_for(1)[0].data))

    # proves: ErrorPolicies
    def test_downgrade_custom_failures_tries_again(self):
        self.policies("550 5.7.1 blocked by our list", "DowngradeCustomFailures")
        self.sink.wait_for(1)
        self.assertEqual(self.back.messages, [])

    # proves: ErrorPolicies
    def test_an_unknown_mailbox_is_never_downgraded(self):
        self.policies("550 5.1.1 unknown", "DowngradeCustomFailures", "DowngradeDnsFailures")
        self.assertIn(b"Status: 5.1.1", bytes(self.back.wait_for(1)[0].data))

    # proves: ErrorPolicies
    def test_upgrade_custom_failures_returns_what_no_waiting_changes(self):
        self.policies("452 4.2.2 mailbox full", "UpgradeCustomFailures")
        notice = bytes(self.back.wait_for(1)[0].data)
        self.assertIn(b"Status: 5.2.2", notice)
        self.assertIn(b"452 4.2.2 mailbox full", notice)

    # proves: ErrorPolicies
    def test_downgrade_dns_failures_waits_for_a_domain_that_is_not_there(self):
        dns = self.started(NameServer(self.lab))
        self.sink_and_services(dns_servers=[dns.address])
        self.lab.connector("back", ["sender.test"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=self.sink.port)
        self.connector(spaces=("contoso.test",), errorPolicies=["DowngradeDnsFailures"])
        self.assertIn("451 4.4.0 DNS query failed", self.waits(self.transport, "bob@contoso.test"))
        self.assertEqual(self.sink.messages, [])
        self.connector(spaces=("contoso.test",))
        self.assertIn(b"Status: 5.4.4", bytes(self.sink.wait_for(1)[0].data))


class ProxiedConnectorTest(ConnectorTest):
    proxied = True


if __name__ == "__main__":
    main()
