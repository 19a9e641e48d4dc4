"""A terminal for a pytest that has one."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import sys
import time

from conftest import processes_of


class Terminal:
    """A pytest in a terminal of its own: `expect` reads, `type` writes."""

    def __init__(self, path, *args, term="dumb"):
        self.text = ""
        self.tag = f"pdb-{os.getpid()}-{time.monotonic_ns()}"
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(path)
            kept = {
                k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "CI", "GITHUB_"))
            }
            environ = kept | {"BULKHEAD_TEST_TAG": self.tag, "TERM": term, "NO_COLOR": "1"}
            os.execve(sys.executable, [sys.executable, "-m", "pytest", *args], environ)

    def expect(self, pattern, limit=20.0):
        """Read until a pattern is there; return all read since the last `type`."""
        end = time.monotonic() + limit
        while not re.search(pattern, self.text, re.M):
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            chunk = b""
            if ready:
                # The end of a pseudo terminal is an error on Linux.
                with contextlib.suppress(OSError):
                    chunk = os.read(self.fd, 65536)
            if not chunk:
                raise AssertionError(f"no {pattern!r} in\n{self.text}")
            self.text += chunk.decode(errors="replace").replace("\r\n", "\n")
        return self.text

    def type(self, text):
        self.text = ""
        os.write(self.fd, text.encode())

    def end(self, limit=20.0):
        """Read to the end; return the exit status."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                if select.select([self.fd], [], [], 0.05)[0]:
                    self.text += os.read(self.fd, 65536).decode(errors="replace")
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                with contextlib.suppress(OSError):
                    while select.select([self.fd], [], [], 0)[0]:
                        self.text += os.read(self.fd, 65536).decode(errors="replace")
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it does not end\n{self.text}")

    def close(self):
        for pid in processes_of(self.tag):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if self.pid:
            os.waitpid(self.pid, 0)
        os.close(self.fd)
