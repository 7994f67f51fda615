"""tests/interop/prometheus_test.py: a real Prometheus scrapes both services under load; every query
of the dashboards, and every series that a rule looks at, has data.

POSTERN_SECONDS says how long the load lasts (45). Needs Debian's package prometheus; without it the
test is skipped in one line.
"""

import json
import os
import pathlib
import re
import shutil
import sys
import threading
import time
import unittest
import urllib.parse
import urllib.request

import yaml

from cases import Case, main
from harness import ROOT, SITE, Process, wait_until
from load import Load
from peers import NameServer
from wire import WireClient, WireSink

SECONDS = int(os.environ.get("POSTERN_SECONDS", "45"))
BOARDS = sorted((ROOT / "deploy/k8s/dashboards").glob("*.json"))
RULES = ROOT / "deploy/k8s/alerts/postern.yaml"
SELECTOR = re.compile(r"\b((?:postern[_:](?!site\b)|process_|up\b)[\w:]*)(\{[^}]*\})?")
DOMAINS = ("direct", "proxied", "refuses", "defers")
# Queries that have no data although nothing is wrong, with the reason. None is known.
EMPTY = {}


class Prometheus:
    def __init__(self, lab, targets):
        self.port = lab.free_port()
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{
                "job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {
                    "namespace": "postern", "pod": f"{job}-0", "postern_site": SITE}}]}
                for job, port in targets.items()]}
        path = lab.path / "prometheus.yaml"
        path.write_text(yaml.safe_dump(settings))
        self.process = Process(lab, "prometheus", [
            "prometheus", f"--config.file={path}", f"--storage.tsdb.path={lab.path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"])

    def get(self, path, **words):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(words)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    def ready(self):
        try:
            return all(each["health"] == "up"
                       for each in self.get("/api/v1/targets")["data"]["activeTargets"])
        except OSError:
            return False

    def query(self, text):
        try:
            return self.get("/api/v1/query", query=text)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{text}: {error.read().decode()}") from error


def panels():
    for path in BOARDS:
        board = json.loads(path.read_text())
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield board["title"], panel["title"], target["expr"]


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"]
            for rule in group["rules"]]


def filled(query):
    """A panel's query as Grafana sends it."""
    for name, value in (("$namespace", ".*"), ("$pod", ".*"), ("$__rate_interval", "15s")):
        query = query.replace(name, value)
    return query


@unittest.skipUnless(shutil.which("prometheus"), "prometheus is not there: apt install prometheus")
class PrometheusTest(Case):
    def setUp(self):
        super().setUp()
        port = self.lab.free_port()
        answers = {"refuses": {"RCPT": "550 5.1.1 nobody of that name"},
                   "defers": {"RCPT": "451 4.7.1 come again"}}
        hosts = {}
        for number, domain in enumerate(DOMAINS):
            address = f"127.0.0.{21 + number}"
            hosts[f"mx.{domain}.test"] = address
            self.started(WireSink(port, address, answers=answers.get(domain), keep=False))
        names = NameServer(self.lab, mx={f"{domain}.test": [(10, f"mx.{domain}.test")]
                                         for domain in DOMAINS}, hosts=hosts).start()
        shown = str(self.lab.shown_certificate("mail.postern.test"))
        self.front_end = self.frontend({
            "egress.mx_port": port, "egress.dns_servers": [names.address],
            "egress.certificates_path": shown, "egress.addresses": ["address=127.0.0.1"]})
        self.lab.site([self.front_end.address])
        for domain in DOMAINS:
            self.lab.connector(domain.title(), [f"{domain}.test"],
                               frontendProxyEnabled=domain == "proxied")
        self.server = self.mailbox({
            "deliver.mx_port": port, "deliver.dns_servers": [names.address],
            "deliver.certificates_path": shown})

    def troubles(self, stop):
        """Mail that is refused, put off, or for nobody's connector."""
        with WireClient(self.server.smtp_port) as client:
            client.hello()
            while not stop.wait(0.2):
                for recipient in ("x@refuses.test", "x@defers.test", "x@nowhere.invalid"):
                    client.deliver("alice@sender.test", [recipient], b"Subject: x\r\n\r\nx\r\n")

    def test_every_panel_and_every_series_of_a_rule_has_data(self):
        prometheus = Prometheus(self.lab, {"mailbox-transport": self.server.http_port,
                                           "frontend-transport": self.front_end.http_port})
        wait_until(prometheus.ready, 20, "both targets to be up")
        stop = threading.Event()
        troubles = threading.Thread(target=self.troubles, args=(stop,), daemon=True)
        troubles.start()
        with Load(self.server.smtp_port, clients=2, recipient="bob@direct.test", pause=0.01), \
                Load(self.server.smtp_port, clients=2, recipient="bob@proxied.test", pause=0.01,
                     prefix="p"):
            time.sleep(SECONDS)
            empty = self.ask(prometheus)
        stop.set()
        troubles.join(10)
        self.assertEqual(set(empty), set(EMPTY), "queries without data")

    def ask(self, prometheus):
        empty, count = [], 0
        boards = {}
        for board, panel, query in panels():
            found = prometheus.query(filled(query))
            boards.setdefault(board, []).append(len(found))
            empty += [] if found else [f"{board}: {panel}: {query}"]
        for board, series in boards.items():
            print(f"{board}: {len(series)} queries, {sum(series)} series")
        for rule in rules():
            for name, labels in set(SELECTOR.findall(rule["expr"])):
                count += 1
                if not prometheus.query(name + labels):
                    empty.append(f"{rule.get('alert') or rule['record']}: {name}{labels}")
        states = {rule["name"]: (rule["health"], rule.get("state", ""))
                  for group in prometheus.get("/api/v1/rules")["data"]["groups"]
                  for rule in group["rules"]}
        self.assertEqual({health for health, _ in states.values()}, {"ok"}, states)
        active = sorted(name for name, (_, state) in states.items()
                        if state in ("pending", "firing"))
        print(f"{len(states)} rules, {count} selectors; pending or firing: {', '.join(active)}")
        return empty


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    main()
