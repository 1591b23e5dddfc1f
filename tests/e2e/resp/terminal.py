"""A program on a pseudo-terminal: what a person types, and what the screen shows.

One thread a Terminal, which ends its program when it is closed.
SPDX-License-Identifier: Apache-2.0
"""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

PATIENCE_S = 60
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    def __init__(self, words, **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        # An empty REDISCLI_AUTH is a password too, so the caller's settings are left out.
        inherited = {name: value for name, value in os.environ.items()
                     if not name.startswith("REDISCLI")}
        self.process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**inherited, "TERM": "xterm", "REDISCLI_HISTFILE": "/dev/null", **environment})
        os.close(slave)
        self.screen = b""
        self.raw = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        os.close(self.master)

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern, patience_s=PATIENCE_S):
        """Waits until what has come since the last match holds `pattern`: the match. The screen's
        control sequences are taken out."""
        deadline = time.monotonic() + patience_s
        while True:
            match = re.search(pattern.encode(), self.screen)
            if match:
                self.screen = self.screen[match.end():]
                return match
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} on the screen: {self.raw[-2000:]!r}")
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:  # Linux says so when the program has ended
                data = b""
            if not data:
                raise AssertionError(f"ended without {pattern!r}: {self.raw[-2000:]!r}")
            self.raw += data
            self.screen = CONTROL.sub(b"", self.screen + data)
