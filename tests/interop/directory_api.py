"""tests/interop/directory_api.py

The Directory service as a Python client of gRPC sees it, over mTLS: a second implementation of the
interface beside our shell's.

Flow      api = DirectoryApi(lab, mailbox); api.create(connector("Internet")); api.close().
Failure   grpc.RpcError, as gRPC gives it; code_of(error) is its word.
Limits    Every call has a deadline. The messages are made by protoc at the first use.
See       proto/postern/v1/directory.proto
"""

from grpc_channel import SECONDS, Caller, messages
from harness import SITE


def schema():
    """The generated module of directory.proto and that of resources.proto."""
    return messages("directory", "resources")


def resource(field, metadata_name="", /, **spec):
    """A Resource: resource("site", "north", comment="x"), resource("send_connector", ...)."""
    made = schema()[1].Resource()
    made_object = getattr(made, field)
    made_object.SetInParent()
    made_object.metadata.name = metadata_name
    made_object.spec.SetInParent()
    for key, value in spec.items():
        if isinstance(value, (list, tuple)):
            getattr(made_object.spec, key).extend(value)
        else:
            setattr(made_object.spec, key, value)
    return made


def connector(name, metadata_name="", /, **spec):
    spec = {"name": name, "address_spaces": ["*.test"],
            "source_transport_servers": [f"site/{SITE}"], **spec}
    return resource("send_connector", metadata_name, **spec)


def held(of):
    """The object that a Resource holds."""
    return getattr(of, of.WhichOneof("kind"))


def code_of(error):
    return error.code().name


class DirectoryApi(Caller):
    def __init__(self, lab, mailbox, service="administrator", options=()):
        super().__init__("Directory", lab, mailbox.admin_port, service, (
            ("grpc.min_reconnect_backoff_ms", 500), ("grpc.max_reconnect_backoff_ms", 500),
            ("grpc.use_local_subchannel_pool", 1), *options))
        self._messages = schema()[0]

    def get(self, kind, name):
        request = self._messages.GetResourceRequest(kind=kind, name=name)
        return held(self.unary("Get", request, schema()[1].Resource))

    def page(self, kind="", page_size=0, page_token="", paths=()):
        request = self._messages.ListResourcesRequest(
            kind=kind, page_size=page_size, page_token=page_token)
        request.read_mask.paths.extend(paths)
        return self.unary("List", request, self._messages.ListResourcesResponse)

    def all(self, kind="", page_size=1000):
        found, token = [], ""
        while True:
            page = self.page(kind, page_size, token)
            found += [held(one) for one in page.resources]
            token = page.next_page_token
            if not token:
                return found

    def create(self, of, dry_run=False, seconds=SECONDS):
        request = self._messages.CreateResourceRequest(resource=of, dry_run=dry_run)
        return self.unary("Create", request, self._messages.ChangeResponse, seconds)

    def update(self, of, *paths, version="", seconds=SECONDS):
        request = self._messages.UpdateResourceRequest(resource=of)
        request.update_mask.paths.extend(paths)
        held(request.resource).metadata.resource_version = version
        return self.unary("Update", request, self._messages.ChangeResponse, seconds)

    def delete(self, kind, name, version="", seconds=SECONDS):
        request = self._messages.DeleteResourceRequest(
            kind=kind, name=name, resource_version=version)
        return self.unary("Delete", request, self._messages.ChangeResponse, seconds)

    def watch(self, version="", seconds=SECONDS):
        """The answers, as they come; cancel() ends them."""
        call = self.method("unary_stream", "Watch", self._messages.WatchResourcesResponse)
        return call(self._messages.WatchResourcesRequest(snapshot_version=version),
                    timeout=seconds, wait_for_ready=True)
