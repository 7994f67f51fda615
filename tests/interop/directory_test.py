"""tests/interop/directory_test.py: the directory changed over the admin API, by several at once,
through kills, and followed by other servers.

POSTERN_KILLS says how often the writer is killed (5). A seed is printed; POSTERN_SEED repeats it.
"""

import collections
import json
import os
import random
import threading
import time

import grpc
import yaml

from cases import Case, main, send
from directory_api import DirectoryApi, code_of, connector, held, resource
from harness import wait_until
from load import a_while, seeded
from wire import WireSink

PORTS_FROM = 1000


class DirectoryCase(Case):
    def api(self, mailbox, service="administrator"):
        api = DirectoryApi(self.lab, mailbox, service)
        self.addCleanup(api.close)
        return api

    def refused(self, call, *arguments, **more):
        """(code, words, trailing metadata) of a call that must not go well."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, **more)
        error = caught.exception
        return code_of(error), error.details(), dict(error.trailing_metadata() or ())

    def audit(self):
        path = self.lab.directory / "managed" / ".audit.log"
        return [json.loads(line) for line in path.read_text().splitlines()]


class ChangesTest(DirectoryCase):
    def setUp(self):
        super().setUp()
        self.lab.site()

    def test_what_is_answered_takes_mail_at_once_and_is_audited(self):
        sink = self.started(WireSink(self.lab.free_port()))
        transport = self.mailbox()
        api = self.api(transport)
        send(transport, "bob@contoso.test")
        made = api.create(connector("To Contoso", dns_routing_enabled=False,
                                    smart_hosts=["[127.0.0.1]"], port=sink.port))
        self.assertEqual(held(made.after).metadata.name, "to-contoso")
        self.assertEqual(held(made.after).status.conditions[0].status, "True")
        sink.wait_for(1)
        file = self.lab.directory / "managed" / "sendconnector-to-contoso.yaml"
        self.assertTrue(file.read_text().startswith("# The admin API owns this file"))
        self.assertEqual(yaml.safe_load(file.read_text())["spec"]["port"], sink.port)
        api.delete("SendConnector", "To Contoso")
        self.assertFalse(file.exists())
        lines = self.audit()
        self.assertEqual([line["change"] for line in lines], ["create", "delete"])
        self.assertTrue(lines[0]["who"].endswith("/site-a/administrator"))
        logged = wait_until(lambda: transport.log("directory", "change")[1:] and
                            transport.log("directory", "change"), 10, "both lines")
        self.assertEqual([(line["change"], line["outcome"]) for line in logged],
                         [("create", "done"), ("delete", "done")])
        counted = transport.metrics().total("postern_directory_changes_total", outcome="done")
        self.assertEqual(counted, 2)

    def test_what_is_written_by_hand_is_read_only(self):
        self.lab.connector("Hand", ["*.test"])
        api = self.api(self.mailbox())
        for call in (lambda: api.delete("SendConnector", "Hand"),
                     lambda: api.update(connector("Hand", "hand"))):
            code, words, _ = self.refused(call)
            self.assertEqual(code, "FAILED_PRECONDITION")
            self.assertIn("sendconnector-hand.yaml:1", words)
        self.assertEqual(self.refused(api.create, connector("Hand"))[0], "ALREADY_EXISTS")

    def test_a_connector_that_is_not_ready_is_stored_and_says_why(self):
        api = self.api(self.mailbox())
        made = api.create(connector("Lost", source_transport_servers=["gone"]))
        condition = held(made.after).status.conditions[0]
        self.assertEqual((condition.status, condition.reason), ("False", "SourceServerNotFound"))
        made = api.create(connector("Proxied", frontend_proxy_enabled=True))
        self.assertEqual(held(made.after).status.conditions[0].reason, "NoFrontEnd")
        self.assertIn("there is no front end in site-a", " ".join(made.warnings))

    def test_a_folder_that_cannot_be_written_says_what_to_do(self):
        api = self.api(self.mailbox())
        (self.lab.directory / "managed").write_text("in the way")
        code, words, _ = self.refused(api.create, connector("Internet"))
        self.assertEqual(code, "FAILED_PRECONDITION")
        self.assertIn("managed/.lock: Not a directory", words)
        self.assertIn("make it writable for this service", words)
        self.assertEqual(api.page("SendConnector").resources[:], [])

    def test_readers_may_not_change(self):
        transport = self.mailbox()
        api = self.api(transport, "reader")
        self.assertEqual(len(api.all("Site")), 1)
        code, words, _ = self.refused(api.create, connector("Internet"))
        self.assertEqual(code, "PERMISSION_DENIED")
        self.assertIn("does not have the role administer", words)
        logged = wait_until(lambda: transport.log("directory", "change"), 10, "its line")
        self.assertEqual(logged[0]["outcome"], "refused")

    def test_paging_over_a_thousand_connectors_while_others_come_and_go(self):
        names = [f"c{number:04}" for number in range(1000)]
        manifests = [{"apiVersion": "postern.dev/v1", "kind": "SendConnector",
                      "metadata": {"name": name},
                      "spec": {"name": name.upper(), "addressSpaces": ["*.test"],
                               "sourceTransportServers": ["site/site-a"]}} for name in names]
        self.lab.write_raw("many.yaml", yaml.safe_dump_all(manifests))
        transport = self.mailbox()
        reading, changing = self.api(transport, "reader"), self.api(transport)
        stop, changes = threading.Event(), []

        def come_and_go():
            while not stop.is_set():
                name = f"c{random.randrange(1000):04}-x"
                try:
                    changing.create(connector(name.upper(), name))
                    changing.delete("SendConnector", name)
                    changes.append(name)
                except grpc.RpcError as error:
                    changes.append(error)
                    return

        other = threading.Thread(target=come_and_go)
        other.start()
        try:
            wait_until(lambda: changes, 20, "the first to come and go")
            for page_size in (37, 100, 999):
                seen = collections.Counter(
                    one.metadata.name for one in reading.all("SendConnector", page_size))
                self.assertEqual([name for name in names if seen[name] != 1], [])
                self.assertEqual(max(seen.values()), 1)
        finally:
            stop.set()
            other.join(30)
        self.assertGreater(len(changes), 0)
        self.assertEqual([one for one in changes if not isinstance(one, str)], [])

    def test_a_watcher_that_does_not_read_costs_nothing(self):
        transport = self.mailbox()
        api = self.api(transport)
        slow = DirectoryApi(self.lab, transport, "reader", options=(
            ("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.bdp_probe", 0)))
        self.addCleanup(slow.close)
        slow = slow.watch(seconds=90)
        self.addCleanup(slow.cancel)
        wait_until(lambda: transport.metrics().total("postern_directory_watchers") == 1)
        comment = "x" * 4000
        for number in range(100):  # fills the windows of the connection
            api.create(resource("site", f"s{number}", comment=comment))
        before = transport.memory("VmRSS")
        for number in range(400):
            api.update(resource("site", f"s{number % 100}", comment=f"{number}{comment[:-4]}"),
                       "spec.comment")
        grown = (transport.memory("VmRSS") - before) / 2**20
        print(f"400 changes of 4 KB, grown by {grown:.1f} MiB", flush=True)
        self.assertLess(grown, 24)
        version, told = api.page().snapshot_version, 0
        for answer in slow:
            told += 1
            if answer.type == answer.SYNCED and answer.snapshot_version == version:
                break
        self.assertLess(told, 600, "it skips what came between")


class TwoWritersTest(DirectoryCase):
    def test_two_services_on_one_folder_lose_nothing(self):
        self.lab.site(servers=("mailbox-transport-0", "mailbox-transport-1"))
        services = [self.mailbox(name=f"mailbox-transport-{i}") for i in range(2)]
        apis = [self.api(one) for one in services]
        apis[0].create(connector("Count", port=PORTS_FROM))
        wait_until(lambda: apis[1].page("SendConnector").resources, 10, "the other to see it")
        won, conflicts = collections.Counter(), collections.Counter()

        def count(number):
            api = apis[number % 2]
            while won[number] < 20:
                now = api.get("SendConnector", "count")
                try:
                    api.update(connector("Count", "count", port=now.spec.port + 1), "spec.port",
                               version=now.metadata.resource_version)
                    won[number] += 1
                except grpc.RpcError as error:
                    if code_of(error) != "ABORTED":
                        raise
                    conflicts[number] += 1

        counters = [threading.Thread(target=count, args=(number,)) for number in range(4)]
        for thread in counters:
            thread.start()
        for thread in counters:
            thread.join(60)
        total = sum(won.values())
        wait_until(lambda: all(api.get("SendConnector", "count").spec.port == PORTS_FROM + total
                               for api in apis), 10, "both services to see the last")
        self.assertEqual(total, 80)
        self.assertGreater(sum(conflicts.values()), 0)
        self.assertEqual(len(self.audit()), 81)
        print(f"80 changes by 4 callers of 2 services, {sum(conflicts.values())} conflicts",
              flush=True)


class KilledWriterTest(DirectoryCase):
    """Each caller raises the port of a connector of its own and keeps account."""

    def setUp(self):
        super().setUp()
        print(f"seed {seeded()}", flush=True)
        self.lab.site()
        self.stop = threading.Event()
        self.acknowledged = collections.defaultdict(list)  # name: [(port, version)]
        self.asked = {}

    def change(self, api, name):
        port = PORTS_FROM
        while not self.stop.is_set():
            try:
                now = api.get("SendConnector", name).spec.port
            except grpc.RpcError as error:
                if code_of(error) != "NOT_FOUND":
                    continue
                now = None
            try:
                port = self.asked[name] = max(port, now or 0) + 1
                if now is None:
                    answer = api.create(connector(name.upper(), name, port=port), seconds=5)
                else:
                    answer = api.update(connector(name.upper(), name, port=port), "spec.port",
                                        seconds=5)
                self.acknowledged[name].append(
                    (port, held(answer.after).metadata.resource_version))
            except grpc.RpcError as error:
                self.assertIn(code_of(error), ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"),
                              error.details())

    def wait_for_changes(self, count):
        def total():
            return sum(map(len, list(self.acknowledged.values())))
        before = total()
        wait_until(lambda: total() >= before + count, 30, f"{count} more changes")

    def check_folder(self):
        if not (self.lab.directory / "managed").exists():
            return
        left = [path.name for path in (self.lab.directory / "managed").iterdir()
                if path.name.endswith(".new")]
        self.assertEqual(left, [], "the next start removes what was begun")
        for path in (self.lab.directory / "managed").glob("*.yaml"):
            self.assertIn("spec", yaml.safe_load(path.read_text()), f"{path} is whole")

    def check_audit(self):
        lines = self.audit()
        done = collections.Counter()
        for line in lines:
            key = (line["name"], line["after"]["sendConnector"]["metadata"]["resourceVersion"])
            done[key] += 1 if line["outcome"] == "done" else -1
        for name, changes in self.acknowledged.items():
            for port, version in changes:
                self.assertEqual(done[(name, version)], 1, f"{name}, port {port}, has its line")
        files = {path.stem.removeprefix("sendconnector-"): yaml.safe_load(path.read_text())
                 for path in (self.lab.directory / "managed").glob("*.yaml")}
        last = {name: None for name in files}
        for line in lines:
            side = "after" if line["outcome"] == "done" else "before"
            last[line["name"]] = line.get(side, {}).get("sendConnector", {}).get("spec", {})
        for name, file in files.items():
            self.assertEqual(last[name].get("port"), file["spec"]["port"], "the audit is true")
        return sum(1 for line in lines if line["outcome"] == "undone")

    def test_a_killed_writer_keeps_what_it_acknowledged(self):
        transport = self.mailbox()
        callers = []
        for number in range(4):
            api = self.api(transport)
            callers.append(threading.Thread(target=self.change, args=(api, f"c{number}")))
        for thread in callers:
            thread.start()
        kills = int(os.environ.get("POSTERN_KILLS", 5))
        try:
            for _ in range(kills):
                self.wait_for_changes(10)
                a_while(0.0, 0.5)
                transport.sigkill()
                transport.start()
                self.check_folder()
            self.wait_for_changes(10)
        finally:
            self.stop.set()
            for thread in callers:
                thread.join(30)
        api = self.api(transport)
        total = 0
        for name, changes in self.acknowledged.items():
            port = api.get("SendConnector", name).spec.port
            self.assertGreaterEqual(port, changes[-1][0], f"the last acknowledged of {name}")
            self.assertLessEqual(port, self.asked[name])
            total += len(changes)
        undone = self.check_audit()
        print(f"kills {kills}, acknowledged {total}, lost 0, undone in the audit {undone}",
              flush=True)
        self.assertGreaterEqual(total, 10 * kills)


class FollowerTest(DirectoryCase):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port()))
        self.lab.site(servers=("mailbox-transport-0", "mailbox-transport-1"))
        self.lab.connector("Contoso", ["contoso.test"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=self.sink.port)
        self.writer = self.mailbox()
        self.copy = self.lab.path / "copy-1"
        self.follower = self.mailbox(
            {"directory.writer": f"127.0.0.1:{self.writer.admin_port}",
             "directory.cache": str(self.copy), "directory.path": "/no/such/folder",
             "directory.writer_timeout": "10s"}, name="mailbox-transport-1")

    def stale(self):
        return self.follower.metrics().total("postern_directory_stale") == 1

    def test_changes_arrive_within_a_second(self):
        at_writer, at_follower = self.api(self.writer), self.api(self.follower, "reader")
        watch = at_follower.watch(seconds=60)
        self.addCleanup(watch.cancel)
        while next(watch).type != 4:  # SYNCED
            pass
        delays = []
        for number in range(20):
            name = f"new-{number}"
            at_writer.create(connector(name.upper(), name))
            answered = time.monotonic()
            while True:
                told = next(watch)
                if told.resource.send_connector.metadata.name == name:
                    break
            delays.append(max(0.0, time.monotonic() - answered))
        print(f"from the answer to the follower: {sorted(delays)[10] * 1000:.1f} ms, at most "
              f"{max(delays) * 1000:.1f} ms", flush=True)
        self.assertLess(max(delays), 1.0)
        self.assertEqual(at_follower.page().snapshot_version, at_writer.page().snapshot_version)
        version = at_writer.page().snapshot_version
        wait_until(lambda: self.follower.directory_version() == version, 1, "it to be in force")

    def test_the_follower_goes_on_while_its_writer_is_away(self):
        at_follower = self.api(self.follower)
        code, words, trailing = self.refused(at_follower.create, connector("Here"))
        self.assertEqual(code, "FAILED_PRECONDITION")
        self.assertEqual(trailing["postern-directory-writer"],
                         f"127.0.0.1:{self.writer.admin_port}")
        self.assertIn("ask for the change there", words)

        self.writer.sigkill()
        wait_until(self.stale, 10, "the follower to know that it may be old")
        self.assertTrue(self.follower.ready(), "mail goes on, so it is ready")
        send(self.follower, "bob@contoso.test")
        self.sink.wait_for(1)
        wait_until(lambda: self.follower.metrics().total(
            "postern_directory_writer_silence_seconds") > 0.2, 10, "the silence to be measured")

        self.follower.sigterm()
        self.follower.start()  # from the copy
        self.assertTrue(self.stale())
        send(self.follower, "bob@contoso.test")
        self.sink.wait_for(2)

        self.writer.start()
        self.api(self.writer).create(connector("Back"))
        wait_until(lambda: not self.stale(), 15, "the follower to follow again")
        wait_until(lambda: any(one.spec.name == "Back" for one in at_follower.all()), 5,
                   "what is new")

    def test_without_writer_and_copy_it_says_what_to_do(self):
        self.follower.sigterm()
        self.writer.sigterm()
        self.copy.unlink()
        self.follower.settings["directory.writer_timeout"] = "300ms"
        said = self.follower.fails_to_start()
        self.assertIn(f"its writer 127.0.0.1:{self.writer.admin_port}", said)
        self.assertIn("start the writer, or correct directory.writer", said)


if __name__ == "__main__":
    main()
