"""tests/interop/terminal.py: the shell with its errors on a terminal, where it tells its progress.

Flow      answer, shown = run_on_terminal(shell, "Remove-Message", ...)
Failure   AssertionError with what was shown.
"""

import os
import pty
import subprocess
import threading

from harness import binary


def run_on_terminal(shell, *words, seconds=280):
    """(what it answered, what the terminal showed)"""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([str(binary("postern")), *map(str, words)], stdout=subprocess.PIPE,
                             stderr=theirs, stdin=subprocess.DEVNULL, cwd=shell.lab.path,
                             text=True, env=shell.environment)
    os.close(theirs)
    shown = []
    reader = threading.Thread(target=_read, args=(ours, shown), daemon=True)
    reader.start()
    try:
        answer, _ = child.communicate(timeout=seconds)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    reader.join(5)
    os.close(ours)
    text = b"".join(shown).decode(errors="replace")
    assert child.returncode == 0, text
    return answer, text


def _read(terminal, shown):
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            return
        if not part:
            return
        shown.append(part)
