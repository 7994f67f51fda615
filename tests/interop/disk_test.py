"""tests/interop/disk_test.py: a store on a small disk that fills up under load.

The disk is a file system in a file, mounted in the mount namespace of the service; what fills it is
put there from outside, as a log of a neighbour would be.
"""

import os
import shutil
import subprocess
import threading
import time
import unittest

from cases import Case, main, message
from harness import wait_until
from wire import WireClient, WireSink

DISK_MIB = 600
BODY = "x" * 70 + "\r\n"


@unittest.skipUnless(os.getuid() == 0, "a file system is mounted only as root")
class DiskTest(Case):
    def setUp(self):
        super().setUp()
        self.image, self.mount = self.lab.path / "disk.img", self.lab.path / "disk"
        self.mount.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(DISK_MIB << 20)
        self._make_disk()
        self.sink = self.started(WireSink(self.lab.free_port(), keep=True))
        self.to_smart_host(self.sink.port)
        self.accepted, self.refusals, self.loading = [], [], True

    def _make_disk(self):
        """Skips where a machine has no file system in a file, as in some containers."""
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        mkfs = shutil.which("mkfs.ext4", path=path)
        if mkfs is None:
            self.skipTest("mkfs.ext4 is not there: apt install e2fsprogs")
        made = subprocess.run([mkfs, "-q", "-m", "0", self.image], capture_output=True, text=True,
                              check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        mounted = subprocess.run(
            ["unshare", "--mount", "sh", "-c", f"mount -o loop {self.image} {self.mount}"],
            capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"a file cannot be mounted here: {mounted.stderr.strip()}")

    def on_disk(self, settings=None):
        return self.mailbox({
            "store.path": str(self.mount / "store"), "store.disk_reserve": "8MB",
            "store.disk_check_interval": "200ms", "pressure.resource_monitoring_interval": "200ms",
            "queue.transient_failure_retry_interval": "1s", **(settings or {})},
            wrapper=("unshare", "--mount", "sh", "-c",
                     f"mount -o loop {self.image} {self.mount} && exec \"$@\"", "--"))

    def inside(self, transport, *words):
        return subprocess.run(["nsenter", "--mount", "-t", str(transport.process.pid), *words],
                              capture_output=True, text=True, timeout=60, check=False)

    def available(self, transport):
        told = self.inside(transport, "stat", "-f", "-c", "%a %S", self.mount)
        blocks, size = told.stdout.split()
        return int(blocks) * int(size)

    def fill(self, transport, leave):
        size = self.available(transport) - leave
        done = self.inside(transport, "fallocate", "-l", str(size), self.mount / "neighbour")
        self.assertEqual(done.returncode, 0, done.stderr)

    def free(self, transport):
        self.inside(transport, "rm", self.mount / "neighbour")

    def load(self, transport, lane):
        number = 0
        with WireClient(transport.smtp_port) as client:
            client.hello()
            while self.loading:
                number += 1
                subject = f"{lane}-{number}"
                code, text = client.deliver("alice@sender.test", ["bob@contoso.test"],
                                            message(subject, body=BODY * 400))
                if code == 250:
                    self.accepted.append(subject)
                elif not self.loading:
                    break
                else:
                    self.refusals.append(text)
                    client.say("RSET")
                    time.sleep(0.05)

    def under_load(self, transport, lanes=4):
        threads = [threading.Thread(target=self.load, args=(transport, lane))
                   for lane in range(lanes)]
        for thread in threads:
            thread.start()

        def end():
            self.loading = False
            for thread in threads:
                thread.join(30)
        return end

    def delivered(self):
        return sorted(bytes(one.data).split(b"Subject: ")[1].split(b"\r\n")[0].decode()
                      for one in self.sink.messages)

    def refused_since(self, count, seconds=20):
        wait_until(lambda: len(self.refusals) > count + 20, seconds, "refusals")
        return set(self.refusals[count:])

    def test_a_disk_that_fills_under_load_loses_nothing_and_comes_back_by_itself(self):
        self.sink.answers["GREETING"] = "421 4.3.2 not now"
        # Only the store's own guard and the disk itself stand in the way.
        transport = self.on_disk({"pressure.resource_monitoring_enabled": False,
                                  "store.disk_reserve": "0B"})
        end = self.under_load(transport)
        wait_until(lambda: len(self.accepted) > 200, 30, "accepted messages")
        self.fill(transport, leave=3 << 20)
        refused = self.refused_since(0, 60)
        self.assertTrue(all("4.3.1" in text for text in refused), refused)
        full = len(self.accepted)
        time.sleep(1)
        self.free(transport)
        wait_until(lambda: len(self.accepted) > full + 100, 30, "acceptances after space returned")
        end()
        self.assertEqual(transport.process.alive(), True)
        self.sink.answers.pop("GREETING")
        transport.wait_empty(60)
        # The last receipt comes before its message is in the queue.
        self.sink.wait_for(len(self.accepted), 5)
        self.assertEqual(self.delivered(), sorted(self.accepted))
        print(f"accepted {len(self.accepted)}, refused {len(self.refusals)}, "
              f"delivered {len(self.sink.messages)}, each once")

    def test_back_pressure_refuses_before_the_disk_is_full_and_tells_why(self):
        transport = self.on_disk()
        end = self.under_load(transport, lanes=1)
        wait_until(lambda: len(self.accepted) > 20, 30, "accepted messages")
        self.fill(transport, leave=50 << 20)  # a tenth of it is the reserve
        refused = self.refused_since(0)
        self.assertEqual(refused, {"4.3.1 insufficient system resources"})
        risen = transport.log("accept", "back pressure rises")
        self.assertIn("store disk", {line["resource"] for line in risen})
        metrics = transport.metrics()
        self.assertGreaterEqual(
            metrics.total("postern_accept_pressure_level", resource="store disk"), 1)
        self.assertGreater(metrics.total("postern_accept_refusals_total", **{"class": "full"}), 20)
        before = len(self.accepted)
        self.free(transport)
        wait_until(lambda: len(self.accepted) > before + 20, 20, "acceptances")
        end()
        self.assertTrue(transport.log("accept", "back pressure falls"))
        transport.wait_empty(30)
        # The last receipt comes before its message is in the queue.
        self.sink.wait_for(len(self.accepted), 5)
        self.assertEqual(self.delivered(), sorted(self.accepted))


if __name__ == "__main__":
    main()
