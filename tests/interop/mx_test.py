"""tests/interop/mx_test.py: where mail goes, as dnsmasq says, directly and proxied."""

import email
import email.policy
import time

from cases import Case, main, message
from peers import NameServer, SilentAddress
from wire import WireClient, WireSink

SENDER = "alice@sender.test"
FIRST, SECOND, THIRD = "127.0.0.21", "127.0.0.22", "127.0.0.23"
BACK = "127.0.0.29"  # where notices to the sender go
REFUSED = "127.0.0.27"
SILENT = "127.0.0.30"
HALF_DEAD = "half.test"  # has ::1, where nothing answers, and 127.0.0.21
MX = {
    "order.test": [(20, "second.test"), (10, "first.test"), (30, "third.test")],
    "gone.test": [(10, "unknown.test"), (20, "second.test")],
    "dead.test": [(10, "closed.test"), (20, "second.test")],
    "nowhere.test": [(10, "unknown.test")],
    "evil.test": [(10, "ourselves.test")],
    "silent.test": [(10, "silent-host.test"), (20, "second.test")],
    "ten.test": [*((10, f"closed{number}.test") for number in range(10)), (20, "second.test")],
    "sender.test": [(10, "back.test")],
    "xn--bcher-kva.test": [(10, "first.test")],
}
HOSTS = {"first.test": FIRST, "second.test": SECOND, "third.test": THIRD, "back.test": BACK,
         "ourselves.test": REFUSED,
         "closed.test": "127.0.0.28", "nomx.test": FIRST, "nowhere.test": FIRST,
         HALF_DEAD: f"{FIRST},::1", "silent-host.test": SILENT,
         **{f"closed{number}.test": f"127.0.0.{50 + number}" for number in range(10)}}
NULL_MX = ["null.test,15,000000"]


