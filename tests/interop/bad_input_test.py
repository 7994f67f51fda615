"""tests/interop/bad_input_test.py: wrong settings, files, manifests and stores.

Each error names what, where and the rule; nothing is half applied.
"""

import os
import socket
import subprocess
import unittest.mock

import yaml

from cases import Case, main, message
from harness import SITE, TRUST_DOMAIN, binary
from services import FrontendTransport, MailboxTransport, Shell
from store_edit import make_newer, newest_log
from wire import WireClient, WireSink

SERVICES = ("mailbox-transport", "frontend-transport")

# (name, spec of a SendConnector, words that the log must have)
MANIFESTS = [
    ("an unknown field", {"smartHost": ["[127.0.0.1]"]}, ["smartHost", "smartHosts"]),
    ("a port that is no port", {"port": 99999}, ["port", "99999"]),
    ("a text for a truth", {"requireTls": "perhaps"}, ["requireTls", "perhaps"]),
    ("a size that is none", {"maxMessageSize": "many"}, ["maxMessageSize", "many"]),
    ("an address space with a blank", {"addressSpaces": ["a b.test"]}, ["addressSpaces"]),
    ("no source server", {"sourceTransportServers": []}, ["sourceTransportServers"]),
    ("smart hosts with DNS routing", {"dnsRoutingEnabled": True}, ["dnsRoutingEnabled"]),
]


class BadManifestTest(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port()))
        self.to_smart_host(self.sink.port)
        self.transport = self.mailbox()

    def errors(self):
        """What the log says of the directory."""
        return [line for line in self.transport.log()
                if line["level"] in ("warning", "error") and ".yaml" in str(line)]

    def still_serves(self):
        before = len(self.sink.messages)
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            self.assertEqual(client.deliver("a@sender.test", ["b@x.test"], message())[0], 250)
        self.sink.wait_for(before + 1, 10)

    def write(self, change):
        spec = {"name": "contoso", "addressSpaces": ["*.test"], "dnsRoutingEnabled": False,
                "smartHosts": ["[127.0.0.1]"], "port": self.sink.port,
                "sourceTransportServers": ["site/site-a"], **change}
        self.lab.write_manifest("SendConnector", "contoso", spec)

    def test_a_wrong_manifest_keeps_the_last_good_snapshot_and_names_the_line(self):
        without = self.eventually(self.transport.directory_version, 10, "the first directory")
        self.write({})
        self.eventually(lambda: self.transport.directory_version() != without, 10,
                        "the right manifest in force")
        for name, change, words in MANIFESTS:
            with self.subTest(name):
                before = len(self.errors())
                version = self.transport.directory_version()
                self.write(change)
                self.eventually(lambda: len(self.errors()) > before, 10, "an error in the log")
                said = yaml.safe_dump(self.errors()[before:])
                self.assertRegex(said, r"sendconnector-contoso\.yaml:\d+")
                for word in words:
                    self.assertIn(word, said)
                self.assertEqual(self.transport.directory_version(), version)
                self.still_serves()
                self.write({})
                self.eventually(lambda: self.transport.metrics().total(
                    "postern_directory_last_load_ok") == 1, 10, "the repaired manifest")

    def test_a_file_that_is_no_yaml_names_its_line(self):
        self.lab.write_raw("broken.yaml", "apiVersion: postern.dev/v1\nkind: [\n")
        self.eventually(self.errors, 10, "an error in the log")
        self.assertRegex(str(self.errors()), r"broken\.yaml:\d+")
        self.assertEqual(self.transport.metrics().total("postern_directory_last_load_ok"), 0)
        self.still_serves()

    def test_the_first_start_with_a_wrong_manifest_is_refused(self):
        self.write({"smartHost": []})
        other = MailboxTransport(self.lab, {"store.path": str(self.lab.path / "other")})
        self.assertRegex(other.fails_to_start(), r"sendconnector-contoso\.yaml:\d+.*smartHost")


