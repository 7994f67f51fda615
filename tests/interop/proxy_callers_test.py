"""tests/interop/proxy_callers_test.py: whom a front end lets in: a mailbox-transport of its own
site and trust domain, and nobody else."""

import pathlib
import subprocess
import threading

import grpc

from cases import Case, main
from harness import SITE, TRUST_DOMAIN


class ProxyCallersTest(Case):
    def setUp(self):
        super().setUp()
        self.front_end = self.frontend()

    def answer(self, cert=None, key=None):
        """"taken" when the stream begins with a frame (its credit), else the word of the status."""
        files = [pathlib.Path(file).read_bytes() for file in (key, cert) if file]
        credentials = grpc.ssl_channel_credentials(self.lab.ca.read_bytes(), *files)
        with grpc.secure_channel(self.front_end.address, credentials) as channel:
            call = channel.stream_stream("/postern.v1.Proxy/Deliver",
                                         request_serializer=bytes, response_deserializer=bytes)
            said = threading.Event()
            stream = call((b"" for _ in iter(said.wait, True)), timeout=10)  # offers nothing
            try:
                return "taken" if next(stream) else "empty"
            except grpc.RpcError as error:
                return f"{error.code().name}: {error.details()}"
            finally:
                said.set()
                stream.cancel()

    def of(self, uri, name):
        return self.answer(*self.lab.certificate(name, (f"URI:{uri}",)))

    def test_only_servers_of_the_site_and_trust_domain_are_let_in(self):
        ours = f"spiffe://{TRUST_DOMAIN}"
        stranger, key = self.lab.path / "stranger.pem", self.lab.path / "stranger.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=stranger",
                        "-addext", f"subjectAltName=URI:{ours}/{SITE}/mailbox-transport",
                        "-keyout", key, "-out", stranger],
                       check=True, capture_output=True, timeout=30)
        rows = {
            "a mailbox-transport of the site":
                (self.of(f"{ours}/{SITE}/mailbox-transport", "right"), "taken"),
            "a mailbox-transport of another site":
                (self.of(f"{ours}/elsewhere/mailbox-transport", "site"), "PERMISSION_DENIED"),
            "a front end of the site":
                (self.of(f"{ours}/{SITE}/frontend-transport", "front"), "PERMISSION_DENIED"),
            "an application":
                (self.of(f"{ours}/{SITE}/app-demo", "app"), "PERMISSION_DENIED"),
            "another trust domain, by the same authority":
                (self.of(f"spiffe://evil.test/{SITE}/mailbox-transport", "domain"),
                 "UNAUTHENTICATED"),
            "a certificate without a SPIFFE name":
                (self.answer(*self.lab.certificate("plain", ("DNS:localhost",))),
                 "UNAUTHENTICATED"),
            "the right name, by another authority": (self.answer(stranger, key), "UNAVAILABLE"),
            "no certificate": (self.answer(), "UNAVAILABLE"),
        }
        wrong = {who: said for who, (said, wanted) in rows.items() if not said.startswith(wanted)}
        print(f"{len(rows)} callers, {sum(said == 'taken' for said, _ in rows.values())} let in",
              flush=True)
        self.assertEqual(wrong, {})
        self.assertIn(f"is not of the site {SITE}", rows["a mailbox-transport of another site"][0])
        self.assertEqual(self.front_end.metrics().total("postern_egress_offers_refused_total"), 0)


if __name__ == "__main__":
    main()
