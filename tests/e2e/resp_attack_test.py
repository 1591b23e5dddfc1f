"""Hostile RESP clients: memory stays bounded, and another client is served all the while.

Each test attacks one server while a Watcher asks it small things and looks at its resident memory.
How long an answer took is told; one that does not come in resp_client.PATIENCE_S is a failure.
Bounds on memory are promises of kvd; with another server (KV_RESP_SUBJECT) they are only told.
SPDX-License-Identifier: Apache-2.0
"""
import random
import resource
import select
import socket
import struct
import threading
import time

import daemon
import resp_client
from resp import case, servers

MIB = 1 << 20
CROWD = 300


class Watcher:
    """Another client and a look at the memory, again and again on a thread of its own."""

    def __init__(self, server):
        self.address, self.pid = server.resp, server.pid
        self.before = self.peak = servers.resident_bytes(self.pid)
        self.slowest_s, self.asked, self.problem = 0.0, 0, None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def run(self):
        try:
            with resp_client.Connection(self.address) as connection:
                while not self.ended.wait(0.01):
                    began = time.monotonic()
                    connection.call("SET", "watcher", self.asked)
                    found = connection.call("GET", "watcher")
                    assert found == b"%d" % self.asked, found
                    self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                    self.peak = max(self.peak, servers.resident_bytes(self.pid))
                    self.asked += 1
        except (OSError, resp_client.Error, AssertionError) as error:
            self.problem = error

    def __exit__(self, *_):
        enough = self.asked + 5
        daemon.wait_until(lambda: self.asked >= enough or self.problem, "the other client")
        self.ended.set()
        self.thread.join()
        self.peak = max(self.peak, servers.resident_bytes(self.pid))

    def grown(self):
        return self.peak - self.before