class BadSettingsTest(Case):
    def setUp(self):
        super().setUp()
        self.lab.site()
        self.lab.connector("internet", ["*"])

    def refuses(self, settings, *words, service=MailboxTransport):
        one = service(self.lab, settings)
        said = one.fails_to_start()
        for word in words:
            self.assertIn(word, said)
        self.assertLess(len(said.splitlines()), 40, said)
        return one

    def test_unknown_and_wrong_settings_are_all_named_at_once(self):
        self.refuses({"deliver.connect_timeoot": "5s", "queue.max_outbound_connections": "many",
                      "deliver.mx_port": 70000}, "deliver.connect_timeoot",
                     "deliver.connect_timeout", "many", "70000", ".yaml:")

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refuses({"accept.listeners": [f"name=relay address=0.0.0.0:{port} tls=none"]},
                         f"0.0.0.0:{port}", "relay", "in use")
            address = f"127.0.0.1:{port}"
            for key in ("server.submission_address", "server.admin_address", "server.http_address"):
                with self.subTest(key):
                    self.refuses({key: address}, address)
            for key in ("server.proxy_address", "server.http_address"):
                with self.subTest("frontend " + key):
                    self.refuses({key: address}, address, service=FrontendTransport)

    def test_an_unreadable_or_wrong_certificate(self):
        missing = str(self.lab.path / "missing.pem")
        garbage = self.lab.path / "garbage.pem"
        garbage.write_text("this is no certificate\n")
        cert, key = map(str, self.lab.certificate("one", ("DNS:one.test",)))
        other_key = str(self.lab.certificate("two", ("DNS:two.test",))[1])
        cases = [
            ({"rpc.certificate_file": missing}, ["rpc.certificate_file", missing]),
            ({"rpc.ca_file": missing}, ["rpc.ca_file", missing]),
            ({"rpc.key_file": missing}, ["rpc.key_file", missing]),
            ({"accept.certificate_file": missing, "accept.key_file": key}, [missing]),
            ({"accept.certificate_file": str(garbage), "accept.key_file": key}, [str(garbage)]),
            ({"accept.certificate_file": cert, "accept.key_file": other_key}, [other_key]),
            ({"accept.users_file": missing, "accept.certificate_file": cert,
              "accept.key_file": key}, ["accept.users_file", missing]),
        ]
        for settings, words in cases:
            with self.subTest(settings):
                self.refuses(settings, *words)
        for key_name in ("rpc.certificate_file", "rpc.key_file", "rpc.ca_file"):
            with self.subTest("frontend " + key_name):
                self.refuses({key_name: missing}, key_name, missing, service=FrontendTransport)

    def test_a_wrong_rpc_certificate_is_refused(self):
        garbage = self.lab.path / "garbage.pem"
        garbage.write_text("this is no certificate\n")
        for service in (MailboxTransport, FrontendTransport):
            with self.subTest(service.__name__):
                self.refuses({"rpc.certificate_file": str(garbage)}, "rpc.certificate_file",
                             str(garbage), service=service)

    def test_an_rpc_certificate_of_somebody_else_is_refused(self):
        for service, name, other in ((MailboxTransport, "mailbox-transport", "frontend-transport"),
                                     (FrontendTransport, "frontend-transport",
                                      "mailbox-transport")):
            for number, (path, words) in enumerate((
                    (f"evil.test/{SITE}/{name}", ["trust domain", TRUST_DOMAIN]),
                    (f"{TRUST_DOMAIN}/{SITE}/{other}", [f"service is not {name}"]),
                    (f"{TRUST_DOMAIN}/elsewhere/{name}", ["site is not", SITE]))):
                with self.subTest(path):
                    cert, key = map(str, self.lab.certificate(
                        f"{name}-{number}", (f"URI:spiffe://{path}", "DNS:localhost")))
                    self.refuses({"rpc.certificate_file": cert, "rpc.key_file": key},
                                 "rpc.certificate_file", cert, *words, service=service)

    def test_a_certificate_without_its_key(self):
        cert, key = map(str, self.lab.certificate("one", ("DNS:one.test",)))
        users = str(self.lab.users_file({"alice": "sesame"}))
        for key_name, value in (("certificate", cert), ("key", key), ("users", users)):
            with self.subTest(key_name):
                self.refuses({f"accept.{key_name}_file": value}, f"accept.{key_name}_file", value,
                             "accept.key_file" if key_name == "certificate"
                             else "accept.certificate_file")

    def check(self, service, *words, code=0):
        """What --check says of settings with which a service could start."""
        files = [f"--set=rpc.{name}_file=x.pem" for name in ("certificate", "key", "ca")]
        done = subprocess.run([binary(service), "--check", *files, *words], capture_output=True,
                              text=True, timeout=30)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def test_a_quote_that_nothing_closes(self):
        file = self.lab.path / "open.yaml"
        file.write_text('deliver.tls_report_organization: "Contoso\nqueue.nonsense: 1\n')
        for service in SERVICES:
            said = self.check(service, "--settings", file, code=1)
            self.assertIn(f"closing quote ({file}:1)", said)

    def test_a_variable_that_is_no_setting_is_a_warning(self):
        typo = {"POSTERN_SERVER_SIET": "a", "POSTERN_PORT_7171_TCP": "tcp://10.0.0.1:7171",
                "POSTERN_SERVER_HTTP_ADRESS": "127.0.0.1:1"}
        with unittest.mock.patch.dict(os.environ, typo):
            for service in SERVICES:
                said = self.check(service).splitlines()
                self.assertEqual(len(said), 2, said)
                self.assertIn("warning: variable POSTERN_SERVER_HTTP_ADRESS is no setting, the "
                              "nearest known one is POSTERN_SERVER_HTTP_ADDRESS", said[0])
                said = self.check(service, "--set=server.http_address=x", code=1)
                self.assertIn("variable POSTERN_SERVER_SIET", said)
                self.assertIn("server.http_address", said)
            for service in (self.mailbox(), self.frontend()):
                found = service.log("settings", "check the settings")
                self.assertEqual([line["level"] for line in found], ["warning", "warning"])
        self.assertEqual(self.check(SERVICES[0]), "")

    def test_names_addresses_and_ports_are_judged_before_the_start(self):
        said = self.check("mailbox-transport", "--set=server.name=a.b", "--set=server.fqdn=a b",
                          "--set=rpc.trust_domain=A", "--set=deliver.tls_report_contact=me",
                          "--set=server.admin_address=0.0.0.0:7171", code=1)
        for key in ("server.name", "server.fqdn", "rpc.trust_domain", "deliver.tls_report_contact",
                    "server.admin_address"):
            self.assertIn(key + ": ", said)
        said = self.check("frontend-transport", "--set=server.site=a.b", "--set=egress.slots=x",
                          "--set=pressure=1", code=1)
        self.assertIn('unknown setting "pressure" (--set)', said)

    def test_the_version(self):
        for name in (*SERVICES, "postern"):
            done = subprocess.run([binary(name), "--version"], capture_output=True, text=True)
            self.assertRegex(done.stdout, rf"^{name} \d+\.\d+\.\d+\n$")
            self.assertEqual(done.returncode, 0)

    def test_every_line_of_a_service_is_one_of_its_log(self):
        front_end = self.frontend()
        self.lab.site([front_end.address])
        mailbox = self.mailbox()
        self.eventually(lambda: front_end.metrics().total("postern_egress_streams"), 10,
                        "a stream")
        self.assertNotIn("E1", Shell(self.lab, mailbox).run("Get-Queue").stderr)
        for service in (mailbox, front_end):
            lines = service.process.text().splitlines()
            self.assertEqual([line for line in lines if not line.startswith("{")], [])

    def test_a_server_that_the_directory_does_not_know(self):
        self.refuses({"server.name": "stranger"}, "server.name", "stranger", "TransportServer")

    def test_a_directory_that_is_not_there(self):
        self.refuses({"directory.path": "/nowhere/at/all"}, "/nowhere/at/all")


