"""tests/prove/syncs.py

Every 250 comes after a sync that covers its message: proved from the order of system calls.

strace stops a thread before a call and after it, and writes the line of each stop as it happens. So
when the end of fdatasync stands above the beginning of sendto, the sync was over before the reply
left; and when the end of write stands above the beginning of fdatasync, the sync covered what was
written.

Flow      Trace(path).check() after strace -f -tt -s <large> -e trace=openat,write,fdatasync,sendto
"""

import re

CALL = re.compile(r"^(\d+) +\S+ (\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +\S+ <\.\.\. (\w+) resumed>(.*)$")
RECEIPT = re.compile(r"250 2\.6\.0 (<[^>]+>) \[InternalId=(\d+)\]")
MARK = re.compile(r"id (\d{15,20})\\r\\n")
MESSAGE_ID = re.compile(r"<[\w.-]+@[\w.-]+>")


class Trace:
    def __init__(self, path):
        self.path = path
        self.logs = set()  # descriptors of write-ahead logs
        # Internal id or Message-ID -> the end of the last write that holds it; the edge of a block
        # of the log may cut one of the two in parts.
        self.written = {}
        self.syncs = []  # (begin, end)
        self.replies = []  # (place, (Message-ID, internal id))
        self.cut = 0  # writes that strace did not show whole
        self._open = {}  # thread -> (call, begin, arguments)

    def check(self):
        """(receipts, those without a sync before them)"""
        with open(self.path, errors="replace") as lines:
            for place, line in enumerate(lines):
                self._line(place, line)
        return len(self.replies), self.uncovered()

    def uncovered(self):
        return [names for place, names in self.replies if not self._covered(place, names)]

    def _covered(self, place, names):
        wrote = max((self.written[name] for name in names if name in self.written), default=None)
        return wrote is not None and any(
            begin > wrote and end < place for begin, end in self._syncs_before(place))

    def _syncs_before(self, place):
        """The syncs that ended before `place`, the last first; a few are enough."""
        low, high = 0, len(self.syncs)
        while low < high:
            middle = (low + high) // 2
            if self.syncs[middle][1] < place:
                low = middle + 1
            else:
                high = middle
        return reversed(self.syncs[max(0, low - 200):low])

    def _line(self, place, line):
        found = RESUMED.match(line)
        if found:
            thread, call, rest = found.groups()
            begun = self._open.pop(thread, None)
            if begun and begun[0] == call:
                self._ended(call, begun[1], place, begun[2] + rest)
            return
        found = CALL.match(line)
        if not found:
            return
        thread, call, rest = found.groups()
        if call in ("sendmsg", "sendto", "writev"):
            for names in RECEIPT.findall(rest):
                self.replies.append((place, names))
        if rest.rstrip().endswith("<unfinished ...>"):
            self._open[thread] = (call, place, rest)
        else:
            self._ended(call, place, place, rest)

    def _ended(self, call, begin, end, text):
        if call == "openat":
            # A log, or the spare that it is written over; not the logs of message tracking.
            opened = re.search(r'/(?:\d{6}\.log|postern\.spare-log)", O_W.*= (\d+)', text)
            if opened:
                self.logs.add(opened.group(1))
        elif call == "write":
            descriptor = text.split(",", 1)[0]
            if descriptor in self.logs:
                self.cut += '"...' in text
                for name in MARK.findall(text) + MESSAGE_ID.findall(text):
                    self.written[name] = end
        elif call == "fdatasync" or call == "fsync":
            descriptor = re.match(r"\d+", text)
            if descriptor and descriptor.group(0) in self.logs and "= 0" in text:
                self.syncs.append((begin, end))
