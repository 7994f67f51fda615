"""tests/interop/sts_test.py: MTA-STS policies on real web servers, and exchangers that keep to
them or do not."""

import http.server
import ssl
import threading

from cases import Outbound, main, send
from harness import wait_until
from dnssec import SignedZones
from services import Shell
from tls_report import documents, entries, tls_sessions, wait_for_sessions
from wire import WireSink
from zoo import Zoo


# The certificate of the web server is not for this one.
OTHER_NAME = "web-name.plain.test"


class PolicyHost:
    """The web server of every mta-sts.<domain>: one certificate, a policy for each domain."""

    def __init__(self, lab, port, domains):
        self.policies, self.asked = {}, []
        names = [f"DNS:mta-sts.{domain}" for domain in domains if domain != OTHER_NAME]
        certificate, key = lab.certificate("mta-sts", names)
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                domain = self.headers["Host"].split(":")[0].removeprefix("mta-sts.")
                host.asked.append(domain)
                body = host.policies.get(domain)
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write((body or "").encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def start(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


# domain: (certificate, mode, mx patterns or None for a policy that is not there, verdict)
ROWS = {
    "enforce": ("host-name", "enforce", ["mx.enforce.plain.test"], "taken"),
    "wildcard": ("host-name", "enforce", ["*.wildcard.plain.test"], "taken"),
    "name": ("wrong-name", "enforce", ["mx.name.plain.test"], "454 4.7.5"),
    "clear": (None, "enforce", ["mx.clear.plain.test"], "454 4.7.4"),
    "stranger": ("host-name", "enforce", ["mx.other.test"], "454 4.7.5"),
    "testing": ("wrong-name", "testing", ["mx.other.test"], "taken"),
    "none": (None, "none", [], "taken"),
    "gone": ("self-signed", "enforce", None, "taken"),
    "no-record": ("self-signed", None, None, "taken"),
}

# Those that a report is read about: (certificate, mode, mx patterns, sessions that it must have).
REPORTED = {
    "enforce": ("host-name", "enforce", ["mx.enforce.plain.test"], {("sts", "successful")}),
    "name": ("wrong-name", "enforce", ["mx.name.plain.test"],
             {("sts", "certificate-host-mismatch")}),
    "clear": (None, "enforce", ["mx.clear.plain.test"], {("sts", "starttls-not-supported")}),
    "stranger": ("host-name", "enforce", ["mx.other.test"], {("sts", "validation-failure")}),
    "good": ("host-name", "testing", ["mx.good.plain.test"], {("sts", "successful")}),
    "mistaken": ("wrong-name", "testing", ["mx.mistaken.plain.test"],
                 {("sts", "certificate-host-mismatch")}),
    "expired": ("expired", "testing", ["mx.expired.plain.test"], {("sts", "certificate-expired")}),
    "unnamed": ("host-name", "testing", ["mx.other.test"], {("sts", "validation-failure")}),
    "bare": (None, "testing", ["mx.bare.plain.test"], {("sts", "starttls-not-supported")}),
    "gone": ("self-signed", "enforce", None,
             {("sts", "sts-policy-fetch-error"), ("no-policy-found", "successful")}),
    "wrong": ("self-signed", "enforced", ["mx.wrong.plain.test"],
              {("sts", "sts-policy-invalid"), ("no-policy-found", "successful")}),
    "web-name": ("self-signed", "enforce", ["mx.web-name.plain.test"],
                 {("sts", "sts-webpki-invalid"), ("no-policy-found", "successful")}),
    "no-record": ("self-signed", None, None, {("no-policy-found", "successful")}),
}
DELIVERED = set(REPORTED) - {"name", "clear", "stranger"}


class StsTest(Outbound):
    def world(self, rows):
        self.port, web_port = self.lab.free_port(), self.lab.free_port()
        domains = {kind: f"{kind}.plain.test" for kind in rows}
        self.domains, self.sinks, zoo = domains, {}, Zoo(self.lab)
        self.web = self.started(PolicyHost(self.lab, web_port, domains.values()))
        self.zones = SignedZones(self.lab)
        for number, (kind, (shown, mode, patterns, _)) in enumerate(rows.items(), 1):
            domain, address = domains[kind], f"127.0.7.{number}"
            tls = zoo.certificate(shown, domain) if shown else None
            self.sinks[kind] = self.started(WireSink(self.port, address, tls=tls))
            self.zones.mx(domain, (10, f"mx.{domain}"))
            self.zones.a(f"mx.{domain}", address)
            self.zones.a(f"mta-sts.{domain}", "127.0.0.1")
            if mode:
                self.zones.txt(f"_mta-sts.{domain}", "v=STSv1; id=1;")
            if patterns is not None:
                self.web.policies[domain] = "\r\n".join(
                    ["version: STSv1", f"mode: {mode}", *(f"mx: {one}" for one in patterns),
                     "max_age: 86400", ""])
        self.started(self.zones)
        security = {"security.mta_sts_port": web_port,
                    "security.mta_sts_ca_file": str(self.lab.ca)}
        self.outbound(speaker=security, mx_port=self.port, dns_servers=[self.zones.address],
                      tls_ca_file=self.lab.ca)

    def test_the_policy_is_fetched_and_obeyed(self):
        self.world(ROWS)
        self.connector()
        verdicts = self.verdicts_of(self.domains, self.sinks, 40)
        print(f"\n  MTA-STS{' (proxied)' if self.proxied else ''}")
        for kind, verdict in verdicts.items():
            print(f"    {kind:<12} {verdict[:130]}")
        for kind, row in ROWS.items():
            with self.subTest(kind):
                self.assertTrue(verdicts[kind].startswith(row[3]), verdicts[kind])

    def test_the_sessions_are_counted_and_shown(self):
        self.world(REPORTED)
        self.connector()
        verdicts = self.verdicts_of(self.domains, self.sinks, 40)
        self.assertEqual({kind for kind, said in verdicts.items() if said == "taken"}, DELIVERED)
        shell = Shell(self.lab, self.transport)
        for kind, row in REPORTED.items():
            with self.subTest(kind):
                wait_for_sessions(shell, self.domains[kind], row[3])
        enforced, = entries(shell, "enforce.plain.test")
        self.assertEqual(enforced["policy"]["mx-host"], ["mx.enforce.plain.test"])
        self.assertIn("mode: enforce", enforced["policy"]["policy-string"])
        self.assertEqual(tls_sessions(shell, "enforce.plain.test"), {("sts", "successful"): 1})
        mistaken, = entries(shell, "mistaken.plain.test")
        detail, = mistaken["failure-details"]
        self.assertEqual(detail["receiving-mx-hostname"], "mx.mistaken.plain.test")
        self.assertRegex(detail["receiving-ip"], r"^127\.0\.7\.\d+$")
        self.assertRegex(detail["sending-mta-ip"], r"^127\.")
        self.assertEqual(len(documents(shell)), len(REPORTED))
        self.shown(shell)

    def shown(self, shell):
        table = shell.run("Get-TlsReport").stdout
        day = documents(shell)[0]["date-range"]["start-datetime"][:10]
        self.assertRegex(table, rf"(?m)^enforce\.plain\.test +sts +{day} +1 +0$")
        self.assertRegex(
            table, rf"(?m)^expired\.plain\.test +sts +{day} +0 +1 +certificate-expired: 1")
        one = shell.run("Get-TlsReport", "mistaken.plain.test", "-Date", day).stdout
        self.assertRegex(one, rf"(?m)^{day} +sts +certificate-host-mismatch +mx\.mistaken")
        self.assertNotIn("expired", one)
        wrong = shell.run("Get-TlsReport", "-Date", "2026-2-30", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("is not a day", wrong.stderr)
        total = self.transport.metrics().total
        for policy, result in (("sts", "successful"), ("sts", "certificate-expired"),
                               ("sts", "sts-policy-fetch-error"),
                               ("no-policy-found", "successful")):
            self.assertGreaterEqual(total("postern_deliver_tls_sessions_total", policy=policy,
                                          result=result), 1, (policy, result))

    def test_a_known_policy_outlives_the_record_the_web_server_and_a_restart(self):
        self.world({"enforce": ROWS["enforce"]})
        self.connector()
        self.arrives(self.sinks["enforce"], "bob@enforce.plain.test")
        self.assertEqual(self.web.asked, ["enforce.plain.test"])
        self.zones.remove("_mta-sts.enforce.plain.test", "TXT")
        self.web.policies.clear()
        self.sinks["enforce"].stop()
        clear = self.started(WireSink(self.port, "127.0.7.1"))
        for service in filter(None, (self.transport, self.front_end)):
            service.sigterm()
            service.start()
        send(self.transport, "bob@enforce.plain.test")
        wait_until(lambda: self.transport.log("queue", "next hop failed"), 20, "the mail to wait")
        self.assertIn("454 4.7.4", self.transport.log("queue", "next hop failed")[-1]["error"])
        self.assertEqual(clear.messages, [])


class ProxiedStsTest(StsTest):
    proxied = True


if __name__ == "__main__":
    main()
