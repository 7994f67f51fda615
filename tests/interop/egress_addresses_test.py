"""tests/interop/egress_addresses_test.py: the source addresses of a front end: which connector
sends from which, under which name, and whether name, A and PTR agree.

It runs in namespaces of its own, with addresses that only this program has.
"""

import subprocess

from cases import Case, main, send
from namespaces import apart
from peers import NameServer, tool
from services import FrontendTransport
from wire import WireSink

REMOTE = "10.99.0.1"
REMOTE_6 = "fd00:99::1"
OWN_6 = "fd00:99::7"
POOL = {"10.99.0.5": "mail1.test", "10.99.0.6": "mail2.test", "10.99.0.7": ""}
LINES = ["label=bulk address=10.99.0.5 ehlo=mail1.test",
         "label=bulk address=10.99.0.6 ehlo=mail2.test",
         "address=10.99.0.7",
         "label=elsewhere address=10.99.0.99 ehlo=mail9.test"]
DOMAINS = 20


def address(verb, own):
    """Adds an address to this machine, or takes it off."""
    length, more = (128, ["nodad"] if verb == "add" else []) if ":" in own else (32, [])
    subprocess.run([tool("ip"), "addr", verb, f"{own}/{length}", "dev", "lo", *more], check=True,
                   timeout=20)


class EgressAddressesTest(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port(), REMOTE))
        mx = {f"d{number}.{kind}.test": [(10, f"mx{number}.test")] for number in range(DOMAINS)
              for kind in ("bulk", "plain", "named", "gone")}
        mx["d1.dual.test"] = [(10, "mx.dual.test")]
        names = NameServer(self.lab, mx=mx, hosts={
            "mx.dual.test": f"{REMOTE},{REMOTE_6}",
            **{f"mx{number}.test": REMOTE for number in range(DOMAINS)},
            "mail1.test": "10.99.0.5", "site.test": "10.99.0.7"})
        names.options += ["--address=/mail2.test/10.99.0.6",
                          "--ptr-record=6.0.99.10.in-addr.arpa,ip-10-99-0-6.cloud.test"]
        self.names = self.started(names)

    def start(self, **front_end):
        self.front_end = self.frontend({
            "egress.dns_servers": [self.names.address], "egress.mx_port": self.sink.port,
            "server.name": "site.test", **front_end})
        self.lab.site([self.front_end.address])
        for name, spec in {"bulk": {"egress": "bulk"}, "plain": {},
                           "named": {"egress": "bulk", "fqdn": "out.test"},
                           "gone": {"egress": "elsewhere"},
                           "dual": {"smtpMaxMessagesPerConnection": 1}}.items():
            self.lab.connector(name, [f"*.{name}.test"], frontendProxyEnabled=True, **spec)
        return self.mailbox()

    def came(self, kind):
        """{(source, EHLO name): how many} of mail to these domains."""
        count = {}
        for message in self.sink.messages:
            if f".{kind}.test" in message.recipients[0]:
                key = (message.peer[0], message.helo)
                count[key] = count.get(key, 0) + 1
        return count

    # proves: Egress
    def test_each_connector_has_its_addresses_and_each_address_its_name(self):
        mailbox = self.start(**{"egress.addresses": LINES})
        for kind in ("bulk", "plain", "named"):
            for number in range(DOMAINS):
                send(mailbox, f"bob@d{number}.{kind}.test")
        self.sink.wait_for(3 * DOMAINS)
        bulk, plain, named = (self.came(kind) for kind in ("bulk", "plain", "named"))
        print(f"bulk {bulk}; plain {plain}; with an fqdn {named}", flush=True)
        self.assertEqual(set(bulk), {("10.99.0.5", "mail1.test"), ("10.99.0.6", "mail2.test")})
        self.assertEqual(set(plain), {("10.99.0.7", "site.test")})
        self.assertEqual(set(named), {("10.99.0.5", "out.test"), ("10.99.0.6", "out.test")})

    def test_an_address_that_its_machine_loses_leaves_the_other_family(self):
        six = self.started(WireSink(self.sink.port, REMOTE_6))
        mailbox = self.start(**{"egress.addresses": [*LINES, f"address={OWN_6}"]})
        send(mailbox, "bob@d1.dual.test")
        self.assertEqual(six.wait_for(1)[0].peer[0], OWN_6)
        address("del", OWN_6)
        self.addCleanup(address, "add", OWN_6)
        send(mailbox, "bob@d1.dual.test")
        self.assertEqual(self.sink.wait_for(1, 10)[0].peer[0], "10.99.0.7")

    def test_mail_for_addresses_that_are_not_here_waits(self):
        mailbox = self.start(**{"egress.addresses": LINES})
        said = self.waits(mailbox, "bob@d1.gone.test")
        self.assertIn("no address of this label is here", said)
        self.assertEqual(self.came("gone"), {})

    def test_the_metric_compares_name_address_and_its_ptr(self):
        self.start(**{"egress.addresses": LINES})
        agree = self.eventually(self.agreement, 10, "the check of each address")
        print(f"names agree: {agree}", flush=True)
        self.assertEqual(agree, {"10.99.0.5": 1, "10.99.0.6": 0, "10.99.0.7": 1})
        line, = self.eventually(lambda: self.front_end.log("egress", "do not agree"), 10,
                                "its line")
        self.assertIn("ip-10-99-0-6.cloud.test, not mail2.test", line["error"])

    def agreement(self):
        found = {labels["address"]: value for labels, value in
                 self.front_end.metrics().get("postern_egress_address_names_agree", ())}
        return found if len(found) == 3 else None

    def test_the_name_of_the_machine_is_never_said(self):
        mailbox = self.start(**{"server.name": ""})
        send(mailbox, "bob@d1.plain.test")
        helo = self.sink.wait_for(1)[0].helo
        self.assertRegex(helo, r"^\[[0-9.]+\]$")

    def test_a_line_that_is_wrong_keeps_the_front_end_from_starting(self):
        said = FrontendTransport(self.lab, {"egress.addresses": ["label=bulk"]}).fails_to_start()
        self.assertIn("address is missing", said)


if __name__ == "__main__":
    apart()
    for own in (REMOTE, *POOL, REMOTE_6, OWN_6):
        address("add", own)
    main()
