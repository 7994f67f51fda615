"""tests/interop/kube_test.py: the directory from a Kubernetes API server, through its faults, kills
and restarts, while mail goes on."""

from cases import Case, main, send
from harness import SITE
from kube_api import KubeApi
from services import MailboxTransport
from wire import WireSink


class KubeCase(Case):
    def setUp(self):
        super().setUp()
        self.api = KubeApi(self.lab).start()
        self.api.put("Site", SITE, {"comment": "without a front end"})

    def server(self, name="mailbox-transport-0"):
        self.api.put("TransportServer", name, {"site": SITE})

    def transport(self, name="mailbox-transport-0", **more):
        return self.mailbox(self.api.settings(**more), name=name)

    def to_sink(self, sink, name="Contoso", space="contoso.test"):
        self.api.put("SendConnector", name.lower(), {
            "name": name, "addressSpaces": [space], "usage": "Internet", "dnsRoutingEnabled": False,
            "smartHosts": ["[127.0.0.1]"], "port": sink.port,
            "sourceTransportServers": [f"site/{SITE}"]})

    def reading(self, transport, name):
        return transport.metrics().total(f"postern_directory_{name}")

    def generation(self, transport):
        return self.reading(transport, "generation")

    def until_fresh(self, transport):
        self.eventually(lambda: transport.metrics() and not self.reading(transport, "stale")
                        and self.reading(transport, "last_load_ok"), 20, "the directory to be new")


class FollowsTest(KubeCase):
    def setUp(self):
        super().setUp()
        self.server()
        self.sink = self.started(WireSink(self.lab.free_port()))

    def test_creates_updates_and_deletes_are_in_force_while_it_runs(self):
        transport = self.transport()
        send(transport, "bob@contoso.test")
        self.to_sink(self.sink)
        self.sink.wait_for(1)
        other = self.started(WireSink(self.lab.free_port()))
        before = self.generation(transport)
        self.to_sink(other)
        self.eventually(lambda: self.generation(transport) > before, 10, "the update")
        send(transport, "bob@contoso.test")
        other.wait_for(1)
        before = self.generation(transport)
        self.api.delete("SendConnector", "contoso")
        self.eventually(lambda: self.generation(transport) > before, 10, "the deletion")
        send(transport, "bob@contoso.test")
        self.eventually(lambda: transport.queued() == 1, 10, "mail without a connector")
        self.to_sink(self.sink)
        self.sink.wait_for(2)

    def test_a_killed_api_server_stops_no_mail_and_is_followed_again(self):
        transport = self.transport()
        self.to_sink(self.sink)
        self.eventually(lambda: self.generation(transport) >= 2, 10, "the connector")
        self.api.sigkill()
        self.eventually(lambda: self.reading(transport, "stale_seconds") > 1, 20, "it to be stale")
        self.assertEqual(self.reading(transport, "stale"), 1)
        self.assertEqual(self.reading(transport, "last_load_ok"), 0)
        self.assertEqual(transport.get("/readyz")[0], 200)
        send(transport, "bob@contoso.test", count=5)
        self.sink.wait_for(5)
        self.api.start()
        self.until_fresh(transport)
        self.assertEqual(self.reading(transport, "stale_seconds"), 0)
        before = self.generation(transport)
        self.api.put("Site", SITE, {"comment": "changed"})
        self.eventually(lambda: self.generation(transport) > before, 10, "the change")

    def test_what_changed_while_both_were_away_from_one_another_is_listed(self):
        transport = self.transport()
        self.to_sink(self.sink)
        self.eventually(lambda: self.generation(transport) >= 2, 10, "the connector")
        self.api.control(compact=True)
        self.api.delete("SendConnector", "contoso")
        self.eventually(lambda: self.generation(transport) >= 3, 10, "the deletion")
        self.until_fresh(transport)

    def test_answers_of_every_bad_kind_leave_the_last_directory(self):
        transport = self.transport()
        self.to_sink(self.sink)
        self.eventually(lambda: self.generation(transport) >= 2, 10, "the connector")
        for count, mode in enumerate(("500", "garbage", "hang"), 1):
            with self.subTest(mode):
                self.api.control(mode=mode)
                self.eventually(lambda: self.reading(transport, "stale"), 20, "it to be stale")
                send(transport, "bob@contoso.test")
                self.sink.wait_for(count)
                self.api.control(mode="ok")
                self.until_fresh(transport)

    def test_a_slow_server_is_followed_slowly(self):
        self.api.control(mode="slow")
        transport = self.transport()
        self.to_sink(self.sink)
        send(transport, "bob@contoso.test")
        self.sink.wait_for(1)

    def test_a_token_that_is_rotated_is_read(self):
        transport = self.transport()
        self.api.token_file.write_text("second-token\n")
        (self.api.folder / "tokens").write_text("admin-token\nsecond-token\n")
        self.api.sigkill()
        self.api.start()
        self.until_fresh(transport)
        self.to_sink(self.sink)
        send(transport, "bob@contoso.test")
        self.sink.wait_for(1)

    def test_a_start_without_the_server_uses_the_copy(self):
        transport = self.transport()
        self.to_sink(self.sink)
        self.eventually(lambda: self.generation(transport) >= 2, 10, "the connector")
        self.assertEqual(transport.sigterm(), 0)
        self.api.sigkill()
        transport.start()
        self.assertEqual(self.reading(transport, "stale"), 1)
        send(transport, "bob@contoso.test")
        self.sink.wait_for(1)
        self.api.start()
        self.until_fresh(transport)

    def test_what_breaks_a_rule_changes_nothing_and_is_named(self):
        transport = self.transport()
        self.api.put("AcceptedDomain", "a", {"domainName": "contoso.test"})
        self.eventually(lambda: self.generation(transport) >= 2, 10, "the domain")
        self.api.put("AcceptedDomain", "b", {"domainName": "contoso.test"})
        lines = self.eventually(lambda: transport.log("directory", "cannot be loaded"), 10,
                                "the finding")
        self.assertIn('accepteddomains/b: spec.domainName: "contoso.test": one AcceptedDomain of '
                      'this name is already in accepteddomains/a', lines[0]["error"])
        self.assertEqual(self.reading(transport, "last_load_ok"), 0)
        self.assertEqual(self.reading(transport, "stale"), 0)
        self.api.delete("AcceptedDomain", "b")
        self.until_fresh(transport)


class StartTest(KubeCase):
    def test_a_server_that_has_neither_says_what_is_wrong(self):
        settings = self.api.settings(**{"kubernetes.start_timeout": "500ms"})
        self.api.control(mode="500")
        said = MailboxTransport(self.lab, settings).fails_to_start()
        self.assertIn("there is no directory: the API server", said)
        self.assertIn("etcdserver: timed out", said)
        self.assertIn("and no copy", said)

    def test_settings_that_cannot_be_are_refused(self):
        for setting, value, words in (
                ("directory.source", "etcd", 'directory.source: "etcd" is neither'),
                ("directory.writer", "a:1", "directory.writer: has no place beside"),
                ("kubernetes.api_server", "http://a", "must be https://host:port"),
                ("kubernetes.namespace", "A", "kubernetes.namespace"),
                ("kubernetes.ca_file", "/nowhere", "CA file /nowhere cannot be read")):
            with self.subTest(setting):
                settings = self.api.settings(**{setting: value})
                self.assertIn(words, MailboxTransport(self.lab, settings).fails_to_start())


if __name__ == "__main__":
    main()
