"""tests/interop/zoo.py

A zoo of certificates, made with openssl: one for each thing that can be right or wrong about one.

Flow      zoo = Zoo(lab); zoo.certificate("expired", "expired.test") -> (certificate, key)
See       tls_test.py
"""

import subprocess

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Zoo:
    """The lab's authority is trusted; "wrong-ca" comes from another one."""

    # What each has: the names, and what is unusual about it.
    KINDS = {
        "good": {"names": ["{domain}", "mx.{domain}"]},
        "wildcard": {"names": ["*.{domain}"]},
        "san-only": {"names": ["{domain}"], "subject": "/"},
        "cn-only": {"subject": "/CN={domain}"},
        "wrong-name": {"names": ["other.test"]},
        "host-name": {"names": ["mx.{domain}"]},
        "expired": {"names": ["{domain}"], "days": -1},
        "self-signed": {"names": ["{domain}"], "authority": None},
        "wrong-ca": {"names": ["{domain}"], "authority": "stranger"},
    }
    # What certificates_test has beside them.
    BAD = {
        "not-yet": {"names": ["{domain}"], "starts": "20990101000000Z"},
        "client-only": {"names": ["{domain}"], "usage": "clientAuth"},
        "weak-key": {"names": ["{domain}"], "key": ("-newkey", "rsa:1024", "-nodes")},
        "md5": {"names": ["{domain}"], "digest": "-md5", "authority": "rsa", "sends": "rsa.pem"},
        "sha1": {"names": ["{domain}"], "digest": "-sha1"},
        "intermediate": {"names": ["{domain}"], "authority": "between", "sends": "between.pem"},
        "no-intermediate": {"names": ["{domain}"], "authority": "between"},
        "revoked": {"names": ["{domain}"]},  # by revoke()
    }

    def __init__(self, lab):
        self.folder = lab.path / "zoo"
        self.folder.mkdir()
        self.lab = lab
        self._openssl("req", "-x509", *EC, "-days", "2", "-subj", "/CN=A stranger",
                      "-keyout", "stranger.key", "-out", "stranger.pem")
        self.authorities = {"lab": (lab.path / "ca.pem", lab.path / "ca.key"),
                            "stranger": ("stranger.pem", "stranger.key"),
                            "between": ("between.pem", "between.key"),
                            "rsa": ("rsa.pem", "rsa.key")}
        self._make_intermediate("between", EC)
        self._make_intermediate("rsa", ("-newkey", "rsa:2048", "-nodes"))

    def _make_intermediate(self, name, key_options):
        (self.folder / "between.ext").write_text("basicConstraints=critical,CA:TRUE\n")
        self._openssl("req", *key_options, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                      "-out", f"{name}.csr")
        ca, key = self.authorities["lab"]
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", ca, "-CAkey", key,
                      "-CAcreateserial", "-days", "2", "-extfile", "between.ext", "-out",
                      f"{name}.pem")

    def _openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30,
                       cwd=self.folder)

    def certificate(self, kind, *domains):
        """(certificate, key) of that kind, for the domains."""
        what = {**self.KINDS, **self.BAD}[kind]
        name = f"{kind}-{domains[0]}"
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        subject = what.get("subject", f"/CN={kind}").format(domain=domains[0])
        names = [n.format(domain=domain) for n in what.get("names", ()) for domain in domains]
        extensions = self.folder / f"{name}.ext"
        extensions.write_text("basicConstraints=CA:FALSE\n" + (
            "subjectAltName=" + ",".join(f"DNS:{n}" for n in names) + "\n" if names else "") + (
            f"extendedKeyUsage={what['usage']}\n" if "usage" in what else ""))
        self._openssl("req", *what.get("key", EC), "-subj", subject, "-keyout", key, "-out",
                      f"{name}.csr")
        authority = what.get("authority", "lab")
        signer = ("-signkey", key) if authority is None else (
            "-CA", self.authorities[authority][0], "-CAkey", self.authorities[authority][1],
            "-CAcreateserial")
        if "starts" in what:
            self._sign_for_later(f"{name}.csr", cert, extensions, what["starts"])
        else:
            self._openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-days",
                          str(what.get("days", 2)), what.get("digest", "-sha256"), "-extfile",
                          extensions, "-out", cert)
        if "sends" in what:
            cert.write_text(cert.read_text() + (self.folder / what["sends"]).read_text())
        return cert, key

    def revoke(self, *certs):
        """A list of the lab's authority with these on it, for security.crl_file."""
        revocations = self._authority_files("revoked", "default_crl_days=2\n")
        for cert in certs:
            self._openssl(*revocations, "-revoke", cert)
        self._openssl(*revocations, "-gencrl", "-out", "revoked.crl")
        return self.folder / "revoked.crl"

    def _authority_files(self, name, more=""):
        """The beginning of an "openssl ca" command for the lab's authority."""
        ca, key = self.authorities["lab"]
        (self.folder / f"{name}.txt").write_text("")
        (self.folder / f"{name}.serial").write_text("4242\n")
        (self.folder / f"{name}.cnf").write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={name}.txt\nnew_certs_dir=.\n"
            f"serial={name}.serial\ndefault_md=sha256\npolicy=any\n{more}"
            "[any]\ncommonName=supplied\n")
        return ("ca", "-config", f"{name}.cnf", "-batch", "-notext", "-cert", ca, "-keyfile", key)

    def _sign_for_later(self, request, cert, extensions, starts):
        """Only "openssl ca" takes a beginning."""
        self._openssl(*self._authority_files("later"), "-startdate", starts, "-enddate",
                      "20991231000000Z", "-extfile", extensions, "-in", request, "-out", cert)
