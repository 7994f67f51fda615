"""tests/interop/kube_server.py

A Kubernetes API server of one process, for our kinds and Leases: lists in pages, watches,
bookmarks, versions, merge patches, server-side apply. What it holds is in a file, its events are
not: after a restart a watch from before gets 410.

Flow      kube_server.py FOLDER PORT. FOLDER has server.pem, server.key and tokens (one a line, read
          with each request) and gets state.json.  POST /control {"mode": "500"} makes it answer so
          until {"mode": "ok"}: "500", "garbage", "hang", "slow"; {"compact": true} forgets events.
Limits    One namespace is as good as another. Patches of Leases and specs by one manager.
"""

import copy
import http.server
import json
import pathlib
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse

KINDS = {"accepteddomains": "AcceptedDomain", "sendconnectors": "SendConnector", "sites": "Site",
         "sitelinks": "SiteLink", "transportconfigs": "TransportConfig",
         "transportservers": "TransportServer", "leases": "Lease", "statefulsets": "StatefulSet"}
BOOKMARK_SECONDS = 0.5
SLOW_SECONDS = 0.2


class Refused(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.code, self.reason = code, reason

    def body(self):
        return {"kind": "Status", "status": "Failure", "reason": self.reason,
                "message": str(self), "code": self.code}


def merge(patch, target):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merge(value, target.get(name))
    return target


def contradicts(wanted, held):
    if not isinstance(wanted, dict) or not isinstance(held, dict):
        return wanted != held
    return any(name in held and contradicts(value, held[name]) for name, value in wanted.items())


class Store:
    def __init__(self, folder):
        self.file = folder / "state.json"
        self.changed = threading.Condition()
        self.objects, self.managers, self.version = {}, {}, 100
        if self.file.exists():
            state = json.loads(self.file.read_text())
            self.objects = {tuple(key.split(" ")): value for key, value in state["objects"].items()}
            self.managers = {tuple(key.split(" ")): v for key, v in state["managers"].items()}
            self.version = state["version"]
        self.compacted = self.version
        self.events = []
        self.requests = []

    def save(self):
        state = {"version": self.version,
                 "objects": {" ".join(key): value for key, value in self.objects.items()},
                 "managers": {" ".join(key): value for key, value in self.managers.items()}}
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(state))
        draft.replace(self.file)

    def note(self, kind, plural, item):
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)
        self.events.append((self.version, plural, kind, copy.deepcopy(item)))
        self.save()
        self.changed.notify_all()

    def find(self, plural, name):
        held = self.objects.get((plural, name))
        if held is None:
            raise Refused(404, "NotFound", f'{plural} "{name}" not found')
        return held

    def put(self, plural, item, manager):
        name = item["metadata"]["name"]
        held = self.objects.get((plural, name))
        same = held is not None and held.get("spec") == item.get("spec")
        meta = item["metadata"]
        meta["uid"] = held["metadata"]["uid"] if held else f"uid-{self.version}"
        meta["generation"] = held["metadata"]["generation"] + (not same) if held else 1
        item.setdefault("kind", KINDS[plural])
        if not same:
            self.managers[(plural, name)] = manager
        self.objects[(plural, name)] = item
        self.note("MODIFIED" if held else "ADDED", plural, item)
        return item

    def create(self, plural, item):
        name = item["metadata"]["name"]
        if (plural, name) in self.objects:
            raise Refused(409, "AlreadyExists", f'{plural} "{name}" already exists')
        return self.put(plural, item, "create")

    def replace(self, plural, name, item, status, manager="replace"):
        held = self.find(plural, name)
        version = item["metadata"].get("resourceVersion")
        if version and version != held["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", f'{plural} "{name}" has been modified')
        kept = "spec" if status else "status"
        item.pop(kept, None)
        if kept in held:
            item[kept] = copy.deepcopy(held[kept])
        return self.put(plural, item, manager)

    def patch(self, plural, name, patch, status, apply):
        held = self.objects.get((plural, name))
        if held is None:
            if not apply:
                self.find(plural, name)
            return self.put(plural, patch, "apply")
        others = self.managers.get((plural, name)) != "apply"
        if apply and others and contradicts(patch.get("spec", {}), held.get("spec", {})):
            raise Refused(409, "Conflict", 'Apply failed with 1 conflict: "kubectl"')
        item = merge(patch, copy.deepcopy(held))
        return self.replace(plural, name, item, status, self.managers.get((plural, name)))

    def delete(self, plural, name, options):
        held = self.find(plural, name)
        version = options.get("preconditions", {}).get("resourceVersion")
        if version and version != held["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", f'{plural} "{name}" has been modified')
        del self.objects[(plural, name)]
        self.note("DELETED", plural, held)
        return held

    def list(self, plural, limit, begin):
        names = sorted(name for kind, name in self.objects if kind == plural and name >= begin)
        meta = {"resourceVersion": str(self.version)}
        if len(names) > limit:
            meta["continue"] = names[limit]
        return {"kind": KINDS[plural] + "List", "apiVersion": "postern.dev/v1", "metadata": meta,
                "items": [self.objects[(plural, name)] for name in names[:limit]]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = None
    folder = None
    mode = "ok"

    def log_message(self, *_):
        pass

    def say(self, code, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        if self.path == "/control":
            return self.control(body)
        if self.mode == "500":
            return self.say(500, Refused(500, "InternalError", "etcdserver: timed out").body())
        if self.mode == "garbage":
            return self.say(200, b"<html>It works!</html>\n")
        if self.mode == "hang":
            time.sleep(3600)
        if self.mode == "slow":
            time.sleep(SLOW_SECONDS)
        tokens = (self.folder / "tokens").read_text().split()
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in tokens:
            return self.say(401, Refused(401, "Unauthorized", "Unauthorized").body())
        try:
            return self.serve(body)
        except Refused as refused:
            return self.say(refused.code, refused.body())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def control(self, body):
        Handler.mode = body.get("mode", Handler.mode)
        with self.store.changed:
            if body.get("compact"):
                self.store.version += 1
                self.store.compacted = self.store.version
                self.store.events = []
            self.store.changed.notify_all()
            return self.say(200, {"requests": self.store.requests})

    def serve(self, body):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        # /apis/<group>/<version>/namespaces/<namespace>/<plural>[/<name>[/status]]
        plural, *rest = url.path.split("/")[6:]
        name, status = (rest + [""])[0], rest[1:] == ["status"]
        with self.store.changed:
            self.store.requests.append(f"{self.command} {self.path}")
        if query.get("watch"):
            return self.watch(plural, int(query["resourceVersion"]), int(query["timeoutSeconds"]))
        with self.store.changed:
            if self.command == "POST":
                return self.say(201, self.store.create(plural, body))
            if self.command == "PUT":
                return self.say(200, self.store.replace(plural, name, body, status))
            if self.command == "PATCH":
                apply = "apply-patch" in self.headers["Content-Type"]
                return self.say(200, self.store.patch(plural, name, body, status, apply))
            if self.command == "DELETE":
                return self.say(200, self.store.delete(plural, name, body))
            if name:
                return self.say(200, self.store.find(plural, name))
            return self.say(200, self.store.list(plural, int(query.get("limit", 10 ** 9)),
                                                 query.get("continue", "")))

    def watch(self, plural, version, seconds):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        end, mark = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < end and self.mode in ("ok", "slow"):
            lines = []
            with self.store.changed:
                if version < self.store.compacted:
                    gone = Refused(410, "Expired", f"too old resource version: {version}")
                    self.chunk([{"type": "ERROR", "object": gone.body()}])
                    break
                for number, of, kind, item in self.store.events:
                    if number > version and of == plural:
                        lines.append({"type": kind, "object": item})
                        version = number
                if time.monotonic() - mark >= BOOKMARK_SECONDS:
                    mark, version = time.monotonic(), self.store.version
                    lines.append({"type": "BOOKMARK", "object": {
                        "kind": KINDS[plural], "metadata": {"resourceVersion": str(version)}}})
                if not lines:
                    self.store.changed.wait(0.05)
            self.chunk(lines)
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, lines):
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        if data:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, *_):
        """Clients come and go."""


def main():
    folder = pathlib.Path(sys.argv[1])
    Handler.store, Handler.folder = Store(folder), folder
    server = Server(("127.0.0.1", int(sys.argv[2])), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    print("serving", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
