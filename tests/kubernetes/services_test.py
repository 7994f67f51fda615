"""tests/kubernetes/services_test.py: mailbox-transports whose directory is a real API server's.

Each runs by a token of the ServiceAccount and with the Role of deploy/k8s. Skipped in one line
where kube-apiserver can be neither found nor built, or etcd is not there.
"""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from apiserver import ApiServer, our_definitions, programs  # noqa: E402
from cases import send  # noqa: E402
from faults import FAULTS, FaultyWay  # noqa: E402
from harness import ROOT, SITE, Lab, wait_until  # noqa: E402
from peers import AioSink  # noqa: E402
from services import MailboxTransport, Shell  # noqa: E402

OVERLAY = ROOT / "tests/kubernetes/overlays/api"
ACCOUNT = "mailbox-transport"
PLURALS = {each["spec"]["names"]["kind"]: each["spec"]["names"]["plural"]
           for each in our_definitions()}
FOLLOWED_SECONDS = 10

lab = None
api = None
account = []  # ServiceAccount, Role and RoleBinding, as the overlay has them


def setUpModule():
    global lab, api, account
    programs()
    lab = Lab()
    unittest.addModuleCleanup(lab.close)
    api = ApiServer(lab).start()
    api.install(*our_definitions())
    text = api.kubectl("kustomize", "--load-restrictor", "LoadRestrictionsNone", OVERLAY).stdout
    account = [each for each in yaml.safe_load_all(text)
               if each["kind"] in ("ServiceAccount", "Role", "RoleBinding")
               and each["metadata"]["name"] == ACCOUNT]
    assert len(account) == 3, account


class Cluster(unittest.TestCase):
    """A namespace with the ServiceAccount, a site, and a sink to which connectors lead."""

    maxDiff = None

    def setUp(self):
        self.namespace = "test-" + str(lab.next_number())
        api.namespace(self.namespace)
        for each in account:
            each["metadata"]["namespace"] = self.namespace
            for subject in each.get("subjects", []):
                subject["namespace"] = self.namespace
        self.apply(*account)
        self.apply(self.resource("Site", SITE, comment="without a front end"),
                   self.resource("TransportServer", "mailbox-transport-0", site=SITE))
        self.sink = AioSink(lab.free_port())
        self.sink.start()
        self.addCleanup(self.sink.stop)

    def resource(self, kind, name, /, **spec):
        return {"apiVersion": "postern.dev/v1", "kind": kind, "spec": spec,
                "metadata": {"name": name, "namespace": self.namespace}}

    def connector(self, name="contoso", **spec):
        spec = {"name": name, "addressSpaces": ["*.test"], "dnsRoutingEnabled": False,
                "sourceTransportServers": [f"site/{SITE}"], "smartHosts": ["[127.0.0.1]"],
                "port": self.sink.port, **spec}
        return self.resource("SendConnector", name, **spec)

    def apply(self, *resources):
        api.kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(resources))

    def delete(self, *words):
        api.kubectl("delete", "-n", self.namespace, *words)

    def mailbox(self, name="mailbox-transport-0", launch=False, **settings):
        folder = api.pod_folder(self.namespace, ACCOUNT)
        made = MailboxTransport(lab, {
            "directory.source": "kubernetes", "directory.cache": str(self.copy(name)),
            "kubernetes.api_server": api.url, "kubernetes.ca_file": str(folder / "ca.crt"),
            "kubernetes.token_file": str(folder / "token"),
            "kubernetes.namespace_file": str(folder / "namespace"),
            "kubernetes.retry_most": "1s", "queue.message_retry_interval": "1s",
            "queue.queue_glitch_retry_interval": "1s", "accept.tarpit_interval": "0s",
            "store.path": str(lab.path / f"store-{self.namespace}-{name}"),
            **{f"kubernetes.{key}": value for key, value in settings.items()},
        }, name=name)
        self.addCleanup(lambda: made.process and made.process.stop())
        return made if launch else made.start()

    def copy(self, name="mailbox-transport-0"):
        return lab.path / f"{self.namespace}-{name}.cache"

    def change(self, method, resource, **spec):
        """Straight to the API server, so that the time of kubectl is not measured."""
        plural = PLURALS[resource["kind"]]
        path = f"/apis/postern.dev/v1/namespaces/{self.namespace}/{plural}"
        name = "" if method == "POST" else "/" + resource["metadata"]["name"]
        body = {"POST": resource, "PATCH": {"spec": spec}}.get(method)
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        status, answer = api.request(method, path + name, body, kind=kind)
        self.assertIn(status, (200, 201), answer)

    def followed(self, condition, what, seconds=FOLLOWED_SECONDS):
        """How many seconds it took until the condition held."""
        began = time.monotonic()
        wait_until(condition, seconds, what)
        return time.monotonic() - began

    def arrives(self, mailbox, count):
        """Sends one more message; `count` have arrived by then."""
        send(mailbox, "bob@contoso.test")
        self.sink.wait_for(count)

    def waits_for_a_connector(self, mailbox):
        """Sends a message, which comes into the queue Unreachable."""
        shell = Shell(lab, mailbox)
        before = len(self.sink.envelopes)
        send(mailbox, "bob@contoso.test")
        self.followed(lambda: "Unreachable" in shell.run("Get-Queue").stdout, "Unreachable")
        self.assertEqual(len(self.sink.envelopes), before)

    def stale(self, mailbox, wanted):
        return self.followed(lambda: mailbox.metrics().get("postern_directory_stale") ==
                             [({}, float(wanted))], f"staleness of {wanted}", 60)


