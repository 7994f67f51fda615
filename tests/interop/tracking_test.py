"""tests/interop/tracking_test.py: the logs of the whole life of a message, as Python's csv reads
them, beside what happened; and Get-MessageTrackingLog over two servers, one of them down.
"""

import csv
import datetime
import pathlib
import re

from cases import Case, main, message, send
from harness import SITE, wait_until
from services import MailboxTransport, Shell
from wire import WireClient, WireSink

FIELDS = """date-time client-ip client-hostname server-ip server-hostname source-context
connector-id source event-id internal-message-id message-id network-message-id recipient-address
recipient-status total-bytes recipient-count related-recipient-address reference message-subject
sender-address return-path message-info directionality tenant-id original-client-ip
original-server-ip custom-data""".split()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
SENDER = "alice@sender.test"


def number_of(path):
    day, number = path.stem.split("-")
    return day, int(number)


def read_log(folder):
    """(fields, rows as dicts) of all files of a log, in their order."""
    fields, rows = None, []
    for path in sorted(pathlib.Path(folder).glob("*.log"), key=number_of):
        lines = path.read_text("utf-8").split("\n")[:-1]  # what is written by now
        if not lines:
            continue
        heads = [line for line in lines if line.startswith("#")]
        assert [head.split(":")[0] for head in heads] == [
            "#Software", "#Version", "#Log-Type", "#Date", "#Fields"], heads
        fields = heads[-1].removeprefix("#Fields: ").split(",")
        for values in csv.reader(lines[len(heads):], strict=True):
            assert len(values) == len(fields), values
            rows.append(dict(zip(fields, values)))
    return fields, rows


