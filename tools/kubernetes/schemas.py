"""Writes strict JSON schemas for kubeconform: an unknown field is a mistake.

Flow      schemas.py SWAGGER FOLDER: of every built-in kind, from the OpenAPI of Kubernetes; of
          ours, from deploy/k8s/crds; of other people's operators, from tests/kubernetes/schemas.
Limits    A file for each kind, named <kind>-<group>-<version>.json as kubeconform asks for it.
"""

import json
import pathlib
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANY = {"type": ["string", "integer", "null"]}
OPAQUE = ("JSON", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrStringArray")


def strict(schema):
    """Without fields that are not named, wherever fields are named."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {name: strict(field) for name, field in value.items()}
        elif not key.startswith("x-kubernetes"):
            made[key] = strict(value)
    if "properties" in made and "additionalProperties" not in made:
        made["additionalProperties"] = False
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        made["additionalProperties"] = True
    if schema.get("format") == "int-or-string":
        return ANY
    return made


def definitions(swagger):
    text = json.dumps(json.loads(swagger.read_text())["definitions"])
    found = json.loads(text)
    made = {}
    for name, schema in found.items():
        made[name] = {} if name.rsplit(".", 1)[1] in OPAQUE else strict(schema)
        if name.endswith(".Quantity"):
            made[name] = {"type": ["string", "number"]}
    return found, made


def write(folder, kind, group, version, schema):
    name = "-".join(part for part in (kind, group.split(".")[0], version) if part).lower()
    (folder / f"{name}.json").write_text(json.dumps(schema))


def used(name, made, seen):
    """The definitions that a kind leads to."""
    if name in seen:
        return seen
    seen.add(name)
    for part in json.dumps(made[name]).split('"#/definitions/')[1:]:
        used(part.split('"')[0], made, seen)
    return seen


def built_in(swagger, folder):
    found, made = definitions(swagger)
    for name, schema in found.items():
        for kind in schema.get("x-kubernetes-group-version-kind", [])[:1]:
            if kind["kind"].endswith("List"):
                continue
            write(folder, kind["kind"], kind["group"], kind["version"], {
                "$ref": f"#/definitions/{name}",
                "definitions": {each: made[each] for each in used(name, made, set())}})


def custom(folder):
    meta = {"type": "object"}
    for path in sorted((ROOT / "deploy/k8s/crds").glob("*s.yaml")):
        spec = yaml.safe_load(path.read_text())["spec"]
        schema = strict(spec["versions"][0]["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = meta
        write(folder, spec["names"]["kind"], spec["group"], "v1", schema)
    for path in sorted((ROOT / "tests/kubernetes/schemas").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            group, version = document["apiVersion"].split("/")
            write(folder, document["kind"], group, version, strict({
                "type": "object", "required": ["apiVersion", "kind", "metadata", "spec"],
                "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
                               "metadata": meta, "spec": document["schema"]}}))


def main():
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    built_in(pathlib.Path(sys.argv[1]), folder)
    custom(folder)


if __name__ == "__main__":
    main()
