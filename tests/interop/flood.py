"""tests/interop/flood.py PORT: a server that greets, then talks as fast as it can, without end."""

import socket
import sys
import threading

TEXT = b"250 " + b"x" * 2 ** 20


def serve(connection):
    try:
        connection.sendall(b"220 mx.test ESMTP\r\n")
        connection.recv(1000)
        while True:
            connection.sendall(TEXT)
    except OSError:
        connection.close()


def main():
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
