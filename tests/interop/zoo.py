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

    def __init__(self, lab):
        self.folder = lab.path / "zoo"
        self.folder.mkdir()
        self.lab = lab
        self._openssl("req", "-x509", *EC, "-days", "2", "-subj", "/CN=A stranger",
                      "-keyout", "stranger.key", "-out", "stranger.pem")
        self.authorities = {"lab": (lab.path / "ca.pem", lab.path / "ca.key"),
                            "stranger": ("stranger.pem", "stranger.key")}

    def _openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30,
                       cwd=self.folder)

    def certificate(self, kind, domain):
        what = self.KINDS[kind]
        name = f"{kind}-{domain}"
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        subject = what.get("subject", f"/CN={kind}").format(domain=domain)
        names = [n.format(domain=domain) for n in what.get("names", ())]
        extensions = self.folder / f"{name}.ext"
        extensions.write_text("basicConstraints=CA:FALSE\n" + (
            "subjectAltName=" + ",".join(f"DNS:{n}" for n in names) + "\n" if names else ""))
        self._openssl("req", *EC, "-subj", subject, "-keyout", key, "-out", f"{name}.csr")
        authority = what.get("authority", "lab")
        signer = ("-signkey", key) if authority is None else (
            "-CA", self.authorities[authority][0], "-CAkey", self.authorities[authority][1],
            "-CAcreateserial")
        self._openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-days",
                      str(what.get("days", 2)), "-extfile", extensions, "-out", cert)
        return cert, key