class Attack(case.RespCase):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
        self.server = self.serve()
        with self.connect(self.server) as connection:  # what the first commands need is no growth
            names = [b"warm%d" % number for number in range(1000)]
            connection.pipeline([("SET", name, b"x" * 1000) for name in names])
            connection.pipeline([("DEL", name) for name in names])

    def crowd(self, count=CROWD):
        return [self.connect(self.server) for _ in range(count)]

    def clients(self):
        """The addresses of those connected."""
        with resp_client.Connection(self.server.resp) as connection:
            lines = connection.call("CLIENT", "LIST").decode().splitlines()
        return {dict(item.split("=", 1) for item in line.split(" "))["addr"] for line in lines}

    def settle(self, watcher, limit_bytes):
        """The end of an attack: what the watcher saw, and everybody can still come in."""
        print(f"{self._testMethodName}: memory grew by {watcher.grown() / MIB:.1f} MiB, slowest "
              f"answer {watcher.slowest_s * 1000:.0f} ms of {watcher.asked}", flush=True)
        self.assertIsNone(watcher.problem)
        if servers.is_kvd():
            self.assertLess(watcher.grown(), limit_bytes)
        self.assertEqual(self.connect(self.server).call("PING"), b"PONG")
        self.assertTrue(self.server.alive())

    def test_many_clients_that_send_a_byte_at_a_time(self):
        with Watcher(self.server) as watcher:
            crowd = self.crowd()
            requests = [resp_client.encode("SET", f"slow{number}", "value")
                        for number in range(len(crowd))]
            for position in range(max(map(len, requests))):
                for connection, request in zip(crowd, requests):
                    connection.send_bytes(request[position:position + 1])
            self.assertEqual({connection.read_raw() for connection in crowd}, {b"+OK\r\n"})
        self.settle(watcher, 64 * MIB)

    def test_lengths_without_the_data(self):
        openings = (b"*2\r\n$3\r\nGET\r\n$536870912\r\n" + b"x" * 1000,
                    b"*1048576\r\n", b"*1048576\r\n" + b"$1\r\na\r\n" * 1000,
                    b"*3\r\n$3\r\nSET\r\n$536870912\r\n",
                    b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$60000000\r\nx")
        with Watcher(self.server) as watcher:
            for number, connection in enumerate(self.crowd()):
                connection.send_bytes(openings[number % len(openings)])
        self.settle(watcher, 128 * MIB)

    def test_long_arguments_that_never_end(self):
        with Watcher(self.server) as watcher:
            crowd = self.crowd(20)
            for connection in crowd:
                connection.send_bytes(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$536870912\r\n")
            for _ in range(8):
                for connection in crowd:
                    connection.send_bytes(b"x" * MIB)
        self.settle(watcher, 256 * MIB)

    def send_until_stuck(self, connection, data, quiet_s=3):
        """How much of it went before the server stopped reading or closed."""
        sent = 0
        while sent < len(data):
            if not select.select([], [connection.socket], [], quiet_s)[1]:
                break
            try:
                sent += connection.socket.send(data[sent:sent + MIB], socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except ConnectionError:
                break
        return sent

    def test_a_million_commands_whose_answers_nobody_reads(self):
        count = 1_000_000 if servers.is_kvd() else 100_000
        reader, greedy = self.connect(self.server), self.connect(self.server)
        reader.call("SET", "big", b"v" * 1000)
        address = "%s:%d" % greedy.socket.getsockname()[:2]
        request = resp_client.encode("GET", "big")
        with Watcher(self.server) as watcher:
            sent = self.send_until_stuck(greedy, request * count)
            print(f"{sent // len(request)} of {count} commands were taken")
            if servers.is_kvd():
                daemon.wait_until(lambda: address not in self.clients(),
                                  "the client that reads nothing to be dropped")
        self.settle(watcher, 160 * MIB)

    def test_a_million_commands_whose_answers_are_read_are_answered_in_order(self):
        connection, count, piece = self.connect(self.server), 1_000_000, 50_000
        connection.call("SET", "number", 0)
        with Watcher(self.server) as watcher:
            for start in range(0, count, piece):
                commands = [("ECHO", number) for number in range(start, start + piece)]
                expected = [b"$%d\r\n%d\r\n" % (len(b"%d" % number), number)
                            for number in range(start, start + piece)]
                self.assertEqual(connection.pipeline(commands), expected)
            raw = connection.pipeline([("INCR", "number")] * piece)
            self.assertEqual(raw, [b":%d\r\n" % number for number in range(1, piece + 1)])
        self.settle(watcher, 160 * MIB)

    def test_large_values_are_read_slowly_and_arrive_whole_and_in_order(self):
        connection, value, count = self.connect(self.server), random.randbytes(20 * MIB), 12
        connection.call("SET", "large", value)
        requests = resp_client.encode("GET", "large") + resp_client.encode("ECHO", "behind")
        with Watcher(self.server) as watcher:
            connection.send_bytes(requests * count)
            enough = watcher.asked + 50
            daemon.wait_until(lambda: watcher.asked >= enough or watcher.problem, "others' turn")
            for _ in range(count):
                self.assertEqual(connection.read_raw(), b"$%d\r\n%s\r\n" % (len(value), value))
                self.assertEqual(connection.read_raw(), b"$6\r\nbehind\r\n")
        self.settle(watcher, 256 * MIB)

    def test_a_large_value_is_appended_to_a_thousand_times_at_once(self):
        connection, count = self.connect(self.server), 1000
        connection.call("SET", "large", b"v" * MIB)
        with Watcher(self.server) as watcher:
            raw = connection.pipeline([("APPEND", "large", "x")] * count)
            self.assertEqual(raw, [b":%d\r\n" % (MIB + number + 1) for number in range(count)])
        self.settle(watcher, 256 * MIB)

    def test_connections_that_are_half_open_or_torn(self):
        before = len(self.clients())
        with Watcher(self.server) as watcher:
            crowd = self.crowd()
            for number, connection in enumerate(crowd):
                connection.send_bytes((b"", b"*1\r\n$4\r\nPI", b"PING\r\n" * 100,
                                       b"*2\r\n$4\r\nECHO\r\n$2000000\r\n" + b"x" * 100_000,
                                       b"QUIT\r\n*2\r\n$4\r\nECHO\r\n$2000000\r\nx")[number % 5])
                if number % 2:
                    connection.socket.shutdown(socket.SHUT_WR)
                else:
                    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                 struct.pack("ii", 1, 0))
                    connection.close()
            daemon.wait_until(lambda: len(self.clients()) <= before + 1,
                              "the half-open connections to be closed")
        self.settle(watcher, 64 * MIB)

    def test_idle_connections_cost_little(self):
        with Watcher(self.server) as watcher:
            crowd = self.crowd(1000)
            self.assertEqual({connection.call("PING") for connection in crowd}, {b"PONG"})
        self.settle(watcher, 160 * MIB)

    def test_ten_thousand_connections(self):
        count, working = 10_000, 500
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < count + 1000:
            self.skipTest(f"needs {count + 1000} open files, the limit is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        server = self.serve("many", *(["--set", "limits.connections=10100"] if servers.is_kvd() else []))
        with Watcher(server) as watcher:
            crowd = [self.connect(server) for _ in range(count)]
            for connection in crowd:
                connection.send_bytes(resp_client.encode("PING"))
            self.assertEqual({connection.read_raw() for connection in crowd}, {b"+PONG\r\n"})
            # A few work while the rest are idle, and the other way round.
            for turn in range(20):
                busy = crowd[turn * working:(turn + 1) * working]
                for number, connection in enumerate(busy):
                    connection.send_bytes(resp_client.encode("SET", f"many{number}", turn) +
                                          resp_client.encode("GET", f"many{number}"))
                answers = {connection.read_raw() + connection.read_raw() for connection in busy}
                self.assertEqual(answers, {b"+OK\r\n$%d\r\n%d\r\n" % (len(str(turn)), turn)})
            with resp_client.Connection(server.resp) as connection:
                self.assertEqual(connection.call("CLIENT", "LIST").count(b"\n"), count + 2)
        self.settle(watcher, 200 * MIB)
        if servers.ours():
            self.assertEqual(server.stop(), 0)

    def test_patterns_made_to_take_for_ever(self):
        connection, other = self.connect(self.server), self.connect(self.server)
        keys = [b"a" * 3000 + b"%d" % number for number in range(50)]
        connection.pipeline([("SET", key, "x") for key in keys])
        bombs = (b"a*" * 60 + b"b", b"*a" * 60 + b"b", b"*" * 1000 + b"b", b"a*?" * 30 + b"[b]",
                 b"[^b]*" * 40 + b"b", b"[" + b"a" * 5000 + b"]*b")
        with Watcher(self.server) as watcher:
            for bomb in bombs:
                self.assertEqual(connection.call("KEYS", bomb), [], bomb[:20])
                self.assertEqual(connection.scan("MATCH", bomb, "COUNT", "10")[0], [], bomb[:20])
                self.assertEqual(connection.call("CONFIG", "GET", bomb), [], bomb[:20])
                other.call("PSUBSCRIBE", bomb)
                self.assertEqual(connection.call("PUBLISH", b"a" * 3000, "x"), 0)
            for long_bomb in (b"*" + b"a" * 30_000 + b"b*", b"*" + b"a?" * 15_000 + b"b*"):
                other.call("PSUBSCRIBE", long_bomb)
            self.assertEqual(connection.call("PUBLISH", b"a" * 65_000, "x"), 0)
            self.assertEqual(len(connection.call("KEYS", b"a*" * 60 + b"[0-9]")), len(keys))
        self.settle(watcher, 64 * MIB)

    def test_a_message_that_matches_thousands_of_patterns(self):
        greedy, other = self.connect(self.server), self.connect(self.server)
        patterns = [b"c*" + b"*" * number for number in range(2000)]
        greedy.pipeline([("PSUBSCRIBE", pattern) for pattern in patterns])
        other.call("SUBSCRIBE", "d")
        address = "%s:%d" % greedy.socket.getsockname()[:2]
        with Watcher(self.server) as watcher:
            with resp_client.Connection(self.server.resp) as publisher:
                publisher.call("PUBLISH", "c", b"x" * MIB)
            daemon.wait_until(lambda: address not in self.clients(),
                              "the subscriber that gets too much to be dropped")
        self.settle(watcher, 96 * MIB)
        self.assertEqual(self.connect(self.server).call("PUBLISH", "d", "x"), 1)

    def test_questions_asked_half_a_million_times_in_one(self):
        if not servers.is_kvd():
            self.skipTest("Redis answers them all")
        connection, names = self.connect(self.server), [b"client"] * 500_000
        with Watcher(self.server) as watcher:
            connection.send_bytes(resp_client.encode("COMMAND", "INFO", *names))
            self.assertEqual(connection.read_raw(), b"-ERR the answer is over 268435456 bytes\r\n")
            connection.send_bytes(resp_client.encode("COMMAND", "DOCS", *names))
            self.assertLess(len(connection.read_raw()), MIB)
            connection.send_bytes(resp_client.encode("LATENCY", "HISTOGRAM", *names))
            self.assertLess(len(connection.read_raw()), MIB)
        self.settle(watcher, 900 * MIB)

    def test_garbage(self):
        chance = random.Random(daemon.seed())
        with Watcher(self.server) as watcher:
            for connection in self.crowd(100):
                kind = chance.randrange(3)
                data = chance.randbytes(chance.randrange(1, 200_000))
                if kind == 1:  # nothing that ends a line
                    data = data.replace(b"\n", b"")
                elif kind == 2:  # looks right at first
                    data = b"*%d\r\n$%d\r\n" % (chance.randrange(5), chance.randrange(20)) + data
                try:
                    connection.send_bytes(data)
                except resp_client.Closed:
                    pass
        self.settle(watcher, 128 * MIB)

    def test_requests_of_a_browser_are_not_obeyed(self):
        for request in (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET evil 1\r\n",
                        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\nSET evil 1\r\n"):
            connection = self.connect(self.server)
            try:
                connection.send_bytes(request)
            except resp_client.Closed:
                pass
            self.assertTrue(connection.closes(), request)
        self.assertIsNone(self.connect(self.server).call("GET", "evil"))


if __name__ == "__main__":
    case.main()
