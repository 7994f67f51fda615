"""tests/interop/services.py

Postern's two services and its shell, as a test starts, stops, kills and reads them.

Flow      MailboxTransport(lab, settings).start(); metrics(); log(); sigkill(); start() again on the
          same store.
Failure   start() fails with the service's own words when it ends or is not ready in time.
"""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import yaml

from harness import SITE, START_SECONDS, TRUST_DOMAIN, Process, binary, json_lines, wait_until

QUICK = {"queue.queue_glitch_retry_interval": "1s", "queue.message_retry_interval": "1s",
         "accept.tarpit_interval": "0s"}
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


class Metrics(dict):
    """Samples by name: {"name": [(labels, value), ...]}."""

    @staticmethod
    def parse(text):
        metrics = Metrics()
        for line in text.splitlines():
            found = SAMPLE.match(line)
            if found and not line.startswith("#"):
                labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found.group(2) or ""))
                metrics.setdefault(found.group(1), []).append((labels, float(found.group(3))))
        return metrics

    def total(self, name, **labels):
        """The sum over the samples that carry these labels; 0 when there is none."""
        return sum(value for have, value in self.get(name, ())
                   if all(have.get(key) == want for key, want in labels.items()))

    def quantile(self, name, q):
        """The upper bound of the histogram bucket in which the quantile lies, in seconds."""
        buckets = {}
        for labels, value in self.get(name + "_bucket", ()):
            bound = float(labels["le"].replace("+Inf", "inf"))
            buckets[bound] = buckets.get(bound, 0) + value
        count = buckets.get(float("inf"), 0)
        return min((b for b, seen in buckets.items() if count and seen >= q * count), default=0.0)


class Service:
    """One service process; start() may be called again after it ended."""

    binary_name = ""

    def __init__(self, lab, settings):
        self.lab = lab
        self.http_port = lab.free_port()
        self.http_address = f"127.0.0.1:{self.http_port}"
        # The world of these tests is on loopback.
        self.settings = {"server.http_address": self.http_address, "dns.refused_networks": [],
                         **settings}
        self.process = None
        self.past_logs = ""

    def write_settings(self):
        path = self.lab.path / f"{self.binary_name}-{self.http_port}.yaml"
        nested = {}
        for key, value in self.settings.items():
            group, name = key.split(".", 1)
            nested.setdefault(group, {})[name] = value
        path.write_text(yaml.safe_dump(nested))
        return path

    def command(self, *more):
        return [binary(self.binary_name), "--settings", self.write_settings(), *more]

    def launch(self, wrapper=()):
        if self.process is not None:
            self.past_logs += self.process.text()
        self.process = Process(self.lab, self.binary_name, [*wrapper, *self.command()])
        return self

    def start(self, wrapper=(), seconds=START_SECONDS):
        self.launch(wrapper)
        wait_until(self._ready_or_dead, seconds, f"{self.binary_name} to be ready")
        if not self.process.alive():
            raise AssertionError(f"{self.binary_name} ended at its start:\n{self.process.tail()}")
        return self

    def _ready_or_dead(self):
        return not self.process.alive() or self.ready()

    def get(self, path):
        """(status, text) of a page of the service; (0, "") when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self.http_address}{path}",
                                        timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self):
        return self.get("/readyz")[0] == 200

    def metrics(self):
        return Metrics.parse(self.get("/metrics")[1])

    def log(self, step=None, msg=None, all_runs=False):
        text = (self.past_logs if all_runs else "") + self.process.text()
        return [line for line in json_lines(text)
                if (step is None or line["step"] == step) and (msg is None or msg in line["msg"])]

    def sigterm(self, seconds=40):
        self.process.send(signal.SIGTERM)
        return self.process.wait(seconds)

    def sigkill(self):
        self.process.kill()

    def fails_to_start(self, seconds=START_SECONDS):
        """What it says on its way out; fails when it starts after all."""
        self.launch()
        wait_until(self._ready_or_dead, seconds, f"{self.binary_name} to refuse its start")
        assert not self.process.alive(), f"{self.binary_name} started:\n{self.process.tail()}"
        assert self.process.child.returncode == 1, self.process.tail()
        return self.process.text()

    def memory(self, what="VmHWM"):
        """A line of /proc/<pid>/status in bytes; VmHWM is the peak of resident memory."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(what + ":"):
                    return int(line.split()[1]) * 1024
        return 0


class MailboxTransport(Service):
    binary_name = "mailbox-transport"

    def __init__(self, lab, settings=None, name="mailbox-transport-0", listeners=None):
        self.smtp_port = lab.free_port()
        self.submission_port = lab.free_port()
        self.admin_port = lab.free_port()
        self.name = name
        defaults = {
            "server.name": name,
            "server.submission_address": f"127.0.0.1:{self.submission_port}",
            "server.admin_address": f"127.0.0.1:{self.admin_port}",
            "accept.listeners": listeners or
            [f"name=relay address=0.0.0.0:{self.smtp_port} tls=auto auth=none"],
            "store.path": str(lab.path / f"store-{name}"),
            "directory.path": str(lab.directory),
            "directory.poll_interval": "50ms",
            "directory.quiet_time": "20ms",
            **lab.rpc_settings("mailbox-transport"),
        }
        super().__init__(lab, {**defaults, **(settings or {})})

    def delivered(self):
        return self.metrics().total("postern_deliver_recipients_total", result="delivered")

    def ambiguous(self):
        return self.metrics().total("postern_deliver_ambiguous_total")

    def queued(self):
        return self.metrics().total("postern_queue_messages")

    def wait_empty(self, seconds=30):
        """Waits until nothing is queued. A message that moves from one queue to the next is in none
        of them for a moment: it is looked at twice."""
        def empty():
            metrics = self.metrics()
            return metrics and not (metrics.total("postern_queue_messages")
                                    + metrics.total("postern_queue_submission_messages"))

        def stays_empty():
            if not empty():
                return False
            time.sleep(0.05)
            return empty()
        wait_until(stays_empty, seconds, "the queue to be empty")

    def directory_version(self):
        lines = self.log("route", "directory in force")
        return lines[-1]["snapshot"] if lines else None


class FrontendTransport(Service):
    binary_name = "frontend-transport"

    def __init__(self, lab, settings=None):
        self.proxy_port = lab.free_port()
        defaults = {
            "server.name": "frontend-transport-0",
            "server.site": SITE,
            "server.proxy_address": f"127.0.0.1:{self.proxy_port}",
            **lab.rpc_settings("frontend-transport"),
        }
        super().__init__(lab, {**defaults, **(settings or {})})

    @property
    def address(self):
        return f"127.0.0.1:{self.proxy_port}"


class Shell:
    """The management shell, as one identity."""

    def __init__(self, lab, mailbox, service="administrator"):
        cert, key = lab.service_certificate(service)
        self.lab = lab
        self.environment = {
            **os.environ, "POSTERN_SERVER": f"127.0.0.1:{mailbox.admin_port}",
            "POSTERN_SUBMISSION": f"127.0.0.1:{mailbox.submission_port}",
            "POSTERN_CERTIFICATE": str(cert), "POSTERN_KEY": str(key), "POSTERN_CA": str(lab.ca),
            "POSTERN_TRUST_DOMAIN": TRUST_DOMAIN}

    def run(self, *words, check=True, seconds=30, output="table"):
        command = [str(binary("postern")), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds,
                              cwd=self.lab.path,
                              env={**self.environment, "POSTERN_OUTPUT": output})
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done

    def json(self, *words):
        return json.loads(self.run(*words, output="json").stdout)
