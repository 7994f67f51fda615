"""tests/kubernetes/dashboards_test.py: dashboards and rules, against the metrics that there are.

Skipped in one line where Debian's package prometheus (promtool) is not installed.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from alerts import CASES, MORE  # noqa: E402
from harness import ROOT, binary  # noqa: E402

RULES = ROOT / "deploy/k8s/alerts/postern.yaml"
BOARDS = sorted((ROOT / "deploy/k8s/dashboards").glob("*.json"))
METRIC = re.compile(r"\b((?:postern|process)_\w+)")
AS_THE_SERVER = ("/usr/bin/postern --certificate /etc/postern/tls/tls.crt "
                 "--key /etc/postern/tls/tls.key --ca /etc/postern/tls/ca.crt ")
OF_PROMETHEUS = {"postern_site"}  # a label of the scrape
# What deliver counts of direct and proxied mail alike; front ends have their own of the others.
OF_BOTH_WAYS = {"recipients_total", "sent_bytes_total"}


def declared():
    """The metrics that the services declare; docs/generated/metrics.md is written from the same."""
    said = "".join(subprocess.run([binary(service), "--print-metrics-markdown"], check=True,
                                  capture_output=True, text=True).stdout
                   for service in ("mailbox-transport", "frontend-transport"))
    return dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", said, re.MULTILINE))


def alerting():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"]
            for rule in group["rules"]]


def queries():
    """(where, query) of every panel and rule."""
    for path in BOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']}", target["expr"]
    for rule in alerting():
        yield rule.get("alert") or rule["record"], rule["expr"]


def promtool(*words):
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True)


class DashboardsTest(unittest.TestCase):
    def test_what_is_written_is_what_the_source_says(self):
        subprocess.run([ROOT / "tools/dashboards", "--check"], check=True)

    def test_each_query_asks_for_metrics_that_the_services_declare(self):
        known = declared()
        for place, query in queries():
            for name in set(METRIC.findall(query)) - OF_PROMETHEUS:
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                with self.subTest(place=place, metric=name):
                    histogram = base != name and known.get(base) == "histogram"
                    self.assertTrue(name in known or histogram, "no service declares it")

    def test_what_is_asked_of_direct_mail_is_asked_of_front_ends(self):
        known, asked = declared(), {}
        for place, query in queries():
            asked.setdefault(place, set()).update(METRIC.findall(query))
        for place, names in asked.items():
            for name in names:
                what = name.removeprefix("postern_deliver_")
                twin = f"postern_egress_{what}"
                if what == name or what in OF_BOTH_WAYS or twin not in known:
                    continue
                with self.subTest(place=place, metric=name):
                    if place != "PosternAmbiguous":  # told of both ways, with the reason
                        self.assertIn(twin, names)

    def test_each_alert_has_its_page_and_each_page_its_alert(self):
        names = {rule["alert"] for rule in alerting() if "alert" in rule}
        pages = {path.stem for path in (ROOT / "docs/runbooks").glob("Postern*.md")}
        self.assertEqual(names, pages)
        self.assertEqual(names, set(CASES))


    def test_a_command_of_a_page_can_be_run_as_it_stands(self):
        asked = 0
        for path in sorted((ROOT / "docs/runbooks").glob("Postern*.md")):
            text = path.read_text().replace("\\\n", " ")
            for command in re.findall(r"^ *(kubectl .*)$|`((?:kubectl|postern) [^`]*)`", text,
                                      re.MULTILINE):
                with self.subTest(page=path.stem, command=command):
                    words = " ".join("".join(command).split())
                    if not re.match(r"kubectl (delete node|apply)\b|postern (Rescue|Salvage)-",
                                    words):
                        self.assertTrue(words.startswith("kubectl --namespace postern "), words)
                    if "/usr/bin/postern" in words:
                        self.assertIn(AS_THE_SERVER, words)
                        asked += 1
        self.assertGreater(asked, 7)


@unittest.skipUnless(shutil.which("promtool"), "promtool is not there: apt install prometheus")
class RulesTest(unittest.TestCase):
    def test_promtool_finds_nothing_wrong(self):
        done = promtool("check", "rules", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_fires_when_it_must_and_only_then(self):
        known = {rule["alert"]: rule for rule in alerting() if "alert" in rule}
        cases = [case for name, (minutes, fires, quiet) in CASES.items()
                 for case in ((name, minutes, fires, True), (name, minutes, quiet, False))] + MORE
        for name, minutes, series, expected in cases:
            with self.subTest(alert=name, fires=expected, series=series):
                fired = self.fired(name, minutes, series)
                self.assertEqual(bool(fired), expected, known[name]["expr"])
        print(f"{len(CASES)} alerts, {len(cases)} cases: each fires and stays quiet at least once")

    def fired(self, name, minutes, series):
        """Whether promtool finds the alert firing: it reports alerts that were not expected."""
        case = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [{
            "interval": "1m",
            "input_series": [{"series": one, "values": values} for one, values in series],
            "alert_rule_test": [{"eval_time": f"{minutes}m", "alertname": name}]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(case, file)
            file.flush()
            done = promtool("test", "rules", file.name)
        said = done.stdout + done.stderr
        if done.returncode == 0:
            return False
        self.assertRegex(said, rf"alertname:\s*{name}|alertname=\"{name}\"", said)
        return True


if __name__ == "__main__":
    unittest.main()
