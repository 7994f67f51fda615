"""tests/interop/harness.py

A Lab is one temporary folder with everything that a run of Postern needs: certificates, a
directory, settings, and the processes that were started in it.

Flow      with Lab() as lab: MailboxTransport(lab).start(); ...; the end stops what the lab started.
Failure   AssertionError or RuntimeError, with the last lines of the process that is to blame.
Limits    Every wait has an end. Only processes that the lab started are ended, by their id.
See       services.py, peers.py; POSTERN_BUILD is the build folder (build/release)
"""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import yaml

from ports import Ports

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD", ROOT / "build" / "release")).resolve()
SITE = "site-a"
TRUST_DOMAIN = "postern.test"
START_SECONDS = 30


def wait_until(condition, seconds=20.0, what="the condition", pause=0.02):
    """Returns the first true value of `condition`, or fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s still waiting for {what}")
        time.sleep(pause)


class Process:
    """A child process whose output goes to a file."""

    def __init__(self, lab, name, argv, cwd=None, env=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log_path = lab.path / f"{name}.{lab.next_number()}.log"
        self._file = open(self.log_path, "wb")
        self.child = subprocess.Popen(
            self.argv, stdout=self._file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=cwd or lab.path, env=env, start_new_session=True)
        lab.processes.append(self)

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def text(self):
        return self.log_path.read_text(errors="replace")

    def tail(self, lines=15):
        return "\n".join(self.text().splitlines()[-lines:])

    def send(self, number):
        if self.alive():
            self.child.send_signal(number)

    def wait(self, seconds):
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} has not ended after {seconds} s:\n{self.tail()}")

    def stop(self, seconds=10):
        self.send(signal.SIGTERM)
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._file.close()

    def kill(self):
        self.send(signal.SIGKILL)
        self.child.wait(10)
        self._file.close()


class Lab:
    def __init__(self, keep=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="postern-lab-"))
        os.chmod(self.path, 0o755)
        self.processes = []
        self._number = 0
        self._ports = Ports()
        self._keep = bool(os.environ.get("POSTERN_KEEP")) if keep is None else keep
        self._directory = self.path / "directory"
        self._directory.mkdir()
        self._make_authority()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in reversed(self.processes):
            process.stop()
        self._ports.close()
        if self._keep:
            print(f"kept: {self.path}", flush=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)

    def next_number(self):
        self._number += 1
        return self._number

    def tails(self):
        """The last lines of every process, for a failed test."""
        return "\n".join(f"--- {p.name} (pid {p.pid})\n{p.tail()}" for p in self.processes)

    # Ports

    def free_port(self):
        """A port that is this lab's on every loopback address."""
        return self._ports.take()

    # Certificates and secrets

    def secret(self, name, username, password=None, token=None):
        """A secret as Kubernetes mounts one; gives the folder of all secrets."""
        folder = self.path / "secrets" / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in (("username", username), ("password", password), ("token", token)):
            if text is None:
                (folder / file).unlink(missing_ok=True)
                continue
            (folder / f"{file}.new").write_text(text)
            os.replace(folder / f"{file}.new", folder / file)
        return folder.parent

    def shown_certificate(self, host):
        """A certificate of ours for remote hosts; gives the folder of all of them."""
        folder = self.path / "certificates"
        folder.mkdir(exist_ok=True)
        cert, key = self.certificate(host, (f"DNS:{host}",))
        for ending, file in ((".key", key), (".crt", cert)):
            shutil.copy(file, folder / (host + ending))
        return folder

    def _openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30,
                       cwd=self.path)

    def _make_authority(self):
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-days", "2", "-subj", "/CN=Postern test authority",
                      "-keyout", "ca.key", "-out", "ca.pem")
        self.ca = self.path / "ca.pem"

    def certificate(self, name, names=("URI:",)):
        """A certificate signed by the lab's authority with these subject alternative names."""
        cert, key = self.path / f"{name}.pem", self.path / f"{name}.key"
        if cert.exists():
            return cert, key
        extensions = self.path / f"{name}.ext"
        extensions.write_text("subjectAltName=" + ",".join(names) + "\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name[:60]}", "-keyout", key, "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", cert)
        return cert, key

    def service_certificate(self, service, site=SITE):
        """A SPIFFE certificate: the role of its bearer follows from the name of the service."""
        return self.certificate(
            f"{site}-{service}",
            (f"URI:spiffe://{TRUST_DOMAIN}/{site}/{service}", "DNS:localhost", "IP:127.0.0.1"))

    def rpc_settings(self, service, site=SITE):
        cert, key = self.service_certificate(service, site)
        return {"rpc.certificate_file": str(cert), "rpc.key_file": str(key),
                "rpc.ca_file": str(self.ca), "rpc.trust_domain": TRUST_DOMAIN}

    # The directory

    @property
    def directory(self):
        return self._directory

    def write_manifest(self, kind, name, spec, folder=""):
        """Writes a manifest in one move, as an editor or a ConfigMap does; the shell changes those
        in the folder "managed"."""
        manifest = {"apiVersion": "postern.dev/v1", "kind": kind, "metadata": {"name": name},
                    "spec": spec}
        self.write_raw(f"{kind.lower()}-{name}.yaml", yaml.safe_dump(manifest, sort_keys=False),
                       folder)

    def write_raw(self, file_name, text, folder=""):
        draft = self.path / (file_name + ".draft")
        draft.write_text(text)
        (self._directory / folder).mkdir(exist_ok=True)
        os.replace(draft, self._directory / folder / file_name)

    def connector(self, name, spaces, **spec):
        """A Send connector; its usage is Internet, so that Received stays to be looked at."""
        spec = {"name": name, "addressSpaces": list(spaces), "usage": "Internet",
                "sourceTransportServers": [f"site/{SITE}"], **spec}
        self.write_manifest("SendConnector", name.lower(), spec)

    def site(self, front_ends=(), servers=("mailbox-transport-0",)):
        self.write_manifest("Site", SITE, {"frontEnds": list(front_ends)} if front_ends else
                            {"comment": "without a front end"})
        for server in servers:
            self.write_manifest("TransportServer", server, {"site": SITE})

    # Small files

    def users_file(self, users):
        """name:password pairs as scrypt lines."""
        lines = []
        for name, password in users.items():
            salt = os.urandom(16)
            digest = hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1, dklen=32)
            coded = "$".join(base64.b64encode(part).decode() for part in (salt, digest))
            lines.append(f"{name}:scrypt$1024,8,1${coded}")
        path = self.path / "users"
        path.write_text("\n".join(lines) + "\n")
        return path


def json_lines(text):
    """The JSON log lines of a text; other lines are passed over."""
    lines = []
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
    return lines


def binary(name):
    places = {"mailbox-transport": "services/mailbox-transport/mailbox-transport",
              "frontend-transport": "services/frontend-transport/frontend-transport",
              "postern": "cli/postern"}
    path = BUILD / places[name]
    if not path.exists():
        raise RuntimeError(f"{path} is not built: run tools/build release, or set POSTERN_BUILD")
    return path
