"""tests/interop/admin_api.py

The Admin service as a client that keeps its connection sees it: what a call costs without a shell.

Flow      api = AdminApi(lab, mailbox); api.queues(); api.page(filter=...); api.walk(...);
          api.count(filter); for answer in api.act("suspend", filter): ...; api.close()
Failure   grpc.RpcError, as gRPC gives it.
See       proto/postern/v1/admin.proto
"""

from grpc_channel import Caller, messages


def schema():
    return messages("admin")[0]


class AdminApi(Caller):
    def __init__(self, lab, mailbox, service="administrator"):
        # A server that was killed is asked again at once, not after a back-off.
        super().__init__("Admin", lab, mailbox.admin_port, service, (
            ("grpc.min_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 200)))

    def queues(self, filter=""):
        request = schema().GetQueueRequest(filter=filter)
        return self.unary("GetQueue", request, schema().GetQueueResponse).queues

    def page(self, resume=None, **terms):
        """One answer of Get-Message."""
        request = schema().GetMessageRequest(**terms)
        if resume is not None:
            request.resume.CopyFrom(resume)
        return self.unary("GetMessage", request, schema().GetMessageResponse)

    def walk(self, **terms):
        """All answers of one Get-Message, as they come."""
        resume = None
        while True:
            answer = self.page(resume, **terms)
            yield answer
            if not answer.HasField("next"):
                return
            resume = answer.next

    def count(self, filter):
        """How many messages fit."""
        *_, last = self.walk(filter=filter, page=dict(result_size=1, return_page_info=True))
        return last.page_info.total

    def act(self, action, filter, without_ndr=False):
        """All answers of one command on messages, as they come: "suspend", "resume", "remove"."""
        request = schema().MessageActionRequest(
            action=schema().MessageAction.Value(f"MESSAGE_ACTION_{action.upper()}"),
            filter=filter, without_ndr=without_ndr)
        while True:
            answer = self.unary("ActOnMessages", request, schema().ActionResponse)
            yield answer
            if not answer.HasField("next"):
                return
            request.resume.CopyFrom(answer.next)
