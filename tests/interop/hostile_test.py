"""tests/interop/hostile_test.py: a server that misbehaves at each step; each case has its verdict.

All cases run at the same time against one service, each with a domain of its own. The first
message meets the fault; the second, to the same domain, must arrive, and never on a connection that
is out of step.
"""

import os
import pathlib
import re
import time

from cases import Outbound, main, message, send
from harness import Process, wait_until
from hostile import Case, HostilePeer
from peers import NameServer, connects
from wire import WireClient

# What a case must come to:
#   d  delivered, on that connection          n  delivered at once, on a new connection
#   w  waits, and the next attempt delivers   a  the same, counted as ambiguous: may arrive twice
#   r  returned to the sender                 .  does not apply
FAULTS = """stall drip slow close reset line lines million 5xx 4xx 421 class code words empty
            two early nul high lf cr cr-in mixed swallow""".split()
# A column for each of them, in this order.
GRID = """
greeting pipelined   w d w w w w w w w w w w w w w w . d d w w w w w
ehlo pipelined       w d w n n w w w d w w w w w w w w d d w w w w w
starttls pipelined   w d w w w w w w d d w w w w w w w d d w w w w w
ehlo-tls pipelined   w d w w w w w w d w w w w w w w . d d w w w w w
mail pipelined       w d w w w w w w r w w w w w w w w d d w w w w w
rcpt pipelined       w d w w w w w w r w w w w w w w d d d w w w w w
data pipelined       w d d w w w w w r w w w w w w w d d d w w w w w
dot pipelined        a d a a a a a a r w w a a a a d w d d a a a a a
mail stepwise        w d w w w w w w r w w w w w w w w d d w w w w w
rcpt stepwise        w d w w w w w w r w w w w w w w w d d w w w w w
data stepwise        w d d w w w w w r w w w w w w w w d d w w w w w
dot stepwise         a d a a a a a a r w w a a a a d w d d a a a a a
mail chunked         a d a a a a a a r w w a a a a a w d d a a a a a
rcpt chunked         a d a a a a a a r w w a a a a a d d d a a a a a
bdat chunked         a d a a a a a a r w w a a a a a d d d a a a a a
mail-again pipelined w d w n n n n n r w n n n n n w n d d n n n n w
rset pipelined       w d w n n n n n n n n n n n n n n d d n w n n w
quit pipelined       d d d d d d d d d d d d d d d d d d d d d d d d
"""
ALSO = [
    # the handshake, in clear on a new connection when it cannot be had
    *(("handshake", fault, "pipelined", verdict, {"tls": True}) for fault, verdict in (
        ("stall", "w"), ("close", "n"), ("reset", "n"), ("garbage", "n"), ("alert", "n"),
        ("clear", "n"), ("half", "n"), ("endless", "w"))),
    *(("after-tls", fault, "pipelined", "w", {"tls": True}) for fault in (
        "stall", "close", "reset", "garbage", "alert")),
    # while the content comes
    *(("content", fault, dialect, verdict, {"body": 8_000_000})
      for dialect in ("pipelined", "stepwise") for fault, verdict in (
          ("stall", "w"), ("close", "w"), ("reset", "w"), ("250", "w"), ("4xx", "w"),
          ("5xx", "r"), ("5xx-close", "r"), ("words", "w"), ("line", "w"))),
    # the first of two answers counts, unless nobody knows which question it was to
    ("dot", "then-5xx", "pipelined", "d", {}), ("dot", "then-5xx", "stepwise", "d", {}),
    ("bdat", "then-5xx", "chunked", "a", {}),
    # 354 although everything was refused
    ("rcpt", "5xx", "pipelined", "r", {"lenient": True}),
    ("mail", "5xx", "pipelined", "r", {"lenient": True}),
    ("rcpt", "4xx", "pipelined", "w", {"lenient": True}),
    # words that must not get into a notice as they are
    *((step, "nul-5xx", "pipelined", "r", {}) for step in ("mail", "rcpt", "data", "dot")),
    # extensions that are offered and then refused, or that change after STARTTLS
    ("mail", "552", "pipelined", "r", {}), ("bdat", "502", "chunked", "n", {}),
    ("starttls", "454", "pipelined", "d", {"tls": True}),
    ("none", "none", "tiny", "r", {}), ("none", "none", "nothing", "d", {}),
    ("none", "none", "odd", "d", {}),
    ("none", "none", "stepwise", "d", {"tls": True, "dialect_in_tls": "chunked"}),
    ("none", "none", "chunked", "d", {"tls": True, "dialect_in_tls": "stepwise"}),
    ("none", "none", "pipelined", "r", {"tls": True, "dialect_in_tls": "tiny"}),
    ("none", "none", "chunked", "d", {"tls": True, "dialect_in_tls": "nothing"}),
]
# After these it is our turn, and the session may go on.
IN_STEP = ("drip", "slow", "5xx", "4xx", "552", "502", "454", "nul", "high", "nul-5xx", "none")
STEPS = {"ehlo-tls": ("ehlo tls", {"tls": True}), "starttls": ("starttls", {"tls": True}),
         "after-tls": ("after tls", {}), "mail-again": ("mail", {"prepared": "taken"}),
         "rset": ("rset", {"prepared": "refused"})}