class DirectoryTest(Cluster):
    def test_creates_updates_and_deletes_are_followed(self):
        mailbox, contoso = self.mailbox(), self.connector()
        self.waits_for_a_connector(mailbox)
        took = [self.changed(mailbox, "POST", contoso)]
        self.sink.wait_for(1)
        took.append(self.changed(mailbox, "PATCH", contoso, enabled=False))
        self.waits_for_a_connector(mailbox)
        took.append(self.changed(mailbox, "PATCH", contoso, enabled=True))
        self.sink.wait_for(2)
        took.append(self.changed(mailbox, "DELETE", contoso))
        self.waits_for_a_connector(mailbox)
        took.append(self.changed(mailbox, "POST", contoso))
        self.sink.wait_for(3)
        mailbox.wait_empty()
        print(f"{len(took)} creates, updates and deletes in force after {min(took):.2f} to "
              f"{max(took):.2f} s; 3 of 3 messages delivered, none while no connector was there")

    def changed(self, mailbox, *change, **spec):
        """The seconds until the change is in force."""
        version = mailbox.directory_version()
        self.change(*change, **spec)
        return self.followed(lambda: mailbox.directory_version() != version, "the change")

    def test_the_last_directory_serves_while_the_api_server_is_away(self):
        self.apply(self.connector())
        mailbox = self.mailbox()
        self.arrives(mailbox, 1)
        api.kill()
        self.addCleanup(lambda: api.process.alive() or api.start())
        self.stale(mailbox, 1)
        self.arrives(mailbox, 2)
        self.followed(self.copy().exists, "the copy on disk")
        mailbox.sigkill()
        mailbox.start()
        self.arrives(mailbox, 3)
        stale = mailbox.metrics().total("postern_directory_stale_seconds")
        api.start()
        took = self.stale(mailbox, 0)
        version = mailbox.directory_version()
        self.apply(self.connector(enabled=False))
        self.followed(lambda: mailbox.directory_version() != version, "a change after the restart")
        print(f"API server killed: 2 messages delivered without it, stale for {stale:.1f} s at "
              f"least, fresh {took:.1f} s after it was ready again")

    def test_the_last_directory_serves_while_the_api_server_fails_in_other_ways(self):
        way = FaultyWay(lab, api).start()
        self.addCleanup(way.stop)
        self.apply(self.connector())
        mailbox = self.mailbox(api_server=way.url, request_timeout="2s")
        for count, fault in enumerate(FAULTS, 1):
            with self.subTest(fault=fault):
                self.stale(mailbox, 0)
                version = mailbox.directory_version()
                met = way.broken + len(PLURALS)
                way.breaks(fault)
                self.apply(self.connector(comment=f"changed while there were {fault}"))
                self.followed(lambda: way.broken >= met, "calls that meet the fault")
                self.stale(mailbox, 1)
                self.arrives(mailbox, count)
                self.assertEqual(mailbox.directory_version(), version)
                way.breaks(None)
                self.followed(lambda: mailbox.directory_version() != version, "the change")
        print(f"{len(FAULTS)} faults ({', '.join(FAULTS)}): {way.broken} calls met one, "
              f"{len(self.sink.envelopes)} messages delivered meanwhile")

    def test_a_token_that_is_rotated_is_read_anew(self):
        self.apply(self.connector())
        mailbox = self.mailbox(watch_time="2s")  # a watch that is open outlives its token
        self.delete("serviceaccount", ACCOUNT)  # the token is void
        self.apply(account[0])
        self.stale(mailbox, 1)
        api.pod_folder(self.namespace, ACCOUNT)
        took = self.stale(mailbox, 0)
        print(f"a new token is in use {took:.1f} s after it was written")


class RightsTest(Cluster):
    def test_the_role_has_what_is_asked_and_nothing_else(self):
        self.apply(self.connector())
        mailbox = self.mailbox()
        self.arrives(mailbox, 1)
        mailbox.sigterm()
        asked = api.asked(self.namespace, ACCOUNT)
        refused = {what: codes for what, codes in asked.items() if codes & {401, 403}}
        self.assertEqual(refused, {})
        role = next(each for each in account if each["kind"] == "Role")
        given = {(group, resource, verb) for rule in role["rules"] for group in rule["apiGroups"]
                 for resource in rule["resources"] for verb in rule["verbs"]}
        self.assertEqual(set(asked), given)
        print(f"{len(given)} rights given, {len(asked)} used, 0 refused")


if __name__ == "__main__":
    unittest.main()
