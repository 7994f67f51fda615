#!/usr/bin/env python3
"""Reads a DSN from standard input with Python's email package and prints it, a line a fact."""
import sys
from email import policy
from email.parser import BytesParser

raw = sys.stdin.buffer.read()
if b"\n" in raw.replace(b"\r\n", b"") or b"\r" in raw.replace(b"\r\n", b""):
    print("bare line end")
message = BytesParser(policy=policy.default).parsebytes(raw)
print("type", message.get_content_type(), message.get_param("report-type"))
for name in ("From", "To", "Subject", "Auto-Submitted", "In-Reply-To"):
    print(name, message[name])
print("defects", len(message.defects) + sum(len(part.defects) for part in message.walk()))
parts = list(message.iter_parts())
print("parts", " ".join(part.get_content_type() for part in parts))
people = list(parts[0].iter_parts()) if parts[0].is_multipart() else [parts[0]]
print("for people", " ".join(part.get_content_type() for part in people))
print("text", " | ".join(people[0].get_content().splitlines()[:3]))
status = parts[1].get_payload()
if isinstance(status, str):
    status = []
for block in status:
    for name, value in block.items():
        print("status", name, "=", " ".join(str(value).split()))
if len(parts) > 2:
    last = parts[2]
    if last.get_content_type() == "message/rfc822":
        inner = last.get_payload(0)
        print("original", inner["Subject"], "|", inner.get_payload().strip())
    else:
        print("headers", " | ".join(last.get_content().splitlines()[:2]))
