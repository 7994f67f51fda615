"""tests/interop/large_messages_test.py: messages of 25 MB and of 150 MB, several at a time, through
a front end that may have 128 MiB of memory."""

import hashlib
import threading
import time

from cases import Case, main, message, send
from memory_limit import MemoryLimit
from services import FrontendTransport
from wire import WireSink

MB = 1000 * 1000
LIMIT = 128 * 1024 * 1024


class LargeMessagesTest(Case):
    def setUp(self):
        self.group = MemoryLimit(LIMIT)
        self.addCleanup(self.group.close)  # after the processes in it
        super().setUp()
        self.sums, self.lock = [], threading.Lock()
        self.sink = self.started(WireSink(self.lab.free_port(), on_message=self.arrived))
        self.front_end = FrontendTransport(self.lab).start(self.group.wrapper)
        self.to_smart_host(self.sink.port, front_end=self.front_end, maxMessageSize="200MB")
        self.lab.write_manifest("TransportConfig", "transport-config", {"maxReceiveSize": "200MB"})

    def arrived(self, message):
        body = bytes(message.data).split(b"\r\n\r\n", 1)[1]
        message.data = b""
        with self.lock:
            self.sums.append((len(body), hashlib.sha256(body).hexdigest()))

    def through(self, count, size):
        mailbox = self.mailbox()
        line = b"0123456789abcdef" * 60 + b"\r\n"
        body = line * (size // len(line))
        began = time.monotonic()
        threads = [threading.Thread(target=send, args=(
            mailbox, f"bob{number}@x.test", message("large") + body)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.eventually(lambda: len(self.sums) == count, 120, f"{count} messages at the sink")
        took = time.monotonic() - began
        expected = message("large").split(b"\r\n\r\n", 1)[1] + body
        self.assertEqual(set(self.sums), {(len(expected), hashlib.sha256(expected).hexdigest())})
        mailbox.wait_empty()
        peak = self.group.peak()
        print(f"{count} messages of {size // MB} MB at a time through a front end of 128 MiB: "
              f"{took:.1f} s, peak resident {self.front_end.memory() / 2**20:.0f} MiB, of the "
              f"control group {peak / 2**20:.0f} MiB", flush=True)
        self.assertTrue(self.front_end.process.alive())
        self.assertEqual(mailbox.ambiguous(), 0)
        self.assertLess(peak, LIMIT)

    def test_25_mb(self):
        self.through(8, 25 * MB)

    def test_150_mb(self):
        self.through(2, 150 * MB)


if __name__ == "__main__":
    main()
