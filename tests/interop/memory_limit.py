"""tests/interop/memory_limit.py

MemoryLimit: a control group in which a service may have so much memory and no more: beyond it the
kernel kills it.

Flow      limit = MemoryLimit(bytes); service.start(limit.wrapper); limit.peak(); limit.close()
Failure   unittest.SkipTest when no group can be made here.
Limits    Version 1 or 2 of control groups, below /sys/fs/cgroup; one group, removed by close().
"""

import os
import pathlib
import time
import unittest

ROOT = pathlib.Path("/sys/fs/cgroup")


class MemoryLimit:
    def __init__(self, bytes_max):
        first = (ROOT / "memory").is_dir()
        self.folder = (ROOT / "memory" if first else ROOT) / f"postern-{os.getpid()}-{id(self):x}"
        self._peak = "memory.max_usage_in_bytes" if first else "memory.peak"
        try:
            self.folder.mkdir()
            limit = self.folder / ("memory.limit_in_bytes" if first else "memory.max")
            limit.write_text(str(bytes_max))
        except OSError as error:
            self.close()
            raise unittest.SkipTest(f"no control group can be made here: {error}")

    @property
    def wrapper(self):
        join = f'echo $$ > {self.folder}/cgroup.procs && exec "$@"'
        return ("/bin/sh", "-c", join, "in-the-group")

    def peak(self):
        """The most that was in use, in bytes; what the kernel holds for it included."""
        return int((self.folder / self._peak).read_text())

    def close(self):
        for _ in range(100):
            try:
                self.folder.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:  # its process is ending
                time.sleep(0.05)
