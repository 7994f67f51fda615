"""tests/kubernetes/faults.py

A way to the API server that breaks as it is told: it passes calls on, or answers in its place.

Flow      way = FaultyWay(lab, api).start(); way.breaks("garbage"); ...; way.breaks(None).
Limits    A fault ends every watch that is open; "silence" keeps a call for as long as it lasts.
"""

import contextlib
import http.client
import http.server
import socket
import ssl
import threading
import time

POLL_SECONDS = 0.2
END_SECONDS = 10
WATCH_SECONDS = 600
CHUNK_BYTES = 64 * 1024
ANSWERS = {
    "errors": (500, b'{"kind":"Status","apiVersion":"v1","status":"Failure","code":500,'
                    b'"message":"etcdserver: request timed out","reason":"InternalError"}'),
    "garbage": (200, b'{"kind":"List","metadata":{"resourceVersion":"1"},"items":[{"\x00\xff'),
    "nothing": (200, b""),
    "a web page": (200, b"<html><body>Welcome to the proxy</body></html>"),
}
SILENCE = "silence"
FAULTS = (*ANSWERS, SILENCE)


class FaultyWay:
    def __init__(self, lab, api):
        self.port = lab.free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.fault = None
        self.broken = 0  # calls that met a fault
        self.api_port = api.port
        self._open = set()
        self._lock = threading.Lock()
        self.to_api = ssl.create_default_context(cafile=str(api.ca))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), _Call)
        self._server.daemon_threads = True
        self._server.way = self
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(*map(str, lab.certificate("faulty-way", ("IP:127.0.0.1",))))
        self._server.socket = own.wrap_socket(self._server.socket, server_side=True,
                                              do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self.breaks("errors")
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(END_SECONDS)

    def breaks(self, fault):
        """From now on; None: whole again."""
        self.fault = fault
        with self._lock:
            for each in self._open:
                each.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def open_while(self, connection):
        with self._lock:
            if self.fault is not None:
                raise ConnectionResetError
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)


class _Call(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _any(self):
        way = self.server.way
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = way.fault
        if fault is None:
            return self._pass_on(way, body)
        way.broken += 1
        if fault == SILENCE:
            while way.fault == SILENCE:
                time.sleep(POLL_SECONDS)
            self.close_connection = True
            return None
        code, text = ANSWERS[fault]
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        return None

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def _pass_on(self, way, body):
        self.close_connection = True
        onward = http.client.HTTPSConnection("127.0.0.1", way.api_port, timeout=WATCH_SECONDS,
                                             context=way.to_api)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection", "accept-encoding")}
        try:
            onward.connect()
            with way.open_while(onward.sock):
                onward.request(self.command, self.path, body or None, headers)
                self._carry(onward.getresponse())
        except (OSError, http.client.HTTPException):
            pass  # either side went away
        finally:
            onward.close()

    def _carry(self, answer):
        """The head, and the body as it comes."""
        self.send_response(answer.status)
        for name in ("Content-Type", "Retry-After"):
            if answer.headers.get(name):
                self.send_header(name, answer.headers[name])
        self.send_header("Connection", "close")
        self.end_headers()
        while part := answer.read1(CHUNK_BYTES):
            self.wfile.write(part)
            self.wfile.flush()
