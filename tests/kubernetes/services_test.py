"""tests/kubernetes/services_test.py: mailbox-transports whose directory is a real API server's.

Each runs by a token of the ServiceAccount and with the Role of deploy/k8s. Skipped in one line
where kube-apiserver can be neither found nor built, or etcd is not there.
"""

import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from apiserver import PLURALS, ApiServer, our_definitions, programs  # noqa: E402
from cases import send  # noqa: E402
from directory_api import DirectoryApi, connector, held, resource  # noqa: E402
from faults import FAULTS, FaultyWay  # noqa: E402
from harness import ROOT, SITE, Lab, wait_until  # noqa: E402
from peers import AioSink  # noqa: E402
from services import QUICK, MailboxTransport, Shell  # noqa: E402

OVERLAY = ROOT / "tests/kubernetes/overlays/directory-from-api"
ACCOUNT = "mailbox-transport"
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

    def mailbox(self, name="mailbox-transport-0", launch=False, deliver=None, **settings):
        folder = api.pod_folder(self.namespace, ACCOUNT)
        made = MailboxTransport(lab, {
            "directory.source": "kubernetes", "directory.cache": str(self.copy(name)),
            "kubernetes.api_server": api.url, "kubernetes.ca_file": str(folder / "ca.crt"),
            "kubernetes.token_file": str(folder / "token"),
            "kubernetes.namespace_file": str(folder / "namespace"),
            "kubernetes.retry_most": "1s", **QUICK,
            "store.path": str(lab.path / f"store-{self.namespace}-{name}"),
            **{f"deliver.{key}": value for key, value in (deliver or {}).items()},
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

    def read(self, plural, name):
        path = f"/apis/postern.dev/v1/namespaces/{self.namespace}/{plural}/{name}"
        return api.request("GET", path)[1]

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


class StatusTest(Cluster):
    def status(self, name="contoso"):
        return self.read("sendconnectors", name).get("status", {})

    def ready(self, name="contoso"):
        """(status, reason, message, observedGeneration) of the condition Ready, or None."""
        for each in self.status(name).get("conditions", []):
            if each["type"] == "Ready":
                return (each["status"], each["reason"], each["message"],
                        each["observedGeneration"])
        return None

    def test_conditions_appear_and_follow_the_generation(self):
        self.apply(self.connector())
        self.mailbox(status_interval="200ms", lease_duration="4s")
        api.kubectl("wait", "-n", self.namespace, "--for=condition=Ready", "--timeout=30s",
                    "sendconnector/contoso", "site/" + SITE,
                    "transportserver/mailbox-transport-0")
        self.assertEqual(self.status()["servers"], ["mailbox-transport-0"])
        self.assertEqual(self.ready()[3], 1)
        self.change("PATCH", self.connector(), comment="another")
        took = self.followed(lambda: self.ready()[3] == 2, "the status of the change")
        self.assertEqual(self.ready()[0], "True")
        print(api.kubectl("get", "-n", self.namespace, "sendconnectors").stdout
              + f"status of a change written after {took:.1f} s")

    def test_a_mistake_that_admission_cannot_know_stands_in_the_status(self):
        self.apply(self.connector())
        mailbox = self.mailbox(status_interval="200ms", lease_duration="4s")
        self.refused("lost", "SourceServerNotFound", "nowhere",
                     sourceTransportServers=["site/nowhere"])
        version = mailbox.directory_version()
        self.refused("twice", "Invalid", "an address space is listed once",
                     addressSpaces=["*", "SMTP:*;2"])
        self.change("PATCH", self.connector(), comment="waits for the other")
        self.followed(lambda: self.ready()[1] == "Waits", "the status of what waits", 30)
        self.assertEqual(mailbox.directory_version(), version)  # the last good one, whole
        self.arrives(mailbox, 1)
        self.delete("sendconnector", "twice")
        self.followed(lambda: self.ready()[0] == "True", "the change", 30)

    def test_without_direct_egress_a_connector_that_is_not_proxied_is_not_ready(self):
        mailbox = self.mailbox(status_interval="200ms", lease_duration="4s",
                               deliver={"direct_egress": False})
        self.refused("contoso", "NoDirectEgress", "no direct egress in this installation")
        shell = Shell(lab, mailbox)
        shown = shell.run("Get-SendConnector", "contoso").stdout
        self.assertIn("NoDirectEgress: no direct egress", shown)
        send(mailbox, "bob@contoso.test")
        self.followed(lambda: "451 4.4.0 no direct egress" in
                      json.dumps(shell.json("Get-Queue")), "the queue's last error")
        self.assertEqual(len(self.sink.envelopes), 0)

    def refused(self, name, reason, words, **spec):
        """The connector is admitted, and its status says what is wrong with it."""
        self.apply(self.connector(name, **spec))
        self.followed(lambda: self.ready(name), f"a condition of {name}", 30)
        status, found, message, _ = self.ready(name)
        self.assertEqual((status, found), ("False", reason))
        self.assertIn(words, message)
        print(f"admitted, and then Ready=False {found}: {message}")


class PresenceTest(Cluster):
    def lease(self, name="mailbox-transport-0"):
        return api.request("GET", f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}"
                                  f"/leases/postern-{name}")[1]

    def test_a_server_registers_itself_and_renews_its_lease(self):
        self.delete("transportserver", "mailbox-transport-0")
        self.mailbox(site=SITE, relay_address="mailbox-transport-0:7172", lease_duration="2s")
        made = self.read("transportservers", "mailbox-transport-0")
        self.assertEqual(made["spec"],
                         {"site": SITE, "relayAddress": "mailbox-transport-0:7172"})
        self.followed(lambda: "spec" in self.lease(), "the Lease")
        self.assertEqual(self.lease()["spec"]["leaseDurationSeconds"], 2)
        self.followed(lambda: "ownerReferences" in self.lease()["metadata"], "the owner")
        self.assertEqual(self.lease()["metadata"]["ownerReferences"][0]["uid"],
                         made["metadata"]["uid"])
        seen = []
        for _ in range(4):
            first = self.lease()["spec"]["renewTime"]
            seen.append(self.followed(lambda: self.lease()["spec"]["renewTime"] != first,
                                      "a renewal"))
        print(f"registered; Lease of 2 s renewed after {min(seen):.1f} to {max(seen):.1f} s")

    def test_another_server_writes_the_conditions_when_the_one_that_did_is_gone(self):
        self.apply(self.connector())
        quick = {"site": SITE, "status_interval": "200ms", "lease_duration": "2s"}
        names = ("mailbox-transport-0", "mailbox-transport-1")
        servers = {name: self.mailbox(name, relay_address=f"{name}:7172", **quick)
                   for name in names}
        self.followed(lambda: self.read("sendconnectors", "contoso").get("status", {})
                      .get("servers") == list(names), "both servers in the status", 30)
        holder = self.lease("status")["spec"]["holderIdentity"]
        writer = next(name for name in names if holder.startswith(name))
        servers[writer].sigkill()
        left = [name for name in names if name != writer]
        took = self.followed(lambda: self.read("sendconnectors", "contoso")["status"]["servers"]
                             == left, "the status without the server that is gone", 30)
        print(f"{writer} wrote the conditions and was killed; {left[0]} says so {took:.1f} s later")


class RightsTest(Cluster):
    def test_the_role_has_what_is_asked_and_nothing_else(self):
        self.apply(self.connector())
        mailbox = self.mailbox(site=SITE, status_interval="200ms", lease_duration="2s")
        self.arrives(mailbox, 1)
        self.every_change(mailbox)
        role = next(each for each in account if each["kind"] == "Role")
        given = {(group, resource, verb) for rule in role["rules"] for group in rule["apiGroups"]
                 for resource in rule["resources"] for verb in rule["verbs"]}
        mailbox.sigterm()
        asked = api.asked(self.namespace, ACCOUNT)
        self.assertEqual({what: codes for what, codes in asked.items() if codes & {401, 403}}, {})
        self.assertEqual(set(asked), given)
        print(f"{len(given)} rights given, {len(asked)} used, 0 refused")

    def every_change(self, mailbox):
        """A resource of each kind, which is created, changed and deleted as the shell would."""
        calls = DirectoryApi(lab, mailbox)
        self.addCleanup(calls.close)
        made = [resource("site", "other"), resource("site_link", "link", sites=[SITE, "other"]),
                resource("transport_server", "spare", site="other"),
                resource("accepted_domain", "domain", domain_name="contoso.com"),
                resource("transport_config", "transport", max_receive_size="35MB"),
                connector("Rights", "rights", address_spaces=["*.rights.test"])]
        for each in made:
            calls.create(each)
            field = "max_receive_size" if each is made[4] else "comment"
            setattr(held(each).spec, field, "40MB")
            calls.update(each, "spec." + field)
        names = [(held(each).DESCRIPTOR.name, held(each).metadata.name) for each in made]
        for kind, name in names:
            self.followed(lambda: "status" in self.read(PLURALS[kind], name),
                          f"the status of {name}", 30)
        for kind, name in reversed(names):
            calls.delete(kind, name)


if __name__ == "__main__":
    unittest.main()
