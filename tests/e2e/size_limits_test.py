"""What is of exactly the largest size is written, one byte more is refused and the connection goes
on: values over both protocols, also where an operator lets a batch take less than a value, and what
is pipelined.

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys
import unittest

import daemon
import resp_client
from kvd_case import KvdCase

sys.path.insert(0, os.path.join(daemon.ROOT, "client", "examples"))
import kvd_client as wire  # noqa: E402  (the path above comes first)

VALUE = b"v" * (64 << 20)
RESP_KEY = b"k" * 65_536
NATIVE_KEY = b"n" * 65_536


class SizeLimitsTest(KvdCase):
    def both(self, kvd):
        with resp_client.Connection(kvd.read_address("resp")) as resp:
            self.over_resp(resp)
        host, port = kvd.address.rsplit(":", 1)
        with wire.Client(host, int(port), timeout=daemon.PATIENCE_S, deadline_ms=0) as native:
            self.over_native(native)
        with resp_client.Connection(kvd.read_address("resp")) as resp:
            self.assertEqual(resp.call("STRLEN", NATIVE_KEY), len(VALUE))
            self.assertEqual(resp.call("EXISTS", NATIVE_KEY, RESP_KEY, RESP_KEY + b"k"), 2)

    def over_resp(self, resp):
        self.assertEqual(resp.call("CONFIG", "GET", "proto-max-bulk-len")[1], b"%d" % len(VALUE))
        self.assertEqual(resp.call("SET", RESP_KEY, VALUE), b"OK")
        self.assertTrue(resp.call("GET", RESP_KEY) == VALUE)
        self.assertEqual(
            [resp_client.value_of(raw) for raw in resp.pipeline([
                ("SET", RESP_KEY, VALUE + b"v"), ("APPEND", RESP_KEY, "v"), ("STRLEN", RESP_KEY)])],
            [resp_client.Error(b"ERR value of 67108865 bytes is over the limit of 67108864")] * 2 +
            [len(VALUE)])
        self.assertEqual(resp.call("SET", RESP_KEY, VALUE[1:], "EX", 1000), b"OK")
        self.assertEqual(resp.call("APPEND", RESP_KEY, "v"), len(VALUE))
        self.assertEqual(resp.call("MULTI"), b"OK")
        self.assertEqual(resp.call("SET", RESP_KEY, VALUE), b"QUEUED")
        self.assertEqual(resp.call("EXEC"), [b"OK"])
        with self.assertRaisesRegex(resp_client.Error, "65537 bytes is over the limit of 65536"):
            resp.call("SET", RESP_KEY + b"k", "v")

    def over_native(self, native):
        native.put(NATIVE_KEY, VALUE)
        self.assertTrue(native.get(NATIVE_KEY).value == VALUE)
        native.batch(wire.Batch().put(NATIVE_KEY, VALUE, 1 << 50))
        for refused in (lambda: native.put(NATIVE_KEY, VALUE + b"v"),
                        lambda: native.put(NATIVE_KEY + b"n", VALUE),
                        lambda: native.batch(wire.Batch().put(NATIVE_KEY, VALUE + b"v"))):
            with self.assertRaises(wire.KvdError) as raised:
                refused()
            self.assertIn("the limit is", str(raised.exception))
        self.assertEqual(native.ping(b"still there"), b"still there")

    def test_defaults(self):
        kvd = self.make().start()
        self.both(kvd)
        with resp_client.Connection(kvd.read_address("resp")) as resp:
            self.assertEqual(resp.call("RENAME", RESP_KEY, "short"), b"OK")
            self.assertEqual(resp.call("STRLEN", "short"), len(VALUE))

    def test_a_batch_no_larger_than_a_value(self):
        for size in ("64MiB", "1KiB"):
            with self.subTest(size):
                self.both(self.make("batch-" + size, "--set", "engine.max_batch_size=" + size).start())

    def test_a_pipeline_larger_than_a_batch(self):
        kvd = self.make("data", "--set", "engine.max_batch_size=64KiB").start()
        count, piece = 200, b"p" * 1000
        commands, expected = [], []
        for number in range(count):
            commands += [("SET", f"key{number}", piece, "NX"), ("SET", f"blind{number}", piece),
                         ("APPEND", "grows", piece), ("INCR", "counter")]
            expected += [b"OK", b"OK", len(piece) * (number + 1), number + 1]
        commands += [("MSET", "a", piece * 40, "b", piece * 40), ("MGET", "a", "counter"),
                     ("EXPIRE", "grows", 1000), ("RENAME", "grows", "grown"), ("STRLEN", "grown"),
                     ("EXISTS", *(f"{name}{n}" for name in ("key", "blind") for n in range(count)))]
        expected += [resp_client.Error(b"ERR the command writes more than 65536 bytes "
                                       b"(engine.max_batch_size)"), [None, b"200"],
                     1, resp_client.Error(b"ERR the command writes more than 65536 bytes "
                                          b"(engine.max_batch_size)"), 0, 2 * count]
        with resp_client.Connection(kvd.read_address("resp")) as resp:
            self.assertEqual([resp_client.value_of(raw) for raw in resp.pipeline(commands)], expected)
            self.assertEqual(resp.call("MULTI"), b"OK")
            for number in range(3):
                self.assertEqual(resp.call("SET", f"m{number}", piece * 25), b"QUEUED")
            with self.assertRaisesRegex(resp_client.Error, "EXECABORT.*more than 65536 bytes"):
                resp.call("EXEC")
            self.assertEqual(resp.call("EXISTS", "m0", "m1", "m2"), 0)


if __name__ == "__main__":
    unittest.main()
