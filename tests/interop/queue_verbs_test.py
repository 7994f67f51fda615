"""tests/interop/queue_verbs_test.py: what an operator sees of queues and does to them."""

import email
import email.policy
import re
import time

from cases import Case, main, message, send
from harness import SITE
from load import Load
from services import Shell
from wire import WireSink

# Nothing is tried again by itself while a test looks, and what is looked at brings its own write.
SLOW = {"store.settle_delay_max": "500ms", "queue.queue_glitch_retry_interval": "10m",
        "queue.transient_failure_retry_interval": "10m", "queue.message_retry_interval": "10m"}


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

    def test_a_queue_tells_why_its_messages_wait(self):
        sink = WireSink(self.port, "127.0.0.1").start()
        self.addCleanup(sink.stop)
        sink.answers["RCPT"] = "450 4.7.1 later"
        send(self.transport, "bob@dead.test")
        send(self.transport, "bob@nowhere.test")

        def errors():
            return {one["deliveryType"]: one["lastError"] for one in self.queue()}
        self.eventually(lambda: errors().get("SmartHostConnectorDelivery") == "450 4.7.1 later",
                        20, "the reply that made the message wait")
        self.assertIn("A matching connector cannot be found", errors()["Unreachable"])

    def test_a_message_is_found_by_what_it_is(self):
        send(self.transport, "bob@dead.test", message("Invoice 12"))
        send(self.transport, "bob@dead.test", message("x" * 50))
        send(self.transport, "bob@nowhere.test", message("Invoice 13"))
        queue = self.wait_for_retry(2)["identity"]
        self.assertEqual(self.subjects("-Filter", "Subject -like 'invoice*'"),
                         ["Invoice 12", "Invoice 13"])
        self.assertEqual(self.subjects("-Filter", f"Queue -eq '{queue}' -and Subject -like '*12'"),
                         ["Invoice 12"])
        domain = self.queue(queue)[0]["nextHopDomain"]
        for name in (queue.split("\\")[1], domain, f"{self.transport.name}\\{domain}"):
            self.assertEqual(len(self.messages("-Filter", f"Queue -eq '{name}'")), 2, name)
            self.assertEqual(self.subjects("-Filter", f"Queue -ne '{name}'"), ["Invoice 13"])
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
        before = self.shell.json("Get-Message", "-BookmarkObject", middle, "-SearchForward",
                                 "false", "-ResultSize", "10", "-ReturnPageInfo", "true")
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

    def greylisted(self, count=1):
        """A sink that has put that many messages off, and takes them now."""
        sink = self.started(WireSink(self.port))
        sink.answers["RCPT"] = "450 4.7.1 later"
        for number in range(count):
            send(self.transport, "bob@dead.test", message(f"m{number}"))
        self.eventually(lambda: len(self.messages("-Filter", "Status -eq 'Retry'")) == count, 20,
                        "all put off")
        del sink.answers["RCPT"]
        sink.messages.clear()  # of them it had no more than the sender
        return sink

    def test_what_a_remote_put_off_is_tried_when_its_operator_says_so(self):
        sink = self.greylisted(2)
        time.sleep(0.5)
        self.assertEqual(sink.messages, [])
        number = self.numbers("-Filter", "Subject -eq 'm0'")[0]
        self.shell.run("Suspend-Message", number)
        self.shell.run("Resume-Message", number)
        self.assertEqual(sink.wait_for(1, 10)[0].header("Subject"), "m0")
        done = self.shell.run("Retry-Queue", "-Filter", "MessageCount -gt 0", "-Resubmit", "true")
        self.assertIn("1 message routed again", done.stdout)
        self.assertEqual(sink.wait_for(2, 10)[1].header("Subject"), "m1")
        self.transport.wait_empty(10)

    def of_connector(self, name, count):
        return self.eventually(lambda: self.queue(
            "-Filter", f"NextHopConnector -eq '{name}' -and MessageCount -eq {count}"), 20,
            f"{count} messages in the queue of {name}")[0]["identity"]

    def test_what_is_routed_again_is_found_there_and_stays_there(self):
        other = self.lab.free_port()
        self.to_smart_host(other, name="Other", spaces=["other.test", "dead.test;50"])
        self.eventually(lambda: "Other" in self.shell.run("Get-SendConnector").stdout, 10, "it")
        send(self.transport, "bob@other.test", message("first"))
        self.shell.run("Suspend-Queue", self.of_connector("Other", 1))
        send(self.transport, "bob@dead.test", message("moved"))
        self.of_connector("Dead", 1)
        self.to_smart_host(self.port, name="Dead", spaces=["dead.test"], enabled=False)
        queue = self.of_connector("Other", 2)
        self.assertEqual(self.subjects("-Queue", queue), ["first", "moved"])
        self.assertEqual(self.subjects("-Filter", f"Queue -eq '{queue}'"), ["first", "moved"])
        self.to_smart_host(self.port, name="Dead", spaces=["dead.test"])
        self.eventually(lambda: re.search(r"(?m)^Enabled *: True", self.shell.run(
            "Get-SendConnector", "Dead").stdout), 10, "the connector enabled")
        self.transport.sigkill()
        self.transport.start()
        self.assertEqual(self.subjects("-Queue", self.of_connector("Other", 2)),
                         ["first", "moved"])

    def test_what_cannot_be_done_to_any_is_a_failure_with_its_reason(self):
        self.shell.run("Suspend-Queue", "Submission")
        send(self.transport, "bob@dead.test", message("held"))
        self.eventually(lambda: self.subjects() == ["held"], 10, "the message in Submission")
        done = self.shell.run("Remove-Message", "-Filter", "Subject -eq 'held'", "-Confirm:false",
                              check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("1 message cannot be removed", done.stdout)
        self.assertIn("before Resume-Queue Submission", done.stdout)
        self.assertIn("nothing was removed", done.stderr)
        self.assertEqual(self.subjects(), ["held"])
        self.assertIn("nothing was tried now: it is Ready, not in Retry", self.fault(
            "Retry-Queue", "-Filter", "Identity -eq 'Unreachable'"))

    def status(self, number):
        return self.messages(number)[0]["status"]

    def numbers(self, *words):
        return [one["identity"].split("\\")[2] for one in self.messages(*words)]

    def notices(self):
        return self.messages("-Filter", "FromAddress -eq '<>'")

    def test_a_suspended_queue_keeps_its_mail_and_takes_more(self):
        send(self.transport, "bob@dead.test", message("first"))
        queue = self.wait_for_retry()["identity"]
        self.assertIn("1 queue suspended", self.shell.run("Suspend-Queue", queue).stdout)
        sink = self.started(WireSink(self.port))
        send(self.transport, "bob@dead.test", message("second"))
        self.assertIn("Suspended", self.fault("Retry-Queue", queue))
        time.sleep(1.5)
        self.assertEqual((sink.messages, self.queue(queue)[0]["status"]), ([], "Suspended"))
        self.transport.sigkill()
        self.transport.start()
        time.sleep(0.5)
        held = self.queue("-Filter", "Status -eq 'Suspended' -and MessageCount -eq 2")
        self.assertEqual(len(held), 1, "a suspension outlives the process")
        self.assertIn("1 queue resumed", self.shell.run(
            "Resume-Queue", "-Filter", "Status -eq 'Suspended'").stdout)
        self.assertEqual({one.header("Subject") for one in sink.wait_for(2, 15)},
                         {"first", "second"})

    def test_a_suspended_message_waits_while_others_leave(self):
        for subject in ("stays", "goes"):
            send(self.transport, "bob@dead.test", message(subject))
        self.wait_for_retry(2)
        stays = self.numbers("-Filter", "Subject -eq 'stays'")[0]
        self.assertIn("1 message suspended", self.shell.run("Suspend-Message", stays).stdout)
        self.assertEqual(self.status(stays), "Suspended")
        sink = self.started(WireSink(self.port))
        self.shell.run("Retry-Queue", "-Filter", "Status -eq 'Retry'")
        self.assertEqual(sink.wait_for(1, 10)[0].header("Subject"), "goes")
        time.sleep(0.5)
        self.assertEqual(self.transport.queued(), 1)
        self.assertIn("1 message resumed", self.shell.run(
            "Resume-Message", "-Filter", "Status -eq 'Suspended'").stdout)
        self.assertEqual(sink.wait_for(2, 10)[1].header("Subject"), "stays")
        self.transport.wait_empty(10)

    def test_removed_messages_are_returned_unless_told_not_to(self):
        for number in range(40):
            send(self.transport, "bob@dead.test", message(f"m{number}"))
        self.wait_for_retry(40)
        quiet = self.shell.run("Remove-Message", "-Filter", "Subject -like 'm1*'", "-WithNDR",
                               "false", "-Confirm:false").stdout
        self.assertIn("11 messages removed", quiet)
        self.wait_for_retry(29)
        self.assertEqual(self.notices(), [])
        self.assertIn("nobody is there to answer", self.fault(
            "Remove-Message", "-Filter", "Subject -eq 'm2'"))
        self.shell.run("Remove-Message", "-Filter", "Subject -eq 'm2'", "-Confirm:false")
        notice = self.eventually(self.notices, 10, "the notice of what was removed")[0]
        self.assertIn("Undeliverable", notice["subject"])
        self.assertEqual(self.subjects("-Filter", "Subject -eq 'm2'"), [])

    def test_an_exported_message_is_what_was_sent(self):
        body = "".join(f"line {number} ä\r\n" for number in range(30000))
        fields = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" \
                 "Content-Transfer-Encoding: 8bit\r\n"
        content = message("exported", body, fields=fields)
        send(self.transport, "bob@dead.test", content, options=" BODY=8BITMIME")
        self.wait_for_retry()
        number = self.numbers("-Filter", "Subject -eq 'exported'")[0]
        self.assertIn("Suspend-Message comes first", self.fault("Export-Message", number))
        self.shell.run("Suspend-Message", number)
        said = self.shell.run("Export-Message", number, "-Path", self.lab.path).stdout
        raw = (self.lab.path / f"{number}.eml").read_bytes()
        self.assertIn(f"{len(raw)} bytes", said)
        self.assertTrue(raw.endswith(content), "the content as it was sent, below our Received")
        self.assertNotIn(b"\n", raw.replace(b"\r\n", b""))
        sent = email.message_from_bytes(content, policy=email.policy.default)
        kept = email.message_from_bytes(raw, policy=email.policy.default)
        self.assertEqual(kept["Subject"], "exported")
        self.assertTrue(kept["Received"])
        self.assertEqual(kept.get_content(), sent.get_content())
        self.assertIn("there already", self.fault("Export-Message", number, "-Path",
                                                  self.lab.path))

    def test_thousands_are_acted_on_at_once(self):
        with Load(self.transport.smtp_port, clients=8, recipient="bob@nowhere.test",
                  size=200) as load:
            self.eventually(lambda: len(load.acknowledged) >= 2500, 60, "the messages")
        total = len(load.acknowledged)
        self.eventually(lambda: self.transport.queued() == total, 20, "all in their queue")
        done = self.shell.json("Suspend-Message", "-Filter", "Size -gt 1")
        self.assertEqual(done["changed"], str(total))
        again = self.shell.json("Suspend-Message", "-Filter", "Size -gt 1")
        self.assertEqual((again["changed"], again["unchanged"]), ("0", str(total)))
        gone = self.shell.json("Remove-Message", "-Filter", "Status -eq 'Suspended'", "-WithNDR",
                               "false", "-Confirm:false")
        self.assertEqual(gone["changed"], str(total))
        self.transport.wait_empty(20)
        self.assertEqual(self.messages(), [])

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
