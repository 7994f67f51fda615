"""Reads the messages of proto/postern/v1/resources.proto, with the comments of their fields."""

import dataclasses
import re

FIELD = re.compile(r"^\s*(optional |repeated )?(\w+) (\w+) = \d+;\s*(?://\s*(.*))?$")


@dataclasses.dataclass
class Field:
    name: str      # lowerCamelCase, as in manifests
    type: str      # string, bool, int32, or a message
    repeated: bool
    about: str


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def messages(text):
    """{message: [Field]}"""
    found, fields, above = {}, None, []
    for line in text.splitlines():
        opened = re.match(r"^message (\w+) \{", line)
        field = FIELD.match(line)
        if opened:
            fields = found.setdefault(opened.group(1), [])
        elif field and fields is not None:
            label, kind, name, about = field.groups()
            fields.append(Field(camel(name), kind, label == "repeated ",
                                " ".join([*above, about or ""]).strip()))
        comment = re.match(r"^\s*// (.*)$", line)
        above = [*above, comment.group(1)] if comment else []
    return found