class MxTest(Case):
    front_end = False

    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        self.names = NameServer(self.lab, MX, HOSTS, records=NULL_MX, fails=["broken.test"]).start()
        self.sinks = {address: self.started(WireSink(self.port, address))
                      for address in (FIRST, SECOND, THIRD, BACK)}
        self.front = None
        if self.front_end:
            self.front = self.frontend({"egress.mx_port": self.port,
                                        "dns.refused_networks": [REFUSED],
                                        "egress.connect_timeout": "2s",
                                        "egress.dns_servers": [self.names.address]})
        self.lab.site([self.front.address] if self.front else ())
        self.lab.connector("internet", ["*"], frontendProxyEnabled=self.front_end)
        # A mailbox-transport that proxies asks no name server: this one is not there.
        names = "127.0.0.1:9" if self.front_end else self.names.address
        self.transport = self.mailbox({"deliver.mx_port": self.port, "deliver.dns_servers": [names],
                                       "dns.refused_networks": [REFUSED],
                                       "deliver.connect_timeout": "2s",
                                       "queue.queue_glitch_retry_interval": "1s"})

    def send(self, domain, options=""):
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            code, text = client.deliver(SENDER, [f"bob@{domain}"], message(), options)
            self.assertEqual(code, 250, text)

    def arrives(self, domain, address):
        self.send(domain)
        taken = self.sinks[address].wait_for(1, 10)[0]
        self.assertIn(f"bob@{domain}", taken.recipients[0])
        others = [sink for at, sink in self.sinks.items() if at != address]
        self.assertEqual([len(sink.messages) for sink in others], [0] * len(others))

    def returned(self, domain):
        """The status and diagnostic fields of the notice that the sender gets."""
        self.send(domain)
        notice = self.sinks[BACK].wait_for(1, 10)[0]
        self.assertEqual(notice.sender.split(" ")[1], "FROM:<>")
        parsed = email.message_from_bytes(bytes(notice.data), policy=email.policy.default)
        self.assertEqual(parsed["Auto-Submitted"], "auto-replied")
        report = parsed.get_payload(1).get_payload()
        return report[1]["Status"], report[1]["Remote-MTA"]

    def waits(self, domain):
        """The message stays, and the queue says why."""
        self.send(domain)
        lines = self.eventually(lambda: self.transport.log("queue", "next hop failed"), 10,
                                "the failure of the next hop")
        self.assertEqual(self.transport.queued(), 1)
        self.assertEqual([len(sink.messages) for sink in self.sinks.values()], [0] * 4)
        return lines[0]["error"]

    def test_the_lowest_preference_comes_first(self):
        self.arrives("order.test", FIRST)

    def test_the_second_takes_it_when_the_first_refuses_connections(self):
        self.arrives("dead.test", SECOND)

    def test_the_second_takes_it_when_the_first_refuses_to_greet(self):
        self.sinks[FIRST].answers["GREETING"] = "421 4.3.2 not now"
        self.arrives("order.test", SECOND)

    def test_the_second_takes_it_when_the_first_breaks_in_the_data(self):
        self.sinks[FIRST].answers["DATA"] = "CLOSE"
        self.arrives("order.test", SECOND)

    def test_an_exchanger_without_an_address_is_passed_over(self):
        self.arrives("gone.test", SECOND)

    def test_without_mx_the_domains_own_address_takes_it(self):
        self.arrives("nomx.test", FIRST)

    def test_an_address_that_does_not_answer_costs_a_moment_only(self):
        self.started(SilentAddress(self.port, "::1"))
        began = time.monotonic()
        self.arrives(HALF_DEAD, FIRST)
        self.assertLess(time.monotonic() - began, 1.9)  # a connection may take 2 s
        step, service = ("egress", self.front) if self.front else ("deliver", self.transport)
        self.assertEqual(service.metrics().total(f"postern_{step}_connection_races_total"), 1)
        self.assertEqual(service.metrics().total(f"postern_{step}_connection_failures_total"), 0)

    def test_an_exchanger_that_does_not_answer_is_waited_for_once(self):
        self.started(SilentAddress(self.port, SILENT))
        began = time.monotonic()
        for _ in range(20):
            self.send("silent.test")
        self.sinks[SECOND].wait_for(20, 30)
        self.assertLess(time.monotonic() - began, 8)  # 20 times 2 s, or half with two connections

    def test_ten_dead_exchangers_hide_the_one_that_works_for_one_attempt_at_most(self):
        self.send("ten.test")
        self.sinks[SECOND].wait_for(1, 10)

    def test_an_international_domain_is_asked_in_its_ascii_form(self):
        self.sinks[FIRST].keywords.append("SMTPUTF8")
        self.send("b\u00fccher.test", " SMTPUTF8")
        self.sinks[FIRST].wait_for(1, 10)
        self.assertGreater(self.names.queries("MX", "xn--bcher-kva.test"), 0)

    def test_to_a_host_without_smtputf8_it_goes_in_its_ascii_form_stamp_and_all(self):
        self.send("b\u00fccher.test", " SMTPUTF8")
        self.sinks[FIRST].wait_for(1, 10)
        taken = self.sinks[FIRST].messages[0]
        self.assertIn("@xn--bcher-kva.test", str(taken.recipients))
        self.assertIn(b"@xn--bcher-kva.test>;", taken.data)
        self.assertTrue(taken.data.isascii())

    def test_exchangers_without_addresses_never_fall_back_to_the_domains_own(self):
        status, _ = self.returned("nowhere.test")
        self.assertEqual(status[:2], "5.")

    def test_null_mx_is_returned_at_once(self):
        self.assertEqual(self.returned("null.test"), ("5.1.10", None))

    def test_a_domain_that_leads_where_no_mail_goes_is_returned_at_once(self):
        ours = self.started(WireSink(self.port, REFUSED))
        self.assertEqual(self.returned("evil.test"), ("5.4.4", None))
        self.assertEqual(ours.messages, [])

    def test_a_domain_that_does_not_exist_is_returned_at_once(self):
        self.assertEqual(self.returned("missing.test"), ("5.4.4", None))

    def test_servfail_is_transient(self):
        self.assertIn("broken.test", self.waits("broken.test"))


class ProxiedMxTest(MxTest):
    front_end = True


if __name__ == "__main__":
    main()
