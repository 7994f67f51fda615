"""tests/interop/cases.py

Case: what every interop test needs. A failed test shows the last lines of each process.

Flow      class RelayTest(Case): def test_...(self): mailbox = self.mailbox(...); run with main().
"""

import sys
import time
import unittest

from harness import Lab, wait_until
from services import QUICK, FrontendTransport, MailboxTransport
from wire import WireClient


def message(subject="a test", body="hello\r\n", sender="alice@sender.test",
            recipient="bob@contoso.test", fields=""):
    return (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n{fields}"
            f"\r\n{body}").encode()


def send(mailbox, recipient, content=None, count=1, options=""):
    with WireClient(mailbox.smtp_port) as client:
        client.hello()
        for number in range(count):
            code, text = client.deliver("alice@sender.test", [recipient],
                                        content or message(f"number {number}"), options)
            assert code == 250, text


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self._close)

    def _close(self):
        result = self._outcome.result
        failed = [test for test, _ in result.failures + result.errors if test is self]
        if failed:
            print(self.lab.tails(), file=sys.stderr, flush=True)
        self.lab.close()

    def mailbox(self, settings=None, wrapper=(), **more):
        """A mailbox-transport that runs, within the command `wrapper`; retries are quick."""
        return MailboxTransport(self.lab, {**QUICK, **(settings or {})}, **more).start(wrapper)

    def frontend(self, settings=None):
        return FrontendTransport(self.lab, settings).start()

    def started(self, thing):
        """Starts a sink of this process and stops it at the end."""
        thing.start()
        self.addCleanup(thing.stop)
        return thing

    def to_smart_host(self, port, name="contoso", spaces=("*.test",), front_end=None, **spec):
        """A directory with one connector to 127.0.0.1:port, directly or through a front end."""
        if front_end is not None:
            spec["frontendProxyEnabled"] = True
        self.lab.site([front_end.address] if front_end is not None else ())
        self.lab.connector(name, spaces, dnsRoutingEnabled=False, smartHosts=["[127.0.0.1]"],
                           port=port, **spec)

    def waits(self, mailbox, recipient, content=None):
        """Sends a message that must stay here; gives the LastError of its queue."""
        before = len(mailbox.log("queue", "next hop failed"))
        send(mailbox, recipient, content)
        lines = self.eventually(lambda: mailbox.log("queue", "next hop failed")[before:], 20,
                                "the failure of the next hop")
        return lines[0]["error"]

    def eventually(self, condition, seconds=20, what="it"):
        return wait_until(condition, seconds, what)


class Outbound(Case):
    """Mail that leaves directly or, in a subclass that says so, through a front end."""

    proxied = False

    def outbound(self, mailbox=None, listeners=None, speaker=None, **settings):
        """Starts what sends: `settings` are those of deliver or of egress, without the prefix;
        `speaker` has others of the service that speaks to the outside, `log` is the folder of the
        protocol log, `fqdn` the name of what speaks to the outside."""
        log, fqdn = settings.pop("log", None), settings.pop("fqdn", None)
        step = "egress" if self.proxied else "deliver"
        speaks = {f"{step}.{name}": str(value) if name.endswith(("path", "file")) else value
                  for name, value in settings.items()}
        speaks.update(speaker or {})
        if log is not None:
            speaks["protocol_log.path"] = str(log)
        if fqdn is not None:
            speaks["server.name" if self.proxied else "server.fqdn"] = fqdn
        self.front_end = self.frontend(speaks) if self.proxied else None
        self.site()
        patient = {"queue.transient_failure_retry_interval": "1s"}
        self.transport = self.mailbox(
            {**patient, **({} if self.proxied else speaks), **(mailbox or {})},
            listeners=listeners)
        self.speaker = self.front_end or self.transport
        return self.transport

    def site(self):
        self.lab.site([self.front_end.address] if self.front_end else ())

    def connector(self, name="contoso", spaces=("*.test",), **spec):
        if self.proxied:
            spec["frontendProxyEnabled"] = True
        self.lab.connector(name, spaces, **spec)
        self.settle_directory()

    def settle_directory(self):
        """The directory that stands in the folder is in force."""
        seen = len(self.transport.log("route", "directory in force"))
        try:
            wait_until(lambda: len(self.transport.log("route", "directory in force")) > seen, 2,
                       "the directory", 0.01)
        except AssertionError:
            pass  # it was in force already

    def to_host(self, port, host="[127.0.0.1]", **spec):
        self.connector(dnsRoutingEnabled=False, smartHosts=[host], port=port, **spec)

    def verdicts_of(self, domains, sinks, seconds):
        """One message to each of {kind: domain}: "taken" by its sink, or the LastError of its
        queue."""
        for domain in domains.values():
            send(self.transport, f"bob@{domain}")
        failed = {}

        def all_known():
            for line in self.transport.log("queue", "next hop failed"):
                failed[line["next_hop"]] = line["error"]
            return all(domain in failed or sinks[kind].messages
                       for kind, domain in domains.items())
        self.eventually(all_known, seconds, "a verdict on each domain")
        return {kind: "taken" if sinks[kind].messages else failed[domain]
                for kind, domain in domains.items()}

    def arrives(self, sink, recipient="bob@contoso.test", content=None):
        """Sends a message that must get through; gives it as the sink has it."""
        before = len(sink.messages)
        send(self.transport, recipient, content)
        return sink.wait_for(before + 1, 15)[before]


def main():
    began = time.monotonic()
    program = unittest.main(module="__main__", exit=False, verbosity=2, warnings="ignore")
    print(f"{time.monotonic() - began:.1f} s", flush=True)
    result = program.result
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
