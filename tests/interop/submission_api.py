"""tests/interop/submission_api.py

The Submission service as a Python client of gRPC sees it: content goes as it is given.

Flow      api = SubmissionApi(lab, mailbox); api.submit(sender, [recipient], content); api.close()
Failure   grpc.RpcError, as gRPC gives it.
See       proto/postern/v1/submission.proto
"""

from grpc_channel import SECONDS, Caller, messages

CHUNK = 2 ** 18


def schema():
    """The generated module of submission.proto."""
    return messages("submission", "mail")[0]


class SubmissionApi(Caller):
    def __init__(self, lab, mailbox, service="app-demo"):
        super().__init__("Submission", lab, mailbox.submission_port, service)

    def submit(self, sender, recipients, content, seconds=SECONDS):
        first = schema().SubmitRequest()
        first.envelope.envelope.sender = sender
        for recipient in recipients:
            first.envelope.envelope.recipients.add(address=recipient)
        chunks = [schema().SubmitRequest(content=content[at:at + CHUNK])
                  for at in range(0, len(content), CHUNK)]
        call = self.method("stream_unary", "Submit", schema().SubmitResponse)
        return call(iter([first, *chunks]), timeout=seconds, wait_for_ready=True)
