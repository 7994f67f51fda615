"""tests/interop/grpc_channel.py

A channel to a service as a Python client of gRPC opens it, over mTLS, and the messages of its
interface: a second implementation beside our shell's.

Flow      (admin_pb2,) = messages("admin"); channel = open_channel(lab, port, "administrator").
Limits    The messages are made by protoc at the first use.
See       proto/postern/v1
"""

import atexit
import functools
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import grpc

from harness import ROOT


@functools.cache
def _generated():
    out = tempfile.mkdtemp(prefix="postern-proto-")
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    proto = ROOT / "proto"
    files = sorted(map(str, (proto / "postern" / "v1").glob("*.proto")))
    subprocess.run(["protoc", f"--proto_path={proto}", f"--python_out={out}", *files],
                   check=True, timeout=60)
    sys.path.insert(0, out)


def messages(*names):
    """The generated modules of these files."""
    _generated()
    return tuple(importlib.import_module(f"postern.v1.{name}_pb2") for name in names)


def open_channel(lab, port, service, options=()):
    cert, key = lab.service_certificate(service)
    credentials = grpc.ssl_channel_credentials(
        *(pathlib.Path(file).read_bytes() for file in (lab.ca, key, cert)))
    return grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=options)
