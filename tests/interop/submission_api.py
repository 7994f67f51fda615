"""tests/interop/submission_api.py

The Submission service as a Python client of gRPC sees it: content goes as it is given.

Flow      api = SubmissionApi(lab, mailbox); api.submit(sender, [recipient], content); api.close()
Failure   grpc.RpcError, as gRPC gives it.
See       proto/postern/v1/submission.proto
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

CHUNK = 2 ** 18


@functools.cache
def schema():
    """The generated module of submission.proto."""
    out = tempfile.mkdtemp(prefix="postern-proto-")
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    proto = ROOT / "proto"
    subprocess.run(["protoc", f"--proto_path={proto}", f"--python_out={out}",
                    *(str(proto / "postern" / "v1" / f"{name}.proto") for name in (
                        "submission", "mail"))], check=True, timeout=60)
    sys.path.insert(0, out)
    return importlib.import_module("postern.v1.submission_pb2")


class SubmissionApi:
    def __init__(self, lab, mailbox, service="app-demo"):
        cert, key = lab.service_certificate(service)
        credentials = grpc.ssl_channel_credentials(
            *(pathlib.Path(file).read_bytes() for file in (lab.ca, key, cert)))
        self._channel = grpc.secure_channel(f"127.0.0.1:{mailbox.submission_port}", credentials)
        self._call = self._channel.stream_unary(
            "/postern.v1.Submission/Submit",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=schema().SubmitResponse.FromString)

    def close(self):
        self._channel.close()

    def submit(self, sender, recipients, content, seconds=30):
        first = schema().SubmitRequest()
        first.envelope.envelope.sender = sender
        for recipient in recipients:
            first.envelope.envelope.recipients.add(address=recipient)
        chunks = [schema().SubmitRequest(content=content[at:at + CHUNK])
                  for at in range(0, len(content), CHUNK)]
        return self._call(iter([first, *chunks]), timeout=seconds, wait_for_ready=True)
