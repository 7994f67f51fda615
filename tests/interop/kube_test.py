"""tests/interop/kube_test.py: the directory from a Kubernetes API server, through its faults, kills
and restarts, while mail goes on."""

import grpc

from cases import main, send
from directory_api import DirectoryApi, code_of, connector, held
from harness import SITE
from kube_cases import KubeCase, ToldCase
from load import a_while
from services import MailboxTransport
from wire import WireSink


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
        before = self.in_force(transport)
        self.to_sink(other)
        self.eventually(lambda: self.in_force(transport) > before, 10, "the update")
        send(transport, "bob@contoso.test")
        other.wait_for(1)
        before = self.in_force(transport)
        self.api.delete("SendConnector", "contoso")
        self.eventually(lambda: self.in_force(transport) > before, 10, "the deletion")
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
        metrics = self.until_fresh(transport)
        self.assertEqual(metrics.total("postern_directory_stale_seconds"), 0)
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
        self.eventually(lambda: not self.reading(transport, "last_load_ok"), 10,
                        "the metric to say so too")
        self.assertEqual(self.reading(transport, "stale"), 0)
        self.api.delete("AcceptedDomain", "b")
        self.until_fresh(transport)


class ShowsTest(ToldCase):
    """What the servers tell the API server."""

    def test_a_server_registers_itself_and_takes_mail(self):
        sink = self.started(WireSink(self.lab.free_port()))
        self.to_sink(sink)
        transport = self.registering("mbx-7", **{"kubernetes.relay_address": "mbx-7.mbx:7172"})
        server = self.api.get("TransportServer", "mbx-7")
        self.assertEqual(server["spec"], {"site": SITE, "relayAddress": "mbx-7.mbx:7172"})
        send(transport, "bob@contoso.test")
        sink.wait_for(1)
        lease = self.eventually(lambda: self.api.get("Lease", "postern-mbx-7"), 10, "the Lease")
        self.assertEqual(lease["spec"]["leaseDurationSeconds"], 2)
        self.assertEqual(lease["metadata"]["ownerReferences"][0]["uid"],
                         server["metadata"]["uid"])
        self.eventually(lambda: self.api.get("Lease", "postern-mbx-7")["spec"]["renewTime"]
                        != lease["spec"]["renewTime"], 10, "the Lease to be renewed")

    def test_conditions_follow_what_the_servers_see(self):
        sink = self.started(WireSink(self.lab.free_port()))
        self.to_sink(sink)
        first, second = self.registering("mbx-0"), self.registering("mbx-1")
        self.until_ready("SendConnector", "contoso", "True", "Ready")
        self.until_ready("TransportServer", "mbx-0", "True", "Ready")
        self.until_ready("TransportServer", "mbx-1", "True", "Ready")
        self.until_ready("Site", SITE, "True", "InForce")
        self.eventually(lambda: self.used_by("SendConnector", "contoso") == ["mbx-0", "mbx-1"],
                        10, "both to use it")
        self.api.put("AcceptedDomain", "a", {"domainName": "a.test"})
        self.until_ready("AcceptedDomain", "a", "True", "InForce")
        self.api.put("AcceptedDomain", "b", {"domainName": "a.test"})
        ready = self.until_ready("AcceptedDomain", "b", "False", "Invalid")
        self.assertIn("is already in accepteddomains/a", ready["message"])
        self.api.put("Site", "later", {})
        ready = self.until_ready("Site", "later", "Unknown", "Waits")
        self.assertIn("accepteddomains/b", ready["message"])
        self.api.delete("AcceptedDomain", "b")
        ready = self.until_ready("Site", "later", "True", "InForce")
        self.assertEqual(ready["observedGeneration"], 1)
        # The one that writes is gone: the other finds out, and says so.
        def holder():
            holders = [one for one in (first, second) if self.reading(one, "status_holder")]
            return holders[0] if len(holders) == 1 else None
        gone = self.eventually(holder, 10, "one of them to write")
        gone.sigkill()
        self.until_ready("TransportServer", gone.name, "False", "NoLease")
        other = second if gone is first else first
        self.eventually(lambda: self.reading(other, "status_holder"), 10, "the other to write")
        self.eventually(lambda: self.used_by("SendConnector", "contoso") == [other.name], 10,
                        "one to use it")

    def test_a_secret_that_one_server_lacks_is_told_by_the_writer(self):
        secrets = self.lab.secret("relay", "user", "password")
        # Nobody takes the writer's place when a machine that is busy keeps it from renewing.
        patient = {"kubernetes.lease_duration": "6s"}
        self.registering("mbx-0", **{"deliver.secrets_path": str(secrets), **patient})
        self.eventually(lambda: self.api.get("Lease", "postern-status"), 10, "the writer")
        empty = self.lab.path / "none"
        empty.mkdir()
        self.registering("mbx-1", **{"deliver.secrets_path": str(empty), **patient})
        self.api.put("SendConnector", "relay", {
            "name": "Relay", "addressSpaces": ["relay.test"], "usage": "Custom",
            "dnsRoutingEnabled": False, "smartHosts": ["relay.test"],
            "smartHostAuthMechanism": "BasicAuthRequireTLS",
            "authenticationCredential": {"secretName": "relay"},
            "sourceTransportServers": [f"site/{SITE}"]})
        ready = self.until_ready("SendConnector", "relay", "False", "ServerNotReady")
        self.assertTrue(ready["message"].startswith("mbx-1: "), ready)
        (empty / "relay").mkdir()
        for file in ("username", "password"):
            (empty / "relay" / file).write_text("x")
        self.until_ready("SendConnector", "relay", "True", "Ready")

    def test_statuses_that_are_right_are_not_written_again(self):
        # A Lease that a busy machine renews too late would be a reason to write.
        transport = self.registering("mbx-0", **{"kubernetes.lease_duration": "15s"})
        self.until_ready("TransportServer", "mbx-0", "True", "Ready")
        self.until_ready("Site", SITE, "True", "InForce")
        before = sum("/status" in line for line in self.api.requests())
        self.assertGreater(before, 0)
        generation = self.generation(transport)
        a_while(3, 3)
        self.assertEqual(sum("/status" in line for line in self.api.requests()), before)
        self.assertEqual(self.generation(transport), generation)

    def test_a_site_that_is_not_there_is_named(self):
        settings = self.api.settings(**{"kubernetes.site": "nowhere"})
        said = MailboxTransport(self.lab, settings, name="mbx-0").fails_to_start()
        self.assertIn("is not a Site of the directory of namespace mail", said)
        self.assertIsNone(self.api.get("TransportServer", "mbx-0"))