class BadStoreTest(Case):
    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        self.to_smart_host(self.port)
        self.transport = self.mailbox()
        self.store = self.lab.path / "store-mailbox-transport-0"

    def queue(self, count):
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            for number in range(count):
                letter = message(f"number {number}", body="x" * 70 + "\r\n")
                self.assertEqual(client.deliver("a@sender.test", ["b@x.test"], letter)[0], 250)

    def snapshot(self):
        """Sizes and contents of the store's files, without RocksDB's own log of words."""
        return {path.name: path.read_bytes() for path in self.store.iterdir()
                if not path.name.startswith("LOG")}

    def test_a_store_of_a_newer_version_is_refused_and_left_alone(self):
        self.queue(2)
        self.transport.sigkill()
        make_newer(self.store)
        before = self.snapshot()
        said = self.transport.fails_to_start()
        for word in (str(self.store), "format version 9", "reads version"):
            self.assertIn(word, said)
        self.assertEqual(self.snapshot(), before, "nothing was changed")

    def test_damage_in_the_log_is_refused_with_file_and_offset_and_can_be_salvaged(self):
        self.queue(20)
        self.transport.sigkill()
        log = newest_log(self.store)
        data = bytearray(log.read_bytes())
        place = data.index(b"number 10")
        data[place] ^= 0x40
        log.write_bytes(data)
        before = self.snapshot()
        said = self.transport.fails_to_start()
        self.assertRegex(said, rf"{log.name}.*offset.*\d+|offset.*\d+.*{log.name}")
        self.assertIn("Salvage-Store", said)
        self.assertEqual(self.snapshot(), before, "nothing was changed")
        out = self.lab.path / "salvaged"
        Shell(self.lab, self.transport).run("Salvage-Store", self.store, "--out", out)
        saved = [path for path in out.rglob("*") if path.is_file() and
                 b"Subject: number" in path.read_bytes()]
        self.assertGreaterEqual(len(saved), 10)

    def test_a_torn_tail_is_normal(self):
        self.queue(5)
        self.transport.sigkill()
        with open(newest_log(self.store), "ab") as log:
            log.write(os.urandom(40))
        self.transport.start()
        self.assertEqual(self.transport.queued(), 5)

    def test_a_second_process_on_the_same_store_is_refused(self):
        second = MailboxTransport(self.lab, {"store.path": str(self.store)})
        said = second.fails_to_start()
        self.assertIn(str(self.store), said)
        self.assertIn("in use", said)
        self.assertTrue(self.transport.ready())

    def test_a_folder_that_holds_something_else_is_refused(self):
        other = self.lab.path / "photos"
        other.mkdir()
        (other / "cat.jpg").write_bytes(b"a cat")
        said = MailboxTransport(self.lab, {"store.path": str(other)}).fails_to_start()
        self.assertIn("cat.jpg", said)
        self.assertEqual((other / "cat.jpg").read_bytes(), b"a cat")


if __name__ == "__main__":
    main()
