"""A kvd under test: started on port 0 in a directory of its own, killed, restarted, its log at hand.

Used by every test of tests/e2e and tests/install. KV_BIN names the folder of the programs. One
thread starts and stops a Daemon; `address` and `cli` may be used by any.
SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("KV_BIN", os.path.join(ROOT, "build", "release", "bin"))

# Nothing of the caller's shell may steer the programs under test, whoever starts them.
STEERING = ("KVD_", "KVCLI_", "NOTIFY_SOCKET", "JOURNAL_STREAM")
for variable in [name for name in os.environ if name.startswith(STEERING)]:
    del os.environ[variable]

# Generous: a loaded machine under test must not fail a test, only a hang may.
PATIENCE_S = 120


def seed():
    """The seed of this run: KV_TEST_SEED, or a fresh one; printed so that a failure can be replayed."""
    value = int(os.environ.get("KV_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"KV_TEST_SEED={value}", flush=True)
    return value


def wait_until(condition, what, patience_s=PATIENCE_S):
    """The first true value of `condition`, asked again and again; AssertionError after the patience."""
    deadline = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s} s for {what}")
        time.sleep(0.005)


class NotReady(AssertionError):
    """kvd ended before it was ready; `code` is its exit code, the message holds its log."""

    def __init__(self, code, log):
        super().__init__(f"kvd ended with exit code {code} before it was ready:\n{log}")
        self.code = code
        self.log = log


class Daemon:
    def __init__(self, data_dir, *flags, program=None, environment=None):
        self.data_dir = str(data_dir)
        self.flags = list(flags)
        self.program = program or os.path.join(BIN, "kvd")
        self.environment = environment or {}
        self.log_path = self.data_dir.rstrip("/") + ".log"
        self.process = None
        self.address = None
        self._log_before = 0  # length of the log when this run began

    def path(self, name):
        return os.path.join(self.data_dir, name)

    def files(self, suffix):
        return sorted(name for name in os.listdir(self.data_dir) if name.endswith(suffix))

    def log(self):
        """Everything this daemon has said so far, earlier runs included."""
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log_of_this_run(self):
        """What the run begun last has said so far."""
        return self.log()[self._log_before:]

    def log_of_the_start(self):
        """Everything the run begun last said until it was ready. A thread of its own writes kvd's
        log, so that it may serve before its lines are in the file."""
        def all_of_it():
            said = self.log_of_this_run()
            return said if "ready: native" in said else None
        return wait_until(all_of_it, f"the line in {self.log_path} that kvd is ready")

    def spawn(self, *more_flags):
        """Starts the process without waiting for it to be ready."""
        self._log_before = len(self.log())
        try:
            os.unlink(self.path("kvd.addr"))  # left by a killed run
        except FileNotFoundError:
            pass
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "--data-dir", self.data_dir,
                 *(word for flag in ("--listen", "--resp-listen")
                   if flag not in (*self.flags, *more_flags) for word in (flag, "127.0.0.1:0")),
                 *self.flags, *more_flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment})
        return self

    def start(self, *more_flags):
        """Starts it and returns once it is ready. NotReady when it ends instead."""
        self.spawn(*more_flags)

        def ready():
            if self.process.poll() is not None:
                raise NotReady(self.process.returncode, self.log_of_this_run())
            return self.read_address()
        self.address = wait_until(ready, f"{self.program} to be ready\n{self.log()[-2000:]}")
        return self

    def read_address(self, listener="native"):
        """Where that listener listens, or None while it does not."""
        try:
            with open(self.path("kvd.addr"), encoding="utf-8") as file:
                lines = dict(line.strip().split("=", 1) for line in file if "=" in line)
        except FileNotFoundError:
            return None
        return lines.get(listener)

    def refuses(self, *more_flags):
        """Starts it, expecting it to end by itself: (exit code, what it said)."""
        self.spawn(*more_flags)
        code = self.process.wait(PATIENCE_S)
        return code, self.log_of_this_run()

    def kill(self):
        """SIGKILL, as a crash of the process."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(PATIENCE_S)

    def stop(self):
        """SIGTERM; returns the exit code once it has drained."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def cli(self, *words, data=None):
        """Runs one kvcli command: the completed process, output as bytes."""
        return subprocess.run([os.path.join(BIN, "kvcli"), "-a", self.address, *words],
                              input=data, stdin=None if data is not None else subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=PATIENCE_S * 5)