class ChangesTest(KubeCase):
    """The admin API writes the resources of the API server."""

    def setUp(self):
        super().setUp()
        self.server()
        self.transport = self.transport()
        self.admin = DirectoryApi(self.lab, self.transport)
        self.addCleanup(self.admin.close)

    def refused(self, call, *arguments, **more):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, **more)
        return code_of(caught.exception), caught.exception.details()

    def test_what_is_answered_is_a_resource_and_takes_mail(self):
        sink = self.started(WireSink(self.lab.free_port()))
        made = self.admin.create(connector("To Contoso", dns_routing_enabled=False,
                                           address_spaces=["contoso.test"],
                                           smart_hosts=["[127.0.0.1]"], port=sink.port))
        self.assertEqual(held(made.after).metadata.name, "to-contoso")
        self.assertEqual(self.api.get("SendConnector", "to-contoso")["spec"]["port"], sink.port)
        send(self.transport, "bob@contoso.test")
        sink.wait_for(1)
        other = self.started(WireSink(self.lab.free_port()))
        self.admin.update(connector("To Contoso", "to-contoso", port=other.port), "spec.port")
        send(self.transport, "bob@contoso.test")
        other.wait_for(1)
        spec = self.api.get("SendConnector", "to-contoso")["spec"]
        self.assertEqual((spec["port"], spec["smartHosts"]), (other.port, ["[127.0.0.1]"]))
        self.admin.delete("SendConnector", "To Contoso")
        self.assertIsNone(self.api.get("SendConnector", "to-contoso"))

    def test_a_change_of_an_old_version_is_a_conflict(self):
        self.admin.create(connector("One"))
        read = self.admin.get("SendConnector", "One")
        before = self.generation(self.transport)
        spec = self.api.get("SendConnector", "one")["spec"]
        self.api.put("SendConnector", "one", {**spec, "comment": "theirs"})
        self.eventually(lambda: self.generation(self.transport) > before, 10, "their change")
        code, words = self.refused(self.admin.update, connector("One", "one", comment="mine"),
                                   "spec.comment", version=read.metadata.resource_version)
        self.assertEqual(code, "ABORTED")
        self.assertIn("has changed since it was read", words)
        self.assertEqual(self.api.get("SendConnector", "one")["spec"]["comment"], "theirs")

    def test_without_the_api_server_a_change_is_refused(self):
        self.api.sigkill()
        self.eventually(lambda: self.reading(self.transport, "stale"), 20, "it to be stale")
        code, words = self.refused(self.admin.create, connector("One"))
        self.assertEqual(code, "UNAVAILABLE")
        self.assertIn("is away, and changes are made there", words)


class StartTest(KubeCase):
    def test_a_server_that_has_neither_says_what_is_wrong(self):
        settings = self.api.settings(**{"kubernetes.start_timeout": "3s"})
        self.api.control(mode="500")
        said = MailboxTransport(self.lab, settings).fails_to_start()
        self.assertIn("there is no directory: the API server", said)
        self.assertIn("etcdserver: timed out", said)
        self.assertIn("and no copy", said)

    def test_settings_that_cannot_be_are_refused(self):
        for setting, value, words in (
                ("directory.source", "etcd", 'directory.source: "etcd" is neither'),
                ("directory.writer", "a:1", 'directory.writer: "a:1": must be empty'),
                ("kubernetes.api_server", "http://a", "must be https://host:port"),
                ("kubernetes.namespace", "A", "kubernetes.namespace"),
                ("kubernetes.ca_file", "/nowhere", "CA file /nowhere cannot be read")):
            with self.subTest(setting):
                settings = self.api.settings(**{setting: value})
                self.assertIn(words, MailboxTransport(self.lab, settings).fails_to_start())


if __name__ == "__main__":
    main()