CONVERSATION_SECONDS = 8  # deliver.attempt_timeout
RETRY_SECONDS = 3
FLOODS = 12
MEMORY = 256 * 2 ** 20


def cases():
    """(case, verdict) of the grid and of the list below it."""
    for line in GRID.strip().splitlines():
        row, dialect, *verdicts = line.split()
        assert len(verdicts) == len(FAULTS), row
        for fault, verdict in zip(FAULTS, verdicts):
            if verdict != ".":
                yield made(row, fault, dialect, {}), verdict
    for row, fault, dialect, verdict, more in ALSO:
        yield made(row, fault, dialect, more), verdict


def made(row, fault, dialect, more):
    step, options = STEPS.get(row, (row, {}))
    return Case(step, fault, dialect, **{**options, **more})


class HostileTest(Outbound):
    def setUp(self):
        super().setUp()
        self.peer = self.started(HostilePeer(
            self.lab.free_port(), self.lab.certificate("mx.test", ("DNS:mx.test",))))
        self.peer.add(Case("back", "none", "pipelined", armed=True))
        wanted = os.environ.get("POSTERN_CASE", "")
        self.cases = [(self.peer.add(case), verdict) for case, verdict in cases()
                      if wanted in case.name and self.chosen(case)]
        everyone = self.peer.cases.values()
        names = self.started(NameServer(
            self.lab, mx={case.domain: [(10, f"mx.{case.domain}")] for case in everyone},
            hosts={f"mx.{case.domain}": case.address for case in everyone}))
        retry = {f"queue.{name}_retry_interval": f"{RETRY_SECONDS}s" for name in (
            "queue_glitch", "transient_failure", "outbound_connection_failure", "message")}
        self.outbound(mailbox={**retry, "deliver.attempt_timeout": f"{CONVERSATION_SECONDS}s"},
                      mx_port=self.peer.port, dns_servers=[names.address], reply_timeout="2s",
                      final_dot_timeout="2s")
        self.connector(spaces=["*"])
        self.connector("last", spaces=[case.domain for case, _ in self.cases
                                       if case.step == "quit"] or ["quit.test"],
                       smtpMaxMessagesPerConnection=1)
        self.sent = {}

    def chosen(self, case):
        return True

    def send(self, cases, number):
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            for case in cases:
                sender = f"{case.number}-{number}@c0.test"
                size = case.body if number == 1 else 20
                body = ("x" * 70 + "\r\n") * (size // 72) or "hello\r\n"
                self.assertEqual(client.say(f"MAIL FROM:<{sender}>")[0], 250)
                recipient = f"RCPT TO:<bob@{case.domain}> NOTIFY=SUCCESS,FAILURE"
                self.assertEqual(client.say(recipient)[0], 250)
                client.say("DATA")
                client.send(message(case.name, body, sender, f"bob@{case.domain}") + b".\r\n")
                self.assertEqual(client.reply()[0], 250)
                self.sent[sender] = time.monotonic()

    def told(self):
        """What the sender of each message was told: (action, the notice)."""
        return {recipient: (re.search(rb"^Action: (\w+)", notice, re.M).group(1).decode(), notice)
                for recipient, notice in list(self.peer.notices)}

    def settle(self, cases, number, seconds):
        wanted = {f"{case.number}-{number}@c0.test" for case in cases}
        try:
            wait_until(lambda: wanted <= self.told().keys(), seconds, "every verdict", 0.2)
        except AssertionError:
            missing = [case.name for case in cases
                       if f"{case.number}-{number}@c0.test" not in self.told()]
            print(f"  without a verdict: {len(missing)}, of them {missing[:10]}", flush=True)

    def verdict(self, case):
        sender = f"{case.number}-1@c0.test"
        action, _ = self.told().get(sender, ("nothing", b""))
        taken = [on for by, on in case.taken if by == sender]
        offered = [(on, when) for by, on, when in case.offered if by == sender]
        if case.step != "none" and not case.fired:
            return "the fault did not happen"
        if action == "failed":
            return "r" if not taken else "returned, although it was taken"
        if action != "relayed":
            return action
        if not taken:
            return "LOST"
        on, when = offered[-1]
        if case.step == "none" or (len(offered) == 1 and on == case.fired_on):
            return "d"
        if case.domain in self.ambiguous:
            return "a"
        begin = max(case.fired, self.sent[sender])
        return "w" if when - begin > RETRY_SECONDS - 0.8 else "n"

    def second(self, case):
        """What is wrong with the second message, if anything is."""
        sender = f"{case.number}-2@c0.test"
        if case.dialect == "tiny" or case.dialect_in_tls == "tiny":
            return ""
        taken = [on for by, on in case.taken if by == sender]
        if len(taken) != 1 or self.told()[sender][0] != "relayed":
            return f"the second message was taken {len(taken)} times"
        # What comes early looks the same where commands are sent together.
        in_step = case.fault in IN_STEP or (case.fault == "early" and case.dialect != "stepwise"
                                            and case.step in ("rcpt", "data", "bdat"))
        if not in_step and taken[0] == case.fired_on:
            return "the second message came on the connection that was out of step"
        return ""

    def test_each_fault_has_its_verdict(self):
        everyone = [case for case, _ in self.cases]
        before = self.speaker.memory()
        prepared = [case for case in everyone if case.prepared]
        self.send(prepared, 0)
        self.settle(prepared, 0, 30)
        for case in everyone:
            self.peer.arm(case)
        self.send(everyone, 1)
        self.settle(everyone, 1, 40)
        self.send(everyone, 2)
        self.settle(everyone, 2, 30)
        self.judge(before)

    def judge(self, before):
        wrong, counts = [], {}
        tried = self.transport.log("deliver", "not delivered")
        self.ambiguous = {line["next_hop"] for line in tried
                          if "after the final dot" in line["result"]}
        for case, expected in self.cases:
            got = self.verdict(case)
            counts[got] = counts.get(got, 0) + 1
            if got != expected:
                wrong.append(f"{case.name}: expected {expected}, got {got}")
            said = self.second(case)
            if said:
                wrong.append(f"{case.name}: {said}")
            held = case.left - case.fired if case.left else 0
            if held > CONVERSATION_SECONDS + 4:
                wrong.append(f"{case.name}: was held for {held:.1f} s")
        wrong += self.peer.troubles + self.bad_notices()
        ambiguous = int(self.transport.ambiguous())
        if ambiguous != counts.get("a", 0):
            wrong.append(f"{ambiguous} counted as ambiguous, {counts.get('a', 0)} seen")
        self.tell(counts, ambiguous, before)
        self.assertEqual(wrong[:60], [], f"{len(wrong)} are wrong")
        self.assertLess(self.speaker.memory(), MEMORY)
        self.assertEqual(self.transport.sigterm(), 0)

    def tell(self, counts, ambiguous, before):
        # A server that does not read does not see when it is left.
        slowest = max((case for case, _ in self.cases if case.left and case.step != "content"),
                      key=lambda case: case.left - case.fired)
        print(f"\n  {len(self.cases)} cases {'proxied' if self.proxied else 'direct'}: "
              + ", ".join(f"{counts.get(letter, 0)} {name}" for letter, name in (
                  ("d", "delivered"), ("n", "delivered anew"), ("w", "waited"),
                  ("a", "ambiguous"), ("r", "returned")))
              + f"; counted as ambiguous {ambiguous}; a conversation was held for "
              f"{slowest.left - slowest.fired:.1f} s at most ({slowest.name}); peak memory "
              f"{self.speaker.memory() / 2 ** 20:.0f} MiB ({before / 2 ** 20:.0f} MiB before)",
              flush=True)

    def bad_notices(self):
        """Notices that carry bytes of a reply which do not belong into one."""
        return [f"the notice to {recipient} has bytes that are no text"
                for recipient, (_, notice) in self.told().items()
                if re.search(rb"[^\t\r\n\x20-\x7e]", notice)]


class FloodTest(Outbound):
    """Servers in processes of their own: there is always something to read."""

    def test_who_never_stops_talking_is_left_in_time(self):
        ports = [self.lab.free_port() for _ in range(FLOODS)]
        for port in ports:
            Process(self.lab, "flood", ["/usr/bin/python3", pathlib.Path(__file__).parent /
                                        "flood.py", port])
            wait_until(lambda: connects("127.0.0.1", port), 10, "a flood")
        self.outbound(mailbox={"queue.queue_glitch_retry_interval": "300s"}, reply_timeout="2s")
        for port in ports:
            self.connector(f"f{port}", [f"f{port}.test"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=port)
        began = time.monotonic()
        for port in ports:
            send(self.transport, f"bob@f{port}.test")
        self.eventually(lambda: len(self.transport.log("queue", "next hop failed")) == len(ports),
                        60, "the end of every conversation")
        took = time.monotonic() - began
        print(f"\n  {len(ports)} floods: the last is left after {took:.1f} s, with a reply timeout "
              f"of 2 s; peak memory {self.speaker.memory() / 2 ** 20:.0f} MiB", flush=True)
        self.assertLess(took, 6)


class ProxiedHostileTest(HostileTest):
    proxied = True

    def chosen(self, case):
        return case.dialect == "pipelined" and case.step not in ("ehlo tls", "data", "quit")


if __name__ == "__main__":
    main()
