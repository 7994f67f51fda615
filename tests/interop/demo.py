"""tests/interop/demo.py

The main job, told: two messages go in, one leaves directly, one through the front end, and the
path of each is printed in the six words of Postern.

Flow      tools/demo builds and runs it; it ends with 0 only if both messages arrived.
"""

import re
import sys
import time

from harness import Lab, binary, wait_until
from peers import NameServer, swaks
from services import FrontendTransport, MailboxTransport, Shell
from wire import WireSink

STEPS = ("accept", "store", "route", "queue", "deliver", "settle")


def say(step, text):
    print(f"  {step:<8} {text}")


class Demo:
    def __init__(self, lab):
        self.lab = lab
        self.arrived = []

    def build_world(self):
        port = self.lab.free_port()
        tls = self.lab.certificate("outside", ("DNS:mx1.contoso.test", "DNS:mx1.fabrikam.test"))
        self.outside = {
            domain: WireSink(port, address, tls=tls, name="mx1." + domain).start()
            for domain, address in (("contoso.test", "127.0.0.11"),
                                    ("fabrikam.test", "127.0.0.12"))}
        names = NameServer(
            self.lab,
            mx={"contoso.test": [(10, "mx1.contoso.test")],
                "fabrikam.test": [(10, "mx1.fabrikam.test")]},
            hosts={"mx1.contoso.test": "127.0.0.11", "mx1.fabrikam.test": "127.0.0.12"}).start()
        self.front_end = FrontendTransport(self.lab, {
            "egress.mx_port": port, "egress.dns_servers": [names.address]}).start()
        self.lab.site([self.front_end.address])
        self.lab.connector("contoso", ["contoso.test"], fqdn="mail.postern.test")
        self.lab.connector("fabrikam", ["fabrikam.test"], frontendProxyEnabled=True,
                           fqdn="door.postern.test")
        self.lab.connector("internet", ["*"], frontendProxyEnabled=True)
        self.mailbox = MailboxTransport(self.lab, {
            "deliver.mx_port": port, "deliver.dns_servers": [names.address]}).start()
        self.shell = Shell(self.lab, self.mailbox)

    def send_by_smtp(self, recipient):
        code, transcript = swaks(
            self.mailbox.smtp_port, "--from", "alice@postern.test", "--to", recipient,
            "--header", "Subject: hello by SMTP", "--body", "Sent by swaks over SMTP.")
        assert code == 0, transcript
        return re.findall(r"<[-~]\s+(250 2\.6\.0 .*)", transcript)[-1]

    def send_by_shell(self, recipient):
        path = self.lab.path / "letter.eml"
        path.write_text(f"From: <alice@postern.test>\nTo: <{recipient}>\n"
                        "Subject: hello by gRPC\n\nSent by postern Send-Message over gRPC.\n")
        done = self.shell.run("Send-Message", path, "--from", "alice@postern.test",
                              "--to", recipient)
        return " ".join(done.stdout.split())

    def accepted_line(self, before):
        wait_until(lambda: len(self.mailbox.log("accept", "message accepted")) > before, 5,
                   "the log line of accept")
        return self.mailbox.log("accept", "message accepted")[-1]

    def tell(self, title, recipient, send):
        print(f"\n{title}")
        before = len(self.mailbox.log("accept", "message accepted"))
        syncs = self.mailbox.metrics().total("postern_store_syncs_total")
        receipt = send(recipient)
        accepted = self.accepted_line(before)
        message = str(accepted["message_id"])
        say("accept", f"message {message} from <alice@postern.test> to <{recipient}> "
                      f"on the listener {accepted['listener']}")
        synced = self.mailbox.metrics().total("postern_store_syncs_total") - syncs
        say("store", f"{synced:.0f} sync of the log, then the receipt: {receipt}")
        self.tell_route(recipient)
        line = self.delivered_line(message)
        say("deliver", f"{line['way']}: {self.the_way(line)}; the answer of {line['host']}: "
                       f"{line['result']}")
        self.mailbox.wait_empty(5)
        say("settle", f"{line['delivered']} of {line['recipients']} recipients done; "
                      "the message is removed, the queue is empty")
        self.tell_arrival(recipient)

    def tell_route(self, recipient):
        route = self.shell.json("Test-Route", recipient)
        say("route", f"{route['decision']}: the connector \"{route['connector']}\", "
                     f"{'through a front end' if route['frontendProxy'] else 'directly'}")
        for candidate in route["candidates"]:
            word = "chosen" if candidate.get("chosen") else f"lost at {candidate['lostAt']}"
            say("", f"  {candidate['connector']:<10} {word}: {candidate['reason']}")
        say("queue", f"{route['deliveryType']} {route['nextHopDomain']}, in the queue of this next "
                     "hop")

    def delivered_line(self, message):
        def find():
            lines = [line for line in self.mailbox.log("deliver", "delivered")
                     if str(line["message_id"]) == message]
            return lines[-1] if lines else None
        return wait_until(find, 10, f"the delivery of message {message}")

    def the_way(self, line):
        if line["way"] == "proxy":
            return (f"mailbox-transport -> gRPC with mTLS -> frontend-transport "
                    f"{self.front_end.address} -> SMTP -> {line['host']}")
        return f"mailbox-transport -> SMTP -> {line['host']}"

    def tell_arrival(self, recipient):
        sink = self.outside[recipient.split("@")[1]]
        message = sink.wait_for(1, 10)[0]
        self.arrived.append(message)
        print(f"  at {sink.name}: from {message.helo} at {message.peer[0]}, "
              f"{'TLS' if message.tls else 'plain text'}, {message.sender}, "
              f"{', '.join(message.recipients)}")
        for text in bytes(message.data).decode().replace("\r\n", "\n").rstrip().split("\n"):
            print(f"    | {text}")


def main():
    began = time.monotonic()
    print("Postern: accept, store, route, queue, deliver, settle")
    print(f"mailbox-transport  {binary('mailbox-transport')}")
    print(f"frontend-transport {binary('frontend-transport')}")
    with Lab() as lab:
        demo = Demo(lab)
        demo.build_world()
        print(f"both services are ready, with mTLS, after {time.monotonic() - began:.1f} s")
        try:
            demo.tell("1. by SMTP to contoso.test, whose connector delivers directly by MX",
                      "bob@contoso.test", demo.send_by_smtp)
            demo.tell("2. by gRPC to fabrikam.test, whose connector has FrontendProxyEnabled",
                      "carol@fabrikam.test", demo.send_by_shell)
        except (AssertionError, RuntimeError, KeyError) as error:
            print(f"\ndemo: {type(error).__name__}: {error}\n{lab.tails()}", file=sys.stderr)
    whole = [m for m in demo.arrived if m.complete]
    print(f"\ndemo: {len(whole)} of 2 messages delivered in {time.monotonic() - began:.1f} s: "
          f"{'one direct, one through the front end' if len(whole) == 2 else 'it does not work'}")
    return 0 if len(whole) == 2 else 1


if __name__ == "__main__":
    sys.exit(main())
