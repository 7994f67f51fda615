"""Writes dashboards, rules and their Kubernetes forms from panels.py and rules.py.

Flow      observability.py FOLDER: FOLDER/dashboards, FOLDER/alerts, FOLDER/components/monitoring
Failure   An alert without its page in docs/runbooks ends it with the name of the page.
"""

import json
import pathlib
import sys

import yaml

sys.dont_write_bytecode = True
import panels  # noqa: E402
import rules  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTE = "# Written by tools/dashboards from tools/kubernetes/rules.py.\n"
SOURCE = {"type": "prometheus", "uid": "${source}"}
RUNBOOKS = "docs/runbooks"


def slug(title):
    return "postern-" + title.lower().replace(" ", "-")


def panel(number, title, unit, targets):
    return {
        "id": number + 1, "type": "timeseries", "title": title, "datasource": SOURCE,
        "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "table", "placement": "right", "calcs": ["last"]},
                    "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [{"refId": chr(65 + place), "datasource": SOURCE, "expr": query,
                     "legendFormat": legend}
                    for place, (query, legend) in enumerate(targets)]}


def variable(name, label, query):
    return {"type": "query", "name": name, "label": label, "datasource": SOURCE, "query": query,
            "refresh": 2, "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"text": "All", "value": "$__all"}}


def board(title, rows):
    return {
        "uid": slug(title), "title": f"Postern / {title}", "tags": ["postern"], "version": 1,
        "schemaVersion": 39, "editable": False, "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"}, "timezone": "utc", "annotations": {"list": []},
        "links": [{"type": "dashboards", "tags": ["postern"], "title": "Postern",
                   "asDropdown": True, "keepTime": True, "includeVars": True}],
        "templating": {"list": [
            {"type": "datasource", "name": "source", "label": "Source", "query": "prometheus",
             "current": {}},
            variable("namespace", "Namespace", "label_values(postern_build_info, namespace)"),
            variable("pod", "Pod",
                     'label_values(postern_build_info{namespace=~"$namespace"}, pod)')]},
        "panels": [panel(number, *row) for number, row in enumerate(rows)]}


def groups():
    recorded = [{"record": name, "expr": query} for name, query in rules.RECORDED.items()]
    alerts = []
    for name, (query, held, severity, sentence) in rules.ALERTS.items():
        page = f"{RUNBOOKS}/{name}.md"
        if not (ROOT / page).exists():
            raise SystemExit(f"dashboards: write {page}")
        alerts.append({"alert": name, "expr": query, "for": held,
                       "labels": {"severity": severity},
                       "annotations": {"summary": sentence, "runbook": page}})
    return [{"name": "postern-recorded", "rules": recorded},
            {"name": "postern-alerts", "rules": alerts}]


def dump(path, note, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(note + yaml.safe_dump(value, sort_keys=False, width=100))


def main():
    folder = pathlib.Path(sys.argv[1])
    boards = folder / "dashboards"
    boards.mkdir(parents=True, exist_ok=True)
    for title, rows in panels.BOARDS.items():
        (boards / f"{slug(title)}.json").write_text(json.dumps(board(title, rows), indent=1) + "\n")
    dump(boards / "kustomization.yaml", NOTE.replace("rules.py", "panels.py"), {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component",
        "configMapGenerator": [{
            "name": slug(title), "files": [f"{slug(title)}.json"],
            "options": {"disableNameSuffixHash": True, "labels": {"grafana_dashboard": "1"}}}
            for title in panels.BOARDS]})
    dump(folder / "alerts/postern.yaml", NOTE, {"groups": groups()})
    dump(folder / "components/monitoring/rules.yaml", NOTE, {
        "apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
        "metadata": {"name": "postern"}, "spec": {"groups": groups()}})


if __name__ == "__main__":
    main()
