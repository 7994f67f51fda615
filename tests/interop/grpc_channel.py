"""tests/interop/grpc_channel.py

A service as a Python client of gRPC calls it, over mTLS, and the messages of its interface: a
second implementation beside our shell's.

Flow      (admin_pb2,) = messages("admin"); caller = Caller("Admin", lab, port, "administrator");
          caller.unary("GetQueue", request, admin_pb2.GetQueueResponse); caller.close().
Failure   grpc.RpcError, as gRPC gives it.
Limits    The messages are made by protoc at the first use. Every unary call has a deadline.
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

SECONDS = 30


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


class Caller:
    """One caller of one service of postern.v1, with the certificate of the service `bearer`."""

    def __init__(self, called, lab, port, bearer, options=()):
        self.called = called
        cert, key = lab.service_certificate(bearer)
        credentials = grpc.ssl_channel_credentials(
            *(pathlib.Path(file).read_bytes() for file in (lab.ca, key, cert)))
        self._channel = grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=options)
        self._calls = {}

    def close(self):
        self._channel.close()

    def unary(self, name, request, answer, seconds=SECONDS):
        # Python's gRPC goes on with a connection only while a call waits for it.
        return self.method("unary_unary", name, answer)(request, timeout=seconds,
                                                        wait_for_ready=True)

    def method(self, shape, name, answer):
        """A method as gRPC's channel has it; `shape` is "unary_unary", "unary_stream", ..."""
        if name not in self._calls:
            self._calls[name] = getattr(self._channel, shape)(
                f"/postern.v1.{self.called}/{name}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=answer.FromString)
        return self._calls[name]
