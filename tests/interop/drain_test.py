"""tests/interop/drain_test.py: a server hands its queues to its neighbours and may go.

Two servers of one site, one destination that is down: what the first has is with the second in the
end, each message once, and is delivered by it when the destination is back.
"""

import re
import threading
import time

from cases import Case, main, message, send
from harness import SITE
from services import QUICK, MailboxTransport, Shell
from wire import WireClient, WireSink


class DrainTest(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port()))
        self.to_smart_host(self.sink.port)
        self.first, self.second = self.server("mbx-0"), self.server("mbx-1")
        for server in (self.first, self.second):
            self.lab.write_manifest("TransportServer", server.name, {
                "site": SITE, "relayAddress": f"127.0.0.1:{server.admin_port}"})
        self.first.start()
        self.second.start()
        self.shell = Shell(self.lab, self.first, "operator")

    def server(self, name):
        return MailboxTransport(self.lab, {
            **QUICK, "queue.transient_failure_retry_interval": "1s"}, name=name)

    def subjects(self):
        return sorted(re.search(rb"Subject: (.*)\r\n", bytes(one.data)).group(1).decode()
                      for one in self.sink.messages)

    def test_a_drained_server_under_load_loses_nothing_and_doubles_nothing(self):
        self.sink.answers["GREETING"] = "421 4.3.2 not now"
        accepted, refused, loading = [], [], True

        def load(lane):
            number = 0
            while loading:
                try:
                    with WireClient(self.first.smtp_port) as client:
                        client.hello()
                        while loading:
                            number += 1
                            subject = f"{lane}-{number}"
                            code, text = client.deliver(
                                "alice@sender.test",
                                ["bob@contoso.test"],
                                message(subject, body="x" * 60 + "\r\n"))
                            if code != 250:
                                refused.append(text)
                                break
                            accepted.append(subject)
                except (OSError, EOFError, AssertionError) as error:
                    refused.append(str(error))
                time.sleep(0.05)
        threads = [threading.Thread(target=load, args=(lane,)) for lane in range(3)]
        for thread in threads:
            thread.start()
        self.eventually(lambda: len(accepted) > 600, 60, "messages")
        began = time.monotonic()
        told = self.shell.run("Drain-Server", "--seconds", "60", seconds=90)
        seconds = time.monotonic() - began
        self.assertIn(f"{self.first.name}: the queues are empty", told.stdout)
        self.assertEqual(self.first.get("/readyz"),
                         (503, "drain: the server hands its queues to others\n"))
        loading = False
        for thread in threads:
            thread.join(30)
        self.assertTrue(refused, "new mail was refused meanwhile")
        self.assertEqual(self.first.queued(), 0)
        self.assertEqual(self.first.sigterm(), 0)
        self.sink.answers.pop("GREETING")
        self.second.wait_empty(90)
        got = self.subjects()
        self.assertEqual(sorted(set(got)), sorted(set(accepted)))
        self.assertEqual(len(got), len(accepted), "each once")
        print(f"{len(accepted)} messages accepted until then, handed over in {seconds:.1f} s")

    def test_without_a_neighbour_that_takes_it_everything_stays(self):
        self.sink.answers["GREETING"] = "421 4.3.2 not now"
        send(self.first, "bob@contoso.test", count=5)
        self.second.sigkill()
        told = self.shell.run("Drain-Server", "--seconds", "3", check=False)
        self.assertNotEqual(told.returncode, 0)
        self.assertIn("5 messages remain, 0 were handed over", told.stderr.replace("\n", " "))
        self.assertEqual(self.first.queued(), 5)
        with WireClient(self.first.smtp_port) as client:
            client.hello()
            self.assertEqual(client.say("MAIL FROM:<a@sender.test>")[0], 421)
        self.shell.run("Drain-Server", "--undo")
        send(self.first, "bob@contoso.test")
        self.sink.answers.pop("GREETING")
        self.first.wait_empty(30)
        self.assertEqual(len(self.sink.messages), 6)

    def test_a_target_is_checked_and_the_role_is_needed(self):
        for target, why in (("mbx-0", "the server itself"),
                            ("nobody", "no server of the directory")):
            told = self.shell.run("Redirect-Message", "--target", target, check=False)
            self.assertNotEqual(told.returncode, 0)
            self.assertIn(why, told.stderr)
        told = Shell(self.lab, self.first, "reader").run("Drain-Server", check=False)
        self.assertIn("role operate", told.stderr)

    def test_the_store_of_a_dead_server_is_rescued_and_doubles_nothing_when_it_returns(self):
        self.sink.answers["GREETING"] = "421 4.3.2 not now"
        send(self.first, "bob@contoso.test", count=300)
        store = self.lab.path / f"store-{self.first.name}"
        as_server = Shell(self.lab, self.first, "mailbox-transport")
        to = ("--to", f"127.0.0.1:{self.second.admin_port}")
        running = as_server.run("Rescue-Queue", store, *to, check=False)
        self.assertNotEqual(running.returncode, 0, "the service has the store")
        self.first.sigkill()
        told = as_server.run("Rescue-Queue", store, *to)
        self.assertIn("300", told.stdout)
        self.assertEqual(self.second.queued(), 300)
        again = as_server.run("Rescue-Queue", store, *to)
        self.assertRegex(again.stdout, r"Messages\s*: 0")
        self.first.start()
        self.assertEqual(self.first.queued(), 0)
        self.sink.answers.pop("GREETING")
        self.second.wait_empty(60)
        self.assertEqual(len(self.sink.messages), 300)
        empty = as_server.run("Rescue-Queue", self.lab.path, *to, check=False)
        self.assertIn("there is no store", empty.stderr)

    def suspend_a_message_and_queues(self):
        """One message, the queue of the others, then Submission, which holds one more."""
        self.sink.answers["GREETING"] = "421 4.3.2 not now"
        send(self.first, "bob@contoso.test", message("alone"))
        send(self.first, "bob@contoso.test", message("with its queue"))
        self.shell.run("Suspend-Message", "-Filter", "Subject -eq 'alone'", "-Force")
        queue = self.shell.json("Get-Message", "-Filter", "Subject -eq 'alone'")["messages"][0]
        self.shell.run("Suspend-Queue", queue["queue"], "-Force")
        self.shell.run("Suspend-Queue", "Submission", "-Force")
        send(self.first, "bob@contoso.test", message("held by Submission"))
        self.sink.answers.pop("GREETING")

    def check_that_they_wait_until_resumed(self):
        self.assertEqual(self.second.queued(), 3)
        second = Shell(self.lab, self.second, "operator")
        rows = second.json("Get-Message")["messages"]
        self.assertEqual([one["status"] for one in rows], ["Suspended"] * 3)
        self.assertEqual(self.sink.messages, [])
        second.run("Resume-Message", "-Filter", "Status -eq 'Suspended'", "-Force")
        self.second.wait_empty(30)
        self.assertEqual(self.subjects(), ["alone", "held by Submission", "with its queue"])

    def test_what_an_administrator_suspended_waits_at_the_neighbour_too(self):
        self.suspend_a_message_and_queues()
        self.assertIn("the queues are empty", self.shell.run("Drain-Server").stdout)
        self.assertEqual(self.first.queued(), 0)
        self.check_that_they_wait_until_resumed()

    def test_and_when_it_is_rescued(self):
        self.suspend_a_message_and_queues()
        self.first.sigkill()
        store = self.lab.path / f"store-{self.first.name}"
        Shell(self.lab, self.first, "mailbox-transport").run(
            "Rescue-Queue", store, "--to", f"127.0.0.1:{self.second.admin_port}")
        self.check_that_they_wait_until_resumed()

    def test_poison_is_poison_at_the_neighbour(self):
        arrived = []
        self.sink.on_message, self.sink.dot_delay = arrived.append, lambda: 600
        send(self.first, "bob@contoso.test", message("poison"))
        for attempts in (1, 2):
            self.eventually(lambda n=attempts: len(arrived) == n, 20, "the attempt")
            self.first.sigkill()
            self.first.start(seconds=60)
        poison = "Queue -like '*Poison'"
        self.assertEqual(len(self.shell.json("Get-Message", "-Filter", poison)["messages"]), 1)
        self.assertIn("the queues are empty", self.shell.run("Drain-Server").stdout)
        second = Shell(self.lab, self.second, "operator")
        self.assertEqual(len(second.json("Get-Message", "-Filter", poison)["messages"]), 1)
        self.assertEqual(len(arrived), 2)

    def test_redirect_takes_new_mail_again_afterwards(self):
        self.sink.answers["GREETING"] = "421 4.3.2 not now"
        send(self.first, "bob@contoso.test", count=20)
        self.shell.run("Redirect-Message", "--target", "mbx-1")
        self.assertEqual((self.first.queued(), self.second.queued()), (0, 20))
        self.shell.run("Redirect-Message", "--undo")
        send(self.first, "bob@contoso.test")

    def test_redirect_is_written_as_in_exchange_and_finds_the_server_by_its_name(self):
        self.sink.answers["GREETING"] = "421 4.3.2 not now"
        send(self.first, "bob@contoso.test", count=5)
        asked = Shell(self.lab, self.second, "operator")
        asked.run("Redirect-Message", "-Server", "mbx-0", "-Target", "mbx-1", "-Confirm:$false")
        self.assertEqual((self.first.queued(), self.second.queued()), (0, 5))
        told = asked.run("Redirect-Message", "-Server", "nobody", check=False)
        self.assertNotEqual(told.returncode, 0)
        self.assertIn("server nobody: ", told.stderr)


if __name__ == "__main__":
    main()
