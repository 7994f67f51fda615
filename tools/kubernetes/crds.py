"""Writes the CustomResourceDefinitions, one file for each kind, from the proto and its rules.

Flow      crds.py FOLDER
Failure   A rule for a field that the proto does not have ends it with the field's path.
See       crd_rules.py, crd_cross.py
"""

import pathlib
import sys

import yaml

sys.dont_write_bytecode = True
import crd_cross  # noqa: E402
import crd_rules  # noqa: E402
import proto  # noqa: E402
from cel import SLUG, SLUG_WORDS, rule, text  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY = '.status.conditions[?(@.type=="Ready")]'
NAMES = {  # plural, short names, printer columns
    "SendConnector": ("sendconnectors", ["sc"], [
        ("Enabled", "boolean", ".spec.enabled"), ("Usage", "string", ".spec.usage"),
        ("AddressSpaces", "string", ".spec.addressSpaces"),
        ("Route", "string", ".spec.smartHosts"),
        ("FrontEnd", "boolean", ".spec.frontendProxyEnabled")]),
    "Site": ("sites", ["psite"], [
        ("FrontEnds", "string", ".spec.frontEnds"), ("Hub", "boolean", ".spec.hubSiteEnabled")]),
    "SiteLink": ("sitelinks", ["slink"], [
        ("Sites", "string", ".spec.sites"), ("Cost", "integer", ".spec.cost"),
        ("ExchangeCost", "integer", ".spec.exchangeCost"),
        ("MaxMessageSize", "string", ".spec.maxMessageSize")]),
    "TransportServer": ("transportservers", ["ts"], [
        ("Site", "string", ".spec.site"), ("RelayAddress", "string", ".spec.relayAddress")]),
    "AcceptedDomain": ("accepteddomains", ["ad"], [
        ("DomainName", "string", ".spec.domainName"), ("Type", "string", ".spec.domainType"),
        ("Default", "boolean", ".spec.default")]),
    "TransportConfig": ("transportconfigs", ["tc"], [
        ("MaxReceiveSize", "string", ".spec.maxReceiveSize"),
        ("MaxRecipients", "integer", ".spec.maxRecipientEnvelopeLimit")]),
}
TYPES = {"string": {"type": "string"}, "bool": {"type": "boolean"},
         "int32": {"type": "integer", "format": "int32"}}
STATUS = {
    "type": "object", "description": "What the servers see of the resource.", "properties": {
        "conditions": {
            "type": "array", "maxItems": 8, "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"], "items": {
                "type": "object", "required": ["type", "status"], "properties": {
                    "type": {"type": "string", "maxLength": 64},
                    "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
                    "reason": {"type": "string", "maxLength": 128},
                    "message": {"type": "string", "maxLength": 4096},
                    "observedGeneration": {"type": "integer", "format": "int64"},
                    "lastTransitionTime": {"type": "string", "format": "date-time"}}}},
        "servers": {
            "type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 253},
            "description": "Live servers that use it."}}}


class Schemas:
    def __init__(self, messages, kind):
        self.messages = messages
        self.extras = dict(crd_rules.FIELDS[kind])
        self.kind = kind

    def of(self, field, path):
        if field.repeated:
            schema = {"type": "array", "items": self.value(field, path + "[]")}
        else:
            schema = self.value(field, path)
        if field.about:
            schema["description"] = field.about
        return self.extra(schema, path)

    def value(self, field, path):
        if field.type in TYPES:
            schema = dict(TYPES[field.type])
        else:
            schema = self.message(field.type, path + ".")
            if field.type == "Grant":
                schema["x-kubernetes-validations"] = crd_cross.RULES_ON_GRANT
        return self.extra(schema, path) if field.repeated else schema

    def message(self, name, prefix=""):
        return {"type": "object", "properties": {
            field.name: self.of(field, prefix + field.name) for field in self.messages[name]}}

    def extra(self, schema, path):
        more = dict(self.extras.pop(path, {}))
        rules = more.pop("rules", [])
        if rules:
            more["x-kubernetes-validations"] = rules
        return {**schema, **more}


def definition(messages, kind):
    plural, short, columns = NAMES[kind]
    schemas = Schemas(messages, kind)
    spec = schemas.message(f"{kind}Spec")
    if schemas.extras:
        raise SystemExit(f"crds: {kind} has no field {', '.join(schemas.extras)}")
    if crd_cross.RULES_ON[kind]:
        spec["x-kubernetes-validations"] = crd_cross.RULES_ON[kind]
    root = {
        "type": "object", "required": ["spec"],
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
                       "metadata": {"type": "object"}, "spec": spec, "status": STATUS},
        "x-kubernetes-validations": [
            rule(f"self.metadata.name.matches({text(SLUG)})", SLUG_WORDS),
            *crd_cross.RULES_ON_ROOT.get(kind, [])]}
    shown = [{"name": name, "type": of, "jsonPath": path} for name, of, path in columns]
    shown += [{"name": "Ready", "type": "string", "jsonPath": f"{READY}.status"},
              {"name": "Reason", "type": "string", "jsonPath": f"{READY}.reason"},
              {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.postern.dev",
                     "labels": {"app.kubernetes.io/part-of": "postern"}},
        "spec": {
            "group": "postern.dev", "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural,
                      "singular": kind.lower(), "shortNames": short, "categories": ["postern"]},
            "versions": [{"name": "v1", "served": True, "storage": True,
                          "subresources": {"status": {}}, "additionalPrinterColumns": shown,
                          "schema": {"openAPIV3Schema": root}}]}}


class Plain(yaml.SafeDumper):
    """No anchors, and an element of a list indented below its key."""

    def ignore_aliases(self, data):
        return True

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


Plain.add_multi_representer(str, lambda dumper, value: dumper.represent_str(str(value)))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    messages = proto.messages((ROOT / "proto/postern/v1/resources.proto").read_text())
    for kind, (plural, _, _) in NAMES.items():
        made = yaml.dump(definition(messages, kind), Dumper=Plain, sort_keys=False, width=100)
        (folder / f"{plural}.yaml").write_text(
            "# Written by tools/crds from resources.proto and tools/kubernetes/crd_rules.py.\n"
            + made)
    files = "".join(f"  - {plural}.yaml\n" for plural, _, _ in NAMES.values())
    (folder / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n" + files)


if __name__ == "__main__":
    main()