class TrackingTest(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port()))

    def logs(self, mailbox, which="message-tracking"):
        return read_log(mailbox.settings["store.path"] + ".logs/" + which)

    def events(self, mailbox, count, message_id=None):
        """The rows of the tracking log, once there are so many."""
        def rows():
            fields, found = self.logs(mailbox)
            self.assertIn(fields, (None, FIELDS))
            return [row for row in found if message_id in (None, row["message-id"])]
        wait_until(lambda: len(rows()) >= count, 15, f"{count} events")
        found = rows()
        self.assertEqual(len(found), count, found)
        for row in found:
            self.assertRegex(row["date-time"], TIME)
            self.assertEqual(row["directionality"], "Originating")
            self.assertEqual(row["tenant-id"], "")
        return found

    def names(self, rows):
        return [(row["source"], row["event-id"]) for row in rows]

    def send(self, mailbox, recipients=("bob@contoso.test",), subject="a test", id="<one@x.test>"):
        content = message(subject, fields=f"Message-ID: {id}\r\n")
        with WireClient(mailbox.smtp_port) as client:
            client.hello()
            code, text = client.deliver(SENDER, list(recipients), content)
            self.assertEqual(code, 250, text)
        return re.search(r"InternalId=(\d+)", text).group(1)

    def test_a_delivered_message_is_received_and_sent(self):
        self.to_smart_host(self.sink.port)
        self.sink.answers["."] = '250 2.0.0 "taken", as 4711; thanks'
        mailbox = self.mailbox()
        number = self.send(mailbox, ["bob@contoso.test", "eve@contoso.test"], 'one, "two"; three')
        received, sent = self.events(mailbox, 2)
        for row in (received, sent):
            self.assertEqual(row["internal-message-id"], number)
            self.assertEqual(row["message-id"], "<one@x.test>")
            self.assertEqual(row["recipient-address"], "bob@contoso.test;eve@contoso.test")
            self.assertEqual(row["recipient-count"], "2")
            self.assertEqual(row["message-subject"], 'one, "two"; three')
            self.assertEqual((row["sender-address"], row["return-path"]), (SENDER, SENDER))
            self.assertEqual(row["original-client-ip"], "127.0.0.1")
            self.assertGreater(int(row["total-bytes"]), 100)
        self.assertEqual(self.names([received, sent]), [("SMTP", "RECEIVE"), ("SMTP", "SEND")])
        self.assertEqual(received["client-ip"], "127.0.0.1")
        self.assertEqual(received["connector-id"], "mailbox-transport-0\\relay")
        self.assertEqual(received["recipient-status"], "")
        self.assertEqual(sent["recipient-status"], '250 2.0.0 "taken", as 4711; thanks')
        self.assertEqual(sent["connector-id"], "contoso")
        self.assertEqual((sent["server-ip"], sent["server-hostname"]), ("127.0.0.1", "[127.0.0.1]"))
        self.assertEqual(sent["source-context"], "SmartHostConnectorDelivery [127.0.0.1]")
        self.assertRegex(sent["message-info"], TIME)
        self.assertRegex(sent["custom-data"], r"^S:Latency=\d+\.\d{3};S:Way=direct$")

    def test_recipients_with_other_answers_have_other_lines(self):
        self.to_smart_host(self.sink.port)
        self.sink.answers["RCPT"] = [None, "451 4.7.1 greylisted; come back", "550 5.1.1 no, never"]
        mailbox = self.mailbox()
        self.send(mailbox, [f"{name}@contoso.test" for name in ("bob", "eve", "joe")])
        rows = self.events(mailbox, 7)  # with the DSN about joe
        told = {(row["event-id"], row["recipient-address"]): row["recipient-status"]
                for row in rows if row["source"] == "SMTP" and row["event-id"] != "RECEIVE"}
        self.assertEqual(told.pop(("SEND", "bob@contoso.test")), "250 2.0.0 taken")
        self.assertEqual(told.pop(("DEFER", "eve@contoso.test")),
                         "451 4.7.1 greylisted; come back")
        self.assertEqual(told.pop(("FAIL", "joe@contoso.test")), "550 5.1.1 no, never")
        self.assertEqual(told, {("SEND", "eve@contoso.test"): "250 2.0.0 taken",
                                ("SEND", SENDER): "250 2.0.0 taken"})

    def test_a_returned_message_has_a_dsn_that_refers_to_it(self):
        back = self.started(WireSink(self.lab.free_port()))
        self.to_smart_host(self.sink.port, "away", ["contoso.test"])
        self.to_smart_host(back.port, "back", ["sender.test"])
        self.sink.answers["RCPT"] = "550 5.1.1 no such user here"
        mailbox = self.mailbox()
        number = self.send(mailbox)
        back.wait_for(1)
        rows = self.events(mailbox, 4)
        self.assertEqual(self.names(rows), [("SMTP", "RECEIVE"), ("SMTP", "FAIL"), ("DSN", "DSN"),
                                            ("SMTP", "SEND")])
        _, failed, made, sent = rows
        self.assertEqual(failed["recipient-status"], "550 5.1.1 no such user here")
        self.assertEqual(made["reference"], "<one@x.test>")
        self.assertEqual(made["related-recipient-address"], "bob@contoso.test")
        self.assertEqual(made["source-context"], "failed")
        self.assertEqual((made["sender-address"], made["return-path"]), ("", "<>"))
        self.assertEqual(made["recipient-address"], SENDER)
        self.assertEqual(made["message-id"], back.messages[0].header("Message-ID"))
        self.assertNotEqual(made["internal-message-id"], number)
        self.assertEqual(sent["internal-message-id"], made["internal-message-id"])

    def test_what_expires_has_failed_by_its_queue(self):
        self.to_smart_host(self.lab.free_port())
        mailbox = self.mailbox({"queue.message_expiration_timeout": "5s",
                                "queue.delay_notification_timeout": "4s"})
        self.send(mailbox)
        wait_until(lambda: any(row["event-id"] == "FAIL" for row in self.logs(mailbox)[1]), 20,
                   "the end of the message")
        rows = [row for row in self.logs(mailbox)[1] if row["message-id"] == "<one@x.test>"]
        names = self.names(rows)
        self.assertEqual((names[0], names[-1]), (("SMTP", "RECEIVE"), ("QUEUE", "FAIL")))
        self.assertEqual(set(names[1:-1]), {("SMTP", "DEFER")})
        self.assertIn("connect", rows[1]["recipient-status"])
        self.assertTrue(rows[-1]["recipient-status"].startswith(
            "550 4.4.7 QUEUE.Expired;message expired"), rows[-1])
        _, connections = self.logs(mailbox, "connectivity")
        ends = [row["description"] for row in connections if row["direction"] == "-"]
        self.assertTrue(ends and all("failed to connect" in end for end in ends), ends)

    def test_without_a_way_it_waits_by_routing_and_is_resubmitted_with_one(self):
        self.lab.site()
        self.lab.connector("other", ["other.test"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=self.sink.port)
        mailbox = self.mailbox()
        self.send(mailbox)
        rows = self.events(mailbox, 2)
        self.assertEqual(self.names(rows), [("SMTP", "RECEIVE"), ("ROUTING", "DEFER")])
        self.assertIn("A matching connector cannot be found", rows[1]["recipient-status"])
        self.lab.connector("contoso", ["contoso.test"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=self.sink.port)
        rows = self.events(mailbox, 4)
        self.assertEqual(self.names(rows)[2:], [("ROUTING", "RESUBMIT"), ("SMTP", "SEND")])
        _, routing = self.logs(mailbox, "routing")
        self.assertEqual([row["event"] for row in routing],
                         ["TABLE", "DECISION", "TABLE", "DECISION"])
        lost, won = routing[1], routing[3]
        self.assertEqual((lost["decision"], lost["candidates-that-lost"]),
                         ("unreachable", "other=address space"))
        self.assertEqual((won["decision"], won["connector-id"], won["recipient-domain"]),
                         ("next-hop", "contoso", "contoso.test"))
        self.assertNotEqual(lost["snapshot-version"], won["snapshot-version"])

    def test_a_proxied_message_is_tracked_by_the_mailbox_side_alone(self):
        folder = self.lab.path / "front-end-connectivity"
        front_end = self.frontend({"connectivity_log.path": str(folder)})
        self.to_smart_host(self.sink.port, front_end=front_end)
        mailbox = self.mailbox()
        self.send(mailbox)
        _, sent = self.events(mailbox, 2)
        self.assertEqual((sent["event-id"], sent["server-ip"]), ("SEND", "127.0.0.1"))
        self.assertEqual(sent["recipient-status"], "250 2.0.0 taken")
        self.assertIn("S:Way=proxy", sent["custom-data"])
        self.assertEqual(front_end.sigterm(), 0)
        fields, rows = read_log(folder)
        self.assertEqual(" ".join(fields),
                         "date-time session source Destination direction description")
        self.assertEqual([row["direction"] for row in rows], ["+", ">", ">", "-"])
        self.assertEqual(len({row["session"] for row in rows}), 1)
        self.assertEqual(rows[0]["description"], "SmartHostConnectorDelivery contoso")
        self.assertIn(f"established connection to 127.0.0.1:{self.sink.port}",
                      rows[2]["description"])
        self.assertRegex(rows[3]["description"], r"^Messages: 1 Bytes: [1-9]\d+$")

    def test_files_follow_one_another_and_are_searched_as_one(self):
        self.to_smart_host(self.sink.port)
        mailbox = self.mailbox({"message_tracking_log.max_file_size": "4KB",
                                "message_tracking_log.subject_logging_enabled": False})
        with WireClient(mailbox.smtp_port) as client:
            client.hello()
            for number in range(60):
                content = message("secret", fields=f"Message-ID: <m{number}@x.test>\r\n")
                self.assertEqual(client.deliver(SENDER, ["bob@contoso.test"], content)[0], 250)
        rows = self.events(mailbox, 120)
        self.assertEqual({row["message-subject"] for row in rows}, {""})
        folder = pathlib.Path(mailbox.settings["store.path"] + ".logs/message-tracking")
        sizes = [path.stat().st_size for path in folder.glob("*.log")]
        self.assertGreater(len(sizes), 5)
        self.assertLessEqual(max(sizes), 4096)
        shell = Shell(self.lab, mailbox, "reader")
        for size, count, complete in ((7, 7, False), ("unlimited", 120, True)):
            found = shell.json("Get-MessageTrackingLog", "-ResultSize", size)
            self.assertEqual((len(found["events"]), found["complete"]), (count, complete))
        sent = shell.json("Get-MessageTrackingLog", "-EventId", "send", "-MessageId", "m41@x.test")
        self.assertEqual([event["messageId"] for event in sent["events"]], ["<m41@x.test>"])
        self.assertEqual(mailbox.metrics().total("postern_settle_message_tracking_lost_total"), 0)

    def two_servers(self):
        """mailbox-transport-0 takes mail, -1 alone is a source server of the connector."""
        servers = [self.mailbox_named(number) for number in (0, 1)]
        self.lab.write_manifest("Site", SITE, {"comment": "two servers"})
        for server in servers:
            self.lab.write_manifest("TransportServer", server.name, {
                "site": SITE, "relayAddress": f"127.0.0.1:{server.admin_port}"})
        self.lab.connector("contoso", ["contoso.test"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=self.sink.port,
                           sourceTransportServers=["mailbox-transport-1"])
        return [server.start() for server in servers]

    def mailbox_named(self, number):
        return MailboxTransport(self.lab, {"queue.queue_glitch_retry_interval": "1s"},
                                name=f"mailbox-transport-{number}")

    def test_the_log_is_found_over_two_servers_and_a_silent_one_is_named(self):
        first, second = self.two_servers()
        self.send(first, subject="Quarterly figures")
        self.sink.wait_for(1)
        self.assertEqual(self.names(self.events(first, 2)), [("SMTP", "RECEIVE"), ("SMTP", "SEND")])
        relayed = self.events(first, 2)[1]
        self.assertEqual(relayed["server-hostname"], "mailbox-transport-1")
        self.assertIn("S:Way=relay", relayed["custom-data"])
        taken, sent = self.events(second, 2)
        self.assertEqual((taken["event-id"], taken["client-hostname"], taken["source-context"]),
                         ("RECEIVE", "mailbox-transport-0", "relay"))
        self.assertEqual(sent["event-id"], "SEND")

        shell = Shell(self.lab, first, "reader")
        found = shell.json("Get-MessageTrackingLog", "-MessageSubject", "FIGURES")
        self.assertEqual(found["silent"], [])
        self.assertTrue(found["complete"])
        self.assertEqual(sorted((event["server"], event["eventId"]) for event in found["events"]),
                         [("mailbox-transport-0", "RECEIVE"), ("mailbox-transport-0", "SEND"),
                          ("mailbox-transport-1", "RECEIVE"), ("mailbox-transport-1", "SEND")])
        times = [event["timestamp"] for event in found["events"]]
        self.assertEqual(times, sorted(times))
        self.assertEqual(found["events"][0]["recipients"], ["bob@contoso.test"])
        self.filters(shell)

        second.sigkill()
        found = shell.json("Get-MessageTrackingLog")
        self.assertEqual({event["server"] for event in found["events"]}, {"mailbox-transport-0"})
        self.assertEqual([one["server"] for one in found["silent"]], ["mailbox-transport-1"])
        self.assertIn("mailbox-transport-1", found["silent"][0]["error"])
        table = shell.run("Get-MessageTrackingLog", "-Sender", SENDER)
        self.assertIn("WARNING: no answer of mailbox-transport-1: ", table.stderr)
        self.assertIn("RECEIVE", table.stdout)
        lone = shell.json("Get-MessageTrackingLog", "-Server", "mailbox-transport-0")
        self.assertEqual((len(lone["events"]), lone["silent"]), (2, []))

    def filters(self, shell):
        now = datetime.datetime.now(datetime.timezone.utc)
        later = (now + datetime.timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")
        before = (now - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for words, count in ((("-Start", later), 0), (("-End", later), 4), (("-End", before), 0),
                             (("-Start", before, "-End", later), 4),
                             (("-Recipients", "eve@x.test,BOB@contoso.test"), 4),
                             (("-Recipients", "eve@x.test"), 0), (("-Source", "DSN"), 0),
                             (("-MessageId", "<ONE@x.test>"), 4), (("-Reference", "<one@x>"), 0),
                             (("-Server", "mailbox-transport-1", "-EventId", "SEND"), 1)):
            found = shell.json("Get-MessageTrackingLog", *words)
            self.assertEqual(len(found["events"]), count, words)
        for words, why in ((("-EventId", "SENT"), "none of Exchange's"),
                           (("-Start", "soon"), "a time is expected"),
                           (("-ResultSize", "0"), "a number from 1, or unlimited"),
                           (("-InternalMessageId", "x"), "is not a number"),
                           (("-Server", "nobody"), "is not a TransportServer")):
            refused = shell.run("Get-MessageTrackingLog", *words, check=False)
            self.assertNotEqual(refused.returncode, 0, words)
            self.assertIn(why, refused.stderr)

    def test_a_log_that_cannot_be_opened_refuses_the_start_and_one_that_is_off_is_not_there(self):
        self.to_smart_host(self.sink.port)
        (self.lab.path / "file").write_text("")
        words = MailboxTransport(self.lab, {
            "message_tracking_log.path": str(self.lab.path / "file")}).fails_to_start()
        self.assertIn("message_tracking_log.path: log folder", words)
        mailbox = self.mailbox({"message_tracking_log.enabled": False})
        send(mailbox, "bob@contoso.test")
        self.sink.wait_for(1)
        self.assertEqual(self.logs(mailbox), (None, []))
        refused = Shell(self.lab, mailbox, "reader").run("Get-MessageTrackingLog", check=False)
        self.assertIn("mailbox-transport-0: message_tracking_log.enabled is false", refused.stderr)
        self.assertEqual(refused.returncode, 1)


if __name__ == "__main__":
    main()
