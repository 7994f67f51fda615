"""tests/interop/shell_test.py: the management shell at a running server."""

from cases import Case, main, message, send
from services import Shell
from wire import WireSink


class ShellTest(Case):
    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        self.to_smart_host(self.port, name="Contoso", spaces=["*.test"])
        self.transport = self.mailbox({"queue.queue_glitch_retry_interval": "2s"})
        self.shell = Shell(self.lab, self.transport)

    def test_connectors_are_found_without_regard_to_case(self):
        found = self.shell.json("Get-SendConnector", "cONTOSO")
        self.assertIn("Contoso", str(found))
        self.assertIn(str(self.port), str(found))
        refused = self.shell.run("Get-SendConnector", "nobody", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("nobody", refused.stderr)

    def test_a_waiting_message_is_shown_with_its_error_and_leaves_when_it_can(self):
        send(self.transport, "bob@x.test", message("in the queue"))
        self.eventually(lambda: self.transport.log("queue", "next hop failed"), 10, "a failure")
        queue = self.shell.run("Get-Queue").stdout
        self.assertIn("Retry", queue)
        self.assertIn("SmartHostConnectorDelivery", queue)
        messages = str(self.shell.json("Get-Message", "--include-recipients"))
        for word in ("in the queue", "bob@x.test", "alice@sender.test"):
            self.assertIn(word, messages)
        sink = self.started(WireSink(self.port))
        self.assertEqual(sink.wait_for(1)[0].header("Subject"), "in the queue")
        self.transport.wait_empty(10)

    def test_mail_without_a_connector_waits_until_there_is_one(self):
        sink = self.started(WireSink(self.port))
        send(self.transport, "bob@elsewhere.example")
        self.eventually(lambda: "Unreachable" in self.shell.run("Get-Queue").stdout, 10,
                        "the Unreachable queue")
        self.assertEqual(self.shell.json("Test-Route", "bob@elsewhere.example")["decision"],
                         "unreachable")
        self.lab.connector("new", ["elsewhere.example"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=self.port)
        sink.wait_for(1, 15)
        route = self.shell.json("Test-Route", "bob@elsewhere.example")
        self.assertEqual((route["decision"], route["connector"]), ("next-hop", "new"))

    def test_a_file_with_bare_line_feeds_is_sent_with_crlf(self):
        sink = self.started(WireSink(self.port))
        letter = self.lab.path / "letter.eml"
        letter.write_bytes(b"From: <a@sender.test>\nSubject: unix\n\n.dot\nlast line\n")
        done = self.shell.run("Send-Message", letter, "--from", "a@sender.test", "--to",
                              "bob@x.test", "--to", "carol@x.test")
        self.assertRegex(done.stderr + done.stdout, "(?i)line end|converted|CRLF")
        taken = sink.wait_for(1)[0]
        self.assertEqual(len(taken.recipients), 2)
        self.assertTrue(bytes(taken.data).endswith(b"\r\n\r\n.dot\r\nlast line\r\n"))

    def test_who_may_only_submit_may_not_look(self):
        other = Shell(self.lab, self.transport, "app-demo")
        refused = other.run("Get-Queue", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("app-demo", refused.stderr)


if __name__ == "__main__":
    main()
