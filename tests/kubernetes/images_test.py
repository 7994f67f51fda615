"""tests/kubernetes/images_test.py: the images as they are run: not as root, on a root that is
read-only, without capabilities; the main job goes through both.

Needs the images (tools/image, or tools/image --tree), and podman with runc to run them. What is
missing is said in one line.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from containers import (  # noqa: E402
    IMAGES, SERVICES, USER, Podman, image, missing_images, restricted)
from harness import ROOT, Lab, wait_until  # noqa: E402
from peers import NameServer, swaks  # noqa: E402
from services import FrontendTransport, MailboxTransport  # noqa: E402
from wire import WireSink  # noqa: E402

# The three settings without which no service starts; the files are not looked at.
TRIED = " ".join(f"--set rpc.{name}_file=/etc/postern/tls/{name}"
                 for name in ("certificate", "key", "ca"))


def setUpModule():
    if why := missing_images():
        raise unittest.SkipTest(why)


def contained(service, podman, store):
    """The service as a container instead of a process."""
    class Contained(service):
        def command(self, *more):
            path = self.write_settings()
            for file in self.lab.path.rglob("*"):
                os.chmod(file, 0o755 if file.is_dir() else 0o644)
            return [*podman.run_words(self.binary_name, self.lab, store, self.binary_name),
                    "--settings", path, *more]

    return Contained


class FilesTest(unittest.TestCase):
    def test_the_image_has_its_binaries_and_no_shell(self):
        for service in SERVICES:
            root = IMAGES / service
            found = {path.name for path in (root / "usr/bin").iterdir()}
            own = {service} | ({"postern"} if service == "mailbox-transport" else set())
            self.assertEqual(found, own)
            self.assertFalse((root / "usr/sbin").exists())

    def test_its_packages_are_those_of_the_list(self):
        for service in SERVICES:
            listed = (ROOT / f"deploy/images/packages-{service}.txt").read_text().split()
            rows = (IMAGES / f"{service}.packages").read_text().splitlines()
            self.assertEqual(sorted(listed), sorted(row.split("\t")[0] for row in rows))

    def test_the_sbom_names_each_package_and_each_file(self):
        for service in SERVICES:
            document = json.loads((IMAGES / f"{service}.spdx.json").read_text())
            rows = (IMAGES / f"{service}.packages").read_text().splitlines()
            self.assertEqual(document["spdxVersion"], "SPDX-2.3")
            self.assertEqual({f"{each['name']}\t{each['versionInfo']}"
                              for each in document["packages"][1:]}, set(rows))
            files = [path for path in (IMAGES / service).rglob("*")
                     if path.is_file() and not path.is_symlink()]
            self.assertEqual(len(document["files"]), len(files))
            print(f"{service}: {len(rows)} packages, {len(files)} files, "
                  f"{(IMAGES / f'{service}.tar').stat().st_size / 2 ** 20:.1f} MiB packed")

    @unittest.skipUnless(os.geteuid() == 0, "chroot needs root")
    def test_each_binary_runs_as_a_user_without_rights_on_a_root_that_is_read_only(self):
        for service in SERVICES:
            script = ('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && '
                      f'exec chroot --userspec={USER}:{USER} "$0" /usr/bin/{service} '
                      f'--check {TRIED}')
            done = subprocess.run(["unshare", "--mount", "sh", "-c", script, IMAGES / service],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


@unittest.skipUnless(shutil.which("podman") and shutil.which("runc"), "no podman with runc here")
class ContainersTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="postern-podman-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.podman = Podman(self.folder)
        self.addCleanup(self.podman, "rm", "--all", "--force", "--time", "5", check=False)
        self.podman.load()
        self.store = pathlib.Path(self.folder, "volume")
        self.store.mkdir()
        os.chown(self.store, USER, USER)

    def test_the_main_job_through_both(self):
        tried = self.podman("run", "--rm", "--network", "host", "--ulimit", "nofile=4096:4096",
                            "--ulimit", "nproc=4096:4096", f"localhost/{image(SERVICES[1])}",
                            "--check", *TRIED.split(), check=False)
        if tried.returncode:
            self.skipTest("podman runs no container here: "
                          + tried.stderr.strip().splitlines()[-1][:200])
        with Lab() as lab:
            port = lab.free_port()
            sinks = [WireSink(port, "127.0.0.31").start(), WireSink(port, "127.0.0.32").start()]
            self.addCleanup(lambda: [sink.stop() for sink in sinks])
            names = NameServer(lab, mx={"direct.test": [(10, "a.test")],
                                        "proxied.test": [(10, "b.test")]},
                               hosts={"a.test": "127.0.0.31", "b.test": "127.0.0.32"}).start()
            front_end = contained(FrontendTransport, self.podman, self.store)(lab, {
                "egress.mx_port": port, "egress.dns_servers": [names.address]}).start()
            lab.site([front_end.address])
            lab.connector("direct", ["direct.test"])
            lab.connector("proxied", ["proxied.test"], frontendProxyEnabled=True)
            server = contained(MailboxTransport, self.podman, self.store)(lab, {
                "store.path": "/var/lib/postern/store", "deliver.mx_port": port,
                "deliver.dns_servers": [names.address]}).start()
            for service in (server, front_end):
                restricted(self, self.podman.facts(service.binary_name))
            for recipient, sink in (("bob@direct.test", sinks[0]), ("eve@proxied.test", sinks[1])):
                code, said = swaks(server.smtp_port, "--from", "alice@sender.test", "--to",
                                   recipient)
                self.assertEqual(code, 0, said)
                self.assertTrue(re.search(r"250 2\.6\.0", said), said)
                wait_until(lambda sink=sink: len(sink.messages) == 1, 20, recipient)
            server.wait_empty()
            server.sigterm()
            front_end.sigterm()
        print("one message directly, one through the front end; uid 65532, no capability, root ro")


if __name__ == "__main__":
    unittest.main()
