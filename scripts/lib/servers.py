"""kvd and Redis as bench_server runs them, and the generators that load them.

A server is started on a free port of 127.0.0.1 with its data in a scratch folder. A generator turns a Load
into a command for a server and reads rate and latencies out of what the command printed.
SPDX-License-Identifier: Apache-2.0
"""
import collections
import csv
import json
import os
import random
import re
import signal
import socket
import subprocess

import bench

Load = collections.namedtuple("Load", "title operation connections pipeline requests goal")
Figures = collections.namedtuple("Figures", "rate p50_us p99_us cpu_us")


def slow_sync(delay_us):
    """The environment in which each sync of a server takes so much longer (tests/bench/slow_sync.cc)."""
    if delay_us == 0:
        return {}
    return {"LD_PRELOAD": os.path.join(bench.BIN, "kv_slow_sync.so"), "KV_SYNC_DELAY_US": str(delay_us)}


class Server:
    """`endpoints` maps "resp" and "native" to (host, port) once it is ready."""

    def __init__(self, name, options, command):
        self.name = name
        self.folder = bench.scratch(f"bench-{name.lower()}-", options.dir)
        self.log = os.path.join(self.folder, "log")
        self.endpoints = {}
        self.process = bench.start(command(self.folder), self.log, **slow_sync(options.sync_delay_us))
        bench.wait_for(self.is_ready, f"{name} to be ready")

    def is_ready(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                bench.die(f"{self.name} ended with code {self.process.returncode}:\n{file.read()}")
        self.endpoints = self.find_endpoints()
        return bool(self.endpoints)

    def find_endpoints(self):
        """Empty while it is not ready."""
        raise NotImplementedError

    def cpu_seconds(self):
        return bench.cpu_seconds(self.process.pid)


class Kvd(Server):
    def __init__(self, options):
        listen = ["--listen", "127.0.0.1:0"]
        if options.protocol == "resp":
            listen += ["--resp-listen", "127.0.0.1:0"]
        self.wanted = options.protocol
        super().__init__("kvd", options, lambda folder: [
            os.path.join(bench.BIN, "kvd"), "--data-dir", os.path.join(folder, "data"), *listen])

    def find_endpoints(self):
        """kvd.addr holds a line `native=HOST:PORT`, and `resp=HOST:PORT` when that listener is on."""
        try:
            with open(os.path.join(self.folder, "data", "kvd.addr"), encoding="ascii") as file:
                addresses = dict(line.strip().split("=", 1) for line in file if "=" in line)
        except FileNotFoundError:
            return {}
        if self.wanted not in addresses:
            return {}
        pairs = {name: address.rsplit(":", 1) for name, address in addresses.items()
                 if name in ("native", "resp")}
        return {name: (host, int(port)) for name, (host, port) in pairs.items()}


class Redis(Server):
    def __init__(self, options):
        self.port = self.find_port()
        super().__init__("Redis", options, lambda folder: [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder,
            "--appendonly", "yes", "--appendfsync", "always", "--save", "",
            "--auto-aof-rewrite-percentage", "0"])

    @staticmethod
    def find_port():
        """A free one from below those that the system gives to whoever asks for any: between this look and
        the server's own, another program would be given it again."""
        for port in random.sample(range(20000, 30000), 100):
            try:
                with socket.create_server(("127.0.0.1", port)):
                    return port
            except OSError:
                continue
        return bench.die("no free port from 20000 to 30000")

    def find_endpoints(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                ready = connection.recv(16).startswith(b"+PONG")
        except OSError:
            ready = False
        return {"resp": ("127.0.0.1", self.port)} if ready else {}


class RedisBenchmark:
    """It ends with an error as soon as a server answers with one. Keys are key:000000000000 and up, drawn uniformly."""
    name = "redis-benchmark"

    def __init__(self, options):
        self.options = options

    def command(self, server, load):
        host, port = server.endpoints["resp"]
        return ["redis-benchmark", "-h", host, "-p", str(port), "--csv", "-t", load.operation,
                "-c", str(load.connections), "-P", str(load.pipeline), "-n", str(load.requests),
                "-r", str(self.options.keys), "-d", str(self.options.value_size)]

    def fill(self, server):
        """Drawn at random, all but one key in three thousand are there after this."""
        return self.command(server, Load("", "set", 50, 16, self.options.keys * 8, None))

    def figures(self, output):
        """(operations a second, p50, p99), the latter in microseconds."""
        row = next(csv.DictReader(output[output.index('"test"'):].splitlines()))
        return (float(row["rps"]), float(row["p50_latency_ms"]) * 1000,
                float(row["p99_latency_ms"]) * 1000)


class Kvbench:
    """Keys are 16 digits, drawn uniformly; `protocol` is "native" or "resp"."""
    name = "kvbench"

    def __init__(self, options, protocol):
        self.options = options
        self.protocol = protocol

    def command(self, server, load):
        host, port = server.endpoints[self.protocol]
        return [os.path.join(bench.BIN, "kvbench"), "-a", f"{host}:{port}",
                "--protocol", self.protocol, "--json",
                "--read-ratio", "1" if load.operation == "get" else "0",
                "--connections", str(load.connections), "--pipeline", str(load.pipeline),
                "--requests", str(load.requests), "--key-count", str(self.options.keys),
                "--value-size", str(self.options.value_size)]

    def paced_command(self, server, load, writers, rate):
        """GETs on the connections of `load` beside SETs on `writers` more: `rate` requests a second of all
        connections together, each at its time, until all have made the requests of `load`."""
        host, port = server.endpoints[self.protocol]
        return [os.path.join(bench.BIN, "kvbench"), "-a", f"{host}:{port}",
                "--protocol", self.protocol, "--json",
                "--readers", str(load.connections), "--writers", str(writers),
                "--rate", str(rate), "--requests", str(load.requests),
                "--key-count", str(self.options.keys), "--value-size", str(self.options.value_size)]

    def fill(self, server):
        return [*self.command(server, Load("", "get", 1, 1, 1, None)), "--load"]

    def figures(self, output):
        result = json.loads(output.strip().splitlines()[-1])
        if result["overloaded"]:
            bench.die(f"the server refused {result['overloaded']} requests as overloaded")
        latency = result.get("read") or result["write"]
        return result["per_second"], latency["p50_us"], latency["p99_us"]


def kvbench_for(server, options):
    return Kvbench(options, "native" if options.protocol == "native" and server.name == "kvd" else "resp")


def generator_for(server, options):
    """kvd's native protocol is spoken by kvbench alone."""
    kvbench = kvbench_for(server, options)
    wants_kvbench = kvbench.protocol == "native" or options.generator == "kvbench"
    return kvbench if wants_kvbench else RedisBenchmark(options)


def system_calls(pid, command, summary):
    """What `pid` asks of the kernel while `command` runs: {call: times}, through strace, which slows
    both down. The summary is written to the file `summary`."""
    tracer = subprocess.Popen(["strace", "-c", "-f", "-o", summary, "-p", str(pid)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    bench.started.append(tracer)
    first = tracer.stderr.readline()
    if "attached" not in first:
        bench.die(f"strace cannot look at process {pid}: {first.strip()}")
    bench.output_of(command)
    tracer.send_signal(signal.SIGINT)
    tracer.communicate()
    with open(summary, encoding="utf-8") as file:
        return parse_strace(file.read())


def parse_strace(text):
    """{call: times} out of the table of `strace -c`; the sum of all under "total"."""
    calls = {}
    for line in text.splitlines():
        fields = line.split()
        # % time, seconds, usecs/call, calls, errors (may be empty), name
        if len(fields) >= 5 and re.fullmatch(r"[\d.]+", fields[0]) and fields[3].isdigit():
            calls[fields[-1]] = int(fields[3])
    calls["total"] = sum(times for name, times in calls.items() if name != "total")
    return calls
