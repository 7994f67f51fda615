"""tests/interop/ports.py: ports that nobody else takes while a test has them, up or down."""

import fcntl
import os
import pathlib
import random
import socket
import tempfile

# Below those that the kernel gives to connections.
RANGE = range(10_000, 32_000)


def is_free(port):
    """On every address, for TCP and UDP."""
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind(("0.0.0.0", port))
    except OSError:
        return False
    return True


class Ports:
    """Those of one lab. A lock on a file keeps each from the labs of other processes, also while
    its service is down; it ends with the process at the latest."""

    def __init__(self):
        self._folder = pathlib.Path(tempfile.gettempdir()) / f"postern-ports-{os.getuid()}"
        self._folder.mkdir(exist_ok=True)
        self._held = {}

    def take(self):
        while True:
            port = random.choice(RANGE)
            if port in self._held:
                continue
            file = (self._folder / str(port)).open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                continue
            if is_free(port):
                self._held[port] = file
                return port
            file.close()

    def close(self):
        for file in self._held.values():
            file.close()
        self._held.clear()
