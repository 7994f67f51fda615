"""tests/interop/families_test.py: hosts with IPv6 and IPv4 addresses of which one family is dead.

It runs in namespaces of its own, with a black hole: a link with nobody at its other end, so that
what goes to its networks is never answered and never refused.
"""

import re
import subprocess
import time

from cases import Outbound, main, send
from namespaces import apart
from peers import NameServer, tool
from wire import WireSink

HOLE = {"6": "fd00:dead::66", "4": "192.0.2.66"}
# kind: (IPv6, IPv4): "+" takes mail, "#" refuses it for the address that it comes from, "x" refuses
# connections, "~" is in the black hole, "" is not there; the family that takes the first message,
# and the tries until then.
ROWS = {
    "both": ("+", "+", "6", ["6"]),
    "six": ("+", "", "6", ["6"]),
    "four": ("", "+", "4", ["4"]),
    "silent-six": ("~", "+", "4", ["6", "4"]),
    "silent-four": ("+", "~", "6", ["6"]),
    "refused-six": ("x", "+", "4", ["6", "4"]),
    "refused-four": ("+", "x", "6", ["6"]),
    "policy-six": ("#", "+", "4", ["6", "4"]),
}
WORDS = {"+": "good", "#": "550 5.7.25", "x": "refused", "~": "black hole", "": "absent"}
SECONDS_MAX = 3  # from the client's 250 to the next hop; a connection may take 30 s


def black_hole():
    """Once for this program: it stays in its namespace."""
    def ip(*words):
        subprocess.run([tool("ip"), *words], check=True, capture_output=True, timeout=20)
    ip("link", "add", "hole", "type", "veth", "peer", "name", "nobody")
    for end in ("hole", "nobody"):
        ip("link", "set", end, "up")
    ip("addr", "add", "192.0.2.1/24", "dev", "hole")
    ip("-6", "addr", "add", "fd00:dead::1/64", "dev", "hole", "nodad")
    for address in HOLE.values():  # or it would be found out that nobody is there
        ip("neigh", "add", address, "lladdr", "02:00:00:00:00:66", "dev", "hole",
           "nud", "permanent")
    for number in range(1, len(ROWS) + 1):
        ip("-6", "addr", "add", f"fd00:9::{number}/128", "dev", "lo", "nodad")


class FamiliesTest(Outbound):
    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        self.sinks, self.addresses, self.came, mx, hosts = {}, {}, {}, {}, {}
        for number, (kind, (six, four, *_)) in enumerate(ROWS.items(), 1):
            at = {"6": (six, f"fd00:9::{number}"), "4": (four, f"127.0.9.{number}")}
            for family, (fate, address) in at.items():
                address = HOLE[family] if fate == "~" else address
                if fate:
                    self.addresses[kind, family] = address
                if fate == "+":
                    self.sinks[kind, family] = self.sink(kind, address)
                if fate == "#":
                    self.started(WireSink(self.port, address,
                                          answers={"MAIL": "550 5.7.25 no reverse DNS"}))
            mx[f"{kind}.test"] = [(10, f"mx.{kind}.test")]
            hosts[f"mx.{kind}.test"] = ",".join(
                self.addresses[kind, family] for family in "46" if (kind, family) in self.addresses)
        names = self.started(NameServer(self.lab, mx=mx, hosts=hosts))
        self.folder = self.lab.path / "connectivity"
        self.outbound(mx_port=self.port, dns_servers=[names.address],
                      speaker={"connectivity_log.path": str(self.folder)})
        self.connector(smtpMaxMessagesPerConnection=1)

    def sink(self, kind, address):
        return self.started(WireSink(
            self.port, address, on_message=lambda _: self.came.update({kind: time.monotonic()})))

    def tries(self, kind):
        """The families that were dialled for the host so far, in order, by the connectivity log."""
        text = "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))
        tried = re.findall(rf"trying mx\.{kind}\.test\[(\[?)", text)
        return ["6" if bracket else "4" for bracket in tried]

    def takes(self, kind, family, tries):
        """Sends a message that this family must take, after these tries: how long that took."""
        sink, before = self.sinks[kind, family], self.tries(kind)
        messages, began = len(sink.messages), time.monotonic()
        send(self.transport, f"bob@{kind}.test")
        sink.wait_for(messages + 1, 20)
        seconds = self.came[kind] - began
        self.assertLess(seconds, SECONDS_MAX)
        wanted = before + tries
        try:
            self.eventually(lambda: len(self.tries(kind)) >= len(wanted), 5, "the log")
        except AssertionError:
            pass  # the next line shows what is missing
        self.assertEqual(self.tries(kind), wanted)
        return seconds

    def counted(self, what):
        step = "egress" if self.proxied else "deliver"
        return int(self.speaker.metrics().total(f"postern_{step}_{what}_total"))

    def test_a_dead_family_costs_a_moment_once(self):
        print()
        for kind, (six, four, family, first) in ROWS.items():
            with self.subTest(kind):
                races = self.counted("connection_races")
                seconds = self.takes(kind, family, first)
                if six == "~":
                    self.assertGreater(seconds, 0.2)  # the head start of IPv6
                raced = self.counted("connection_races") - races
                self.assertEqual(raced, 0 if six == "#" else len(first) - 1)
                again = self.takes(kind, family, [family])  # what failed is remembered
                self.assertEqual(self.counted("connection_races"), races + raced)
                self.show(f"IPv6 {WORDS[six]}, IPv4 {WORDS[four]}: {self.words(first)}, "
                          f"{seconds * 1000:.0f} ms; the next one IPv{family} alone, "
                          f"{again * 1000:.0f} ms")

    def test_the_family_that_failed_is_not_given_up(self):
        kind = "refused-six"
        self.takes(kind, "4", ["6", "4"])
        self.sinks[kind, "4"].stop()
        self.sinks[kind, "6"] = self.sink(kind, self.addresses[kind, "6"])
        seconds = self.takes(kind, "6", ["4", "6"])
        self.takes(kind, "6", ["6"])
        print()
        self.show(f"IPv6 is back and IPv4 gone: {self.words('46')}, {seconds * 1000:.0f} ms")

    def show(self, line):
        print(f"  {'proxied' if self.proxied else 'direct'} {line}", flush=True)

    @staticmethod
    def words(families):
        return " then ".join("IPv" + family for family in families)


class ProxiedFamiliesTest(FamiliesTest):
    proxied = True


if __name__ == "__main__":
    apart()
    black_hole()
    main()
