"""tests/interop/cases.py

Case: what every interop test needs. A failed test shows the last lines of each process.

Flow      class RelayTest(Case): def test_...(self): mailbox = self.mailbox(...); run with main().
"""

import sys
import time
import unittest

from harness import Lab, wait_until
from services import FrontendTransport, MailboxTransport
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

    def mailbox(self, settings=None, **more):
        """A mailbox-transport that runs; retries are quick."""
        quick = {"queue.queue_glitch_retry_interval": "1s", "queue.message_retry_interval": "1s",
                 "accept.tarpit_interval": "0s"}
        return MailboxTransport(self.lab, {**quick, **(settings or {})}, **more).start()

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

    def eventually(self, condition, seconds=20, what="it"):
        return wait_until(condition, seconds, what)


def main():
    began = time.monotonic()
    program = unittest.main(module="__main__", exit=False, verbosity=2, warnings="ignore")
    print(f"{time.monotonic() - began:.1f} s", flush=True)
    result = program.result
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
