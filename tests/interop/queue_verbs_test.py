"""tests/interop/queue_verbs_test.py: what an operator sees of queues and messages, and does to them."""

import time

from cases import Case, main, message, send
from harness import SITE
from load import Load
from services import Shell
from wire import WireSink

# Nothing is tried again by itself while a test looks.
SLOW = {"queue.queue_glitch_retry_interval": "10m", "queue.transient_failure_retry_interval": "10m"}


class QueueVerbsTest(Case):
    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        self.to_smart_host(self.port, name="Dead", spaces=["dead.test"])
        self.transport = self.mailbox(SLOW)
        self.shell = Shell(self.lab, self.transport)

    def queue(self, *words):
        return self.shell.json("Get-Queue", *words)["queues"]

    def messages(self, *words):
        return self.shell.json("Get-Message", *words)["messages"]

    def subjects(self, *words):
        return [one["subject"] for one in self.messages(*words)]

    def fault(self, *words):
        done = self.shell.run(*words, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    def wait_for_retry(self, count=1):
        def there():
            queues = self.queue("-Filter", "DeliveryType -eq 'SmartHostConnectorDelivery'")
            return queues and queues[0]["status"] == "Retry" and \
                int(queues[0]["messageCount"]) == count and queues[0]
        return self.eventually(there, 30, f"{count} messages in a queue in Retry")

    def test_a_queue_is_found_by_what_it_is(self):
        for number in range(3):
            send(self.transport, "bob@dead.test", message(f"m{number}"))
        send(self.transport, "bob@nowhere.test")
        queue = self.wait_for_retry(3)
        self.assertEqual(queue["nextHopCategory"], "External")
        for text, found in (("Status -eq 'Retry' -and MessageCount -ge 3", 1),
                            ("MessageCount -gt 3", 0),
                            ("NextHopDomain -like '*127.0.0.1*'", 1),
                            ("LastRetryTime -ne $null", 1),
                            ("LastRetryTime -gt 2020-01-01 -and RetryCount -ge 1", 1),
                            ("{DeliveryType -eq 'Unreachable' -and MessageCount -eq 1}", 1)):
            self.assertEqual(len(self.queue("-Filter", text)), found, text)
        self.assertEqual([one["identity"] for one in self.queue("-Include", "External")],
                         [queue["identity"]])
        names = [one["identity"].split("\\")[1]
                 for one in self.queue("-SortOrder", "-MessageCount", "-Exclude", "Empty")]
        self.assertEqual(names, [queue["identity"].split("\\")[1], "Unreachable"])
        self.assertIn("there are Identity", self.fault("Get-Queue", "-Filter", "Colour -eq 'red'"))
        self.assertIn("only -and joins", self.fault("Get-Queue", "-Filter",
                                                    "RetryCount -eq 1 -or RetryCount -eq 2"))

    def test_a_message_is_found_by_what_it_is(self):
        send(self.transport, "bob@dead.test", message("Invoice 12"))
        send(self.transport, "bob@dead.test", message("x" * 50))
        send(self.transport, "bob@nowhere.test", message("Invoice 13"))
        queue = self.wait_for_retry(2)["identity"]
        self.assertEqual(self.subjects("-Filter", "Subject -like 'invoice*'"),
                         ["Invoice 12", "Invoice 13"])
        self.assertEqual(self.subjects("-Filter", f"Queue -eq '{queue}' -and Subject -like '*12'"),
                         ["Invoice 12"])
        self.assertEqual(self.subjects("-Queue", "Unreachable", "-Filter", "Size -gt 10"),
                         ["Invoice 13"])
        self.assertEqual(self.subjects("-Filter", "Size -gt 1GB"), [])
        one = self.messages("-Filter", "FromAddress -eq 'alice@sender.test' -and RetryCount -ge 0",
                            "-IncludeRecipientInfo", "-ResultSize", "1")[0]
        self.assertRegex(one["messageLatency"], r"^\d\d:\d\d:\d\d\.\d\d$")
        self.assertEqual(one["recipients"][0]["type"], "External")
        server, name, number = one["identity"].split("\\")
        for identity in (number, f"{server}\\*\\{number}", f"{server}\\{name}\\{number}"):
            self.assertEqual(self.messages(identity)[0]["identity"], one["identity"], identity)

    def test_pages_lead_through_thousands_of_messages(self):
        total = 3000
        with Load(self.transport.smtp_port, clients=8, recipient="bob@nowhere.test",
                  size=200) as load:
            self.eventually(lambda: len(load.acknowledged) >= total, 60, "the messages")
        total = len(load.acknowledged)
        self.eventually(lambda: self.transport.queued() == total, 20, "all in their queue")
        seen, bookmark = [], []
        while True:
            page = self.shell.json("Get-Message", "-ResultSize", "700", *bookmark)
            seen += [one["subject"] for one in page["messages"]]
            if not page["truncated"]:
                break
            bookmark = ["-BookmarkObject", page["messages"][-1]["identity"],
                        "-IncludeBookmark", "false"]
        self.assertEqual(len(seen), total)
        self.assertEqual(set(seen), set(load.acknowledged))

        whole = self.shell.json("Get-Message", "-ResultSize", "unlimited")["messages"]
        middle = whole[1500]["identity"]
        before = self.shell.json("Get-Message", "-BookmarkObject", middle, "-SearchForward", "false",
                                 "-ResultSize", "10", "-ReturnPageInfo", "true")
        self.assertEqual([one["identity"] for one in before["messages"]],
                         [one["identity"] for one in whole[1491:1501]])
        self.assertEqual(before["pageInfo"], {"total": str(total), "first": "1492"})
        names = sorted(load.acknowledged, reverse=True)
        ordered = self.subjects("-SortOrder", "-Subject", "-BookmarkIndex", "101", "-ResultSize",
                                "5")
        self.assertEqual(ordered, names[100:105])
        few = self.subjects("-Filter", f"Subject -eq '{names[7]}'")
        self.assertEqual(few, [names[7]])

    def test_a_queue_is_tried_when_its_operator_says_so(self):
        send(self.transport, "bob@dead.test", message("late"))
        queue = self.wait_for_retry()
        sink = self.started(WireSink(self.port))
        tried = self.shell.run("Retry-Queue", "-Filter", "Status -eq 'Retry'", "-WhatIf").stdout
        self.assertIn("What if: 1 queue would be tried now", tried)
        self.assertIn(queue["identity"], tried)
        time.sleep(0.5)
        self.assertEqual(self.transport.queued(), 1)
        self.assertIn("1 queue tried now",
                      self.shell.run("Retry-Queue", queue["identity"]).stdout)
        self.assertEqual(sink.wait_for(1, 10)[0].header("Subject"), "late")
        self.transport.wait_empty(10)
        self.assertIn("not in Retry", self.fault("Retry-Queue", queue["identity"]))
        self.assertIn("give -Identity or -Filter", self.fault("Retry-Queue"))

    def test_resubmitted_messages_are_routed_again(self):
        for number in range(20):
            send(self.transport, "bob@dead.test", message(f"m{number}"))
        queue = self.wait_for_retry(20)
        done = self.shell.run("Retry-Queue", queue["identity"], "-Resubmit", "true").stdout
        self.assertIn("20 messages routed again", done)
        self.assertEqual(self.transport.queued(), 20)
        sink = self.started(WireSink(self.port))
        self.shell.run("Retry-Queue", "-Filter", "Status -eq 'Retry'")
        self.assertEqual(len({one.header("Subject") for one in sink.wait_for(20, 15)}), 20)
        self.transport.wait_empty(10)

    def test_who_may_only_read_may_not_act(self):
        reader = Shell(self.lab, self.transport, "reader")
        reader.run("Get-Queue")
        refused = reader.run("Retry-Queue", "Unreachable", check=False)
        self.assertIn("role operate", refused.stderr)

    def test_a_digest_names_the_servers_that_do_not_answer(self):
        for number in range(12):
            send(self.transport, "bob@dead.test", message(f"m{number}"))
        self.wait_for_retry(12)
        self.lab.write_manifest("TransportServer", "gone", {
            "site": SITE, "relayAddress": f"127.0.0.1:{self.lab.free_port()}"})
        self.eventually(lambda: "gone" in self.shell.run("Get-TransportServer").stdout, 10,
                        "the server in the directory")
        digest = self.shell.run("Get-QueueDigest", "-Server",
                                f"{self.transport.name},gone", "-Timeout", "00:00:03")
        self.assertRegex(digest.stdout, r"127\.0\.0\.1\S* +12 ")
        self.assertIn("WARNING: gone: ", digest.stderr)
        groups = self.shell.json("Get-QueueDigest", "-GroupBy", "ServerName", "-DetailsLevel",
                                 "Verbose")["digests"]
        self.assertEqual([one["groupByValue"] for one in groups], [self.transport.name])
        self.assertTrue(groups[0]["details"][0]["lastError"])


if __name__ == "__main__":
    main()
