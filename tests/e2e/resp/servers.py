"""The servers of the RESP tests: the one under test, and a redis-server 7.0 to compare with.

KV_RESP_SUBJECT chooses the first: unset, a kvd of our own; "redis", a redis-server in its place,
which shows whether a test is right about Redis; "ADDR:PORT", one that runs (its data is lost).
A redis-server is only ever one that was started here: on a port of its own, and asked for its
process number before it is believed. One thread starts and stops.
SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import shutil
import signal
import socket
import subprocess

import daemon
import resp_client

CHOICE = os.environ.get("KV_RESP_SUBJECT", "")
SKIPPED = 77


def redis_version():
    """Such as "7.0.15", or None without a redis-server."""
    path = shutil.which("redis-server")
    if not path:
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"v=([\d.]+)", said)
    return match.group(1) if match else None


def why_no_reference():
    """Why there is nothing to compare with, or None when there is."""
    version = redis_version()
    if version is None:
        return "no redis-server on this machine (Debian package redis-server)"
    if not version.startswith("7.0."):
        return f"redis-server is {version}; the answers compared are those of 7.0"
    return None


def info(address):
    """INFO as {field: text}."""
    with resp_client.Connection(address) as connection:
        text = connection.call("INFO").decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


class Redis:
    """A redis-server in the folder `data_dir`, which it makes. Looks like a daemon.Daemon."""

    def __init__(self, data_dir, *flags):
        self.data_dir, self.flags = str(data_dir), list(flags)
        self.log_path = self.data_dir.rstrip("/") + ".log"
        self.process = self.address = None

    @property
    def resp(self):
        return self.address

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def spawn(self):
        os.makedirs(self.data_dir, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [shutil.which("redis-server"), "--port", str(port), "--bind", "127.0.0.1",
                 "--daemonize", "no", "--dir", self.data_dir, "--save", "",
                 "--enable-debug-command", "yes", *self.flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.data_dir)
        return self

    def start(self):
        """Starts it and returns once it answers; tries again when another took the port."""
        for _ in range(5):
            self.spawn()
            if daemon.wait_until(lambda: self.process.poll() is not None or self.answers(),
                                 f"redis-server to answer\n{self.log()[-2000:]}") == "ready":
                return self
        raise AssertionError(f"redis-server does not start:\n{self.log()[-2000:]}")

    def answers(self):
        try:
            facts = info(self.address)
            ready = facts["process_id"] == str(self.process.pid) and facts["loading"] == "0"
        except (OSError, resp_client.Error):  # not yet, or still loading
            return None
        return "ready" if ready else None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(daemon.PATIENCE_S)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(daemon.PATIENCE_S)

    def alive(self):
        return self.process is not None and self.process.poll() is None


class Kvd(daemon.Daemon):
    """A kvd with a RESP listener, whose address is `resp`."""

    def __init__(self, data_dir, *flags, **options):
        super().__init__(data_dir, "--resp-listen", "127.0.0.1:0", *flags, **options)

    @property
    def resp(self):
        return self.read_address("resp")

    @property
    def pid(self):
        return self.process.pid


class Foreign:
    """A server that somebody else started and named in KV_RESP_SUBJECT."""

    def __init__(self, address):
        self.address = self.resp = address
        self.log_path = "(not ours)"

    @property
    def pid(self):
        return int(info(self.address)["process_id"])

    def start(self):
        with resp_client.Connection(self.address) as connection:
            connection.call("FLUSHALL")
        return self

    def log(self):
        return ""

    def kill(self):
        """It is not ours to end."""

    def alive(self):
        return True


def is_kvd():
    return CHOICE == ""


def ours():
    """Whether the server under test may be ended and started again."""
    return CHOICE in ("", "redis")


def subject(data_dir, *flags, redis_flags=()):
    """The server under test, not started. `flags` are kvd's."""
    if CHOICE == "redis":
        return Redis(data_dir, *redis_flags)
    return Foreign(CHOICE) if CHOICE else Kvd(data_dir, *flags)


def resident_bytes(pid):
    """VmRSS of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) * 1024
