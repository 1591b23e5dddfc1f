"""Dialogues with kvd and a real Redis 7.0: transactions, subscribers, clients, the server's facts.

The dialogues are in resp/dialogues.py. What kvd does otherwise on purpose (no other types, no empty
key) and what it has of later versions is tested here. Skips without a redis-server 7.0.
SPDX-License-Identifier: Apache-2.0
"""
import os
import unittest

import resp_client
from resp import answers, case, dialogues, servers


class WithReference(case.RespCase):
    def setUp(self):
        super().setUp()
        self.reference = servers.Redis(os.path.join(self.scratch, "redis"))
        self.daemons.append(self.reference)
        self.reference.start()
        self.subject = self.serve()


class Dialogue(WithReference):
    def test_goes_as_with_redis(self):
        for name, (versions, text) in dialogues.DIALOGUES.items():
            for version in versions:
                with self.subTest(name, version=version):
                    stage = dialogues.Stage(self.reference.resp, self.subject.resp, version)
                    try:
                        stage.hold(text)
                    finally:
                        stage.close()


class CommandTable(WithReference):
    def facts(self, server, names):
        """{name: (arity, first key, last key, step, writes)} of those it knows."""
        connection = self.connect(server)
        found = {}
        for row in connection.call("COMMAND", "INFO", *names):
            if row is not None:
                name, arity, flags, first, last, step = row[:6]
                found[bytes(name)] = (arity, first, last, step, b"write" in flags,
                                      b"readonly" in flags)
        return found

    def test_tells_arity_and_keys_as_redis_does(self):
        names = self.connect(self.subject).call("COMMAND", "LIST")
        plain = [name for name in names if b"|" not in name]
        self.assertGreater(len(plain), 80)
        ours, theirs = self.facts(self.subject, plain), self.facts(self.reference, plain)
        wrong = {name: (ours[name], theirs[name])
                 for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
        self.assertEqual(wrong, {}, "ours and theirs: arity, first, last, step, write, readonly")

    def test_describes_every_command(self):
        connection = self.connect(self.subject, version=3)
        names = connection.call("COMMAND", "LIST")
        docs = dict(connection.call("COMMAND", "DOCS"))
        missing = [name for name in names if b"|" not in name and name not in docs]
        self.assertEqual(missing, [])
        for name, fields in docs.items():
            self.assertIn(b"summary", dict(fields), name)
        self.assertEqual(connection.call("COMMAND", "COUNT"),
                         len([name for name in names if b"|" not in name]))


@unittest.skipUnless(servers.is_kvd(), "about kvd alone")
class OnPurpose(WithReference):
    def test_other_types_and_scripts_are_unknown_commands(self):
        connection, reference = self.connect(self.subject), self.connect(self.reference)
        for group, names in answers.ABSENT.items():
            for name in names.split():
                with self.subTest(group, name=name):
                    expected = reference.call_raw(name + "_", "key", "a b")
                    self.assertEqual(connection.call_raw(name, "key", "a b"),
                                     expected.replace(f"{name}_".encode(), name.encode()))

    def test_an_empty_key_is_refused_and_changes_nothing(self):
        connection = self.connect(self.subject)
        for words in (("SET", "", "x"), ("MSET", "a", "1", "", "2"), ("INCR", ""),
                      ("APPEND", "", "x"), ("MSETNX", "", "1", "b", "2")):
            self.assertIsInstance(resp_client.value_of(connection.call_raw(*words)),
                                  resp_client.Error, words)
        self.assertEqual(connection.call("DBSIZE"), 0)
        connection.call("SET", "a", "1")
        for words in (("RENAME", "a", ""), ("COPY", "a", "")):
            self.assertIsInstance(resp_client.value_of(connection.call_raw(*words)),
                                  resp_client.Error, words)
        self.assertEqual(connection.call("GET", "a"), b"1")

    def test_ranges_of_keys_in_order(self):
        connection = self.connect(self.subject)
        keys = [b"a", b"b", b"b1", b"c", b"\xff"]
        connection.pipeline([("SET", key, b"of " + key) for key in reversed(keys)])

        def ask(*words):
            return connection.call(*words, "KEYSONLY")
        self.assertEqual(ask("KV.RANGE", "", ""), keys)
        self.assertEqual(ask("KV.REVRANGE", "", ""), keys[::-1])
        self.assertEqual(ask("KV.RANGE", "b", "c"), [b"b", b"b1"])
        self.assertEqual(ask("KV.REVRANGE", "a", "c", "LIMIT", "2"), [b"b1", b"b"])
        self.assertEqual(ask("KV.RANGE", "c", "b"), [])
        self.assertIn(b"of b1", str(connection.call("KV.RANGE", "b1", "c")).encode())
        self.assertNotIsInstance(connection.call("KV.EXPLAIN", "a"), resp_client.Error)
        connection.call("SELECT", "1")
        self.assertEqual(ask("KV.RANGE", "", ""), [])
        connection.call("SELECT", "0")
        self.assertEqual(connection.call("KV.DELRANGE", "b", "c"), b"OK")
        self.assertEqual(ask("KV.RANGE", "", ""), [b"a", b"c", b"\xff"])
        self.assertEqual(connection.call("KV.DELPREFIX", "\x63"), b"OK")
        connection.pipeline([("MULTI",), ("SET", "z", "1"), ("KV.DELRANGE", "a", "b"), ("EXEC",)])
        self.assertEqual(ask("KV.RANGE", "", ""), [b"z", b"\xff"])

    def test_has_what_clients_of_later_versions_say_on_connect(self):
        connection = self.connect(self.subject)
        self.assertEqual(connection.call("CLIENT", "SETINFO", "LIB-NAME", "probe"), b"OK")
        self.assertEqual(connection.call("CLIENT", "SETINFO", "LIB-VER", "1.0"), b"OK")
        self.assertIn(b"lib-name=probe", connection.call("CLIENT", "INFO"))
        self.assertEqual(len(connection.call("WAITAOF", "0", "0", "0")), 2)


class Facts(WithReference):
    def test_info_has_the_fields_that_tools_read(self):
        fields = servers.info(self.subject.resp)
        for name in ("redis_version", "process_id", "tcp_port", "uptime_in_seconds",
                     "connected_clients", "used_memory", "used_memory_human",
                     "total_commands_processed",
                     "total_connections_received", "role", "blocked_clients", "keyspace_hits",
                     "keyspace_misses", "used_cpu_sys", "loading", "redis_mode"):
            self.assertIn(name, fields)
        connection = self.connect(self.subject)
        connection.call("SET", "a", "1")
        connection.call("SET", "b", "1", "EX", "5000")
        self.assertRegex(servers.info(self.subject.resp)["db0"], r"^keys=2,expires=\d+,avg_ttl=\d+")

    def test_client_list_has_the_fields_that_tools_read(self):
        connection = self.connect(self.subject)
        connection.call("CLIENT", "SETNAME", "me")
        connection.call("SELECT", "2")
        line = connection.call("CLIENT", "INFO").decode().strip()
        fields = dict(item.split("=", 1) for item in line.split(" "))
        for name in ("id", "addr", "laddr", "fd", "name", "age", "idle", "flags", "db", "sub",
                     "psub", "multi", "qbuf", "omem", "cmd", "user", "resp"):
            self.assertIn(name, fields)
        self.assertEqual((fields["name"], fields["db"], fields["resp"]), ("me", "2", "2"))
        self.assertEqual(fields["cmd"], "client|info")

    def test_a_scan_finds_every_key_once_there_all_the_time(self):
        connection, other = self.connect(self.subject), self.connect(self.subject, version=3)
        steady = [b"steady:%04d" % number for number in range(1500)]
        connection.pipeline([("SET", key, "x") for key in steady])
        cursor, seen, round_number = b"0", set(), 0
        while True:
            cursor, keys = connection.call("SCAN", cursor, "MATCH", "steady:*", "COUNT", "50")
            seen.update(keys)
            round_number += 1
            other.pipeline([("SET", b"moving:%d" % number, "x") for number in range(round_number)]
                           + [("DEL", b"moving:%d" % (round_number - 1))])
            if cursor == b"0":
                break
        self.assertEqual(sorted(seen), steady)
        self.assertGreater(round_number, 1)

    @unittest.skipUnless(servers.ours(), "the server is not ours to end")
    def test_shutdown_ends_it(self):
        connection = self.connect(self.subject)
        connection.call("SET", "a", "1")
        connection.send("SHUTDOWN", "NOSAVE")
        self.assertTrue(connection.closes())
        self.assertEqual(self.subject.process.wait(resp_client.PATIENCE_S), 0)
        if servers.is_kvd():
            self.assertEqual(self.connect(self.subject.start()).call("GET", "a"), b"1")


if __name__ == "__main__":
    case.main(servers.why_no_reference())
