"""Damaged files, in the ways disks and people damage them: what kvd refuses, says and survives.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import random
import re
import shutil
import socket
import unittest

import daemon
import kvd_case
import ledger
from ledger import kvd_selftest


def flip(path, offset, bit=0):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def used_bytes(path):
    """Up to and including the last byte that is not zero: the written part of a log segment."""
    with open(path, "rb") as file:
        return len(file.read().rstrip(b"\0"))


class DamagedDirectory(kvd_case.KvdCase):
    # The memtable never fills, so every segment is still needed at the next start.
    LOG_ONLY = ("--set", "engine.memtable_size=64MiB", "--set", "engine.wal_segment_size=1MiB")

    def crashed(self, *flags, records):
        """A daemon that took `records` and was then killed."""
        kvd = self.make("data", *flags).start()
        for start in range(0, len(records), 200):
            self.import_records(kvd, dict(list(records.items())[start:start + 200]))
        kvd.kill()
        return kvd

    def with_tables(self):
        """A stopped daemon with several tables, and its records."""
        records = kvd_case.numbered(6000)
        kvd = self.make("data", *kvd_case.SMALL).start()
        self.import_records(kvd, records)
        daemon.wait_until(lambda: kvd.files(".sst"), "a table")
        self.assertEqual(kvd.stop(), 0)
        return kvd, records

    def test_a_damaged_log_in_the_middle_is_refused(self):
        kvd = self.crashed(*self.LOG_ONLY, records=kvd_case.numbered(3000))
        name = kvd.files(".wal")[0]
        flip(kvd.path(name), 5000)
        self.assert_refused(kvd, name, "offset")

    def test_damage_before_the_end_of_the_last_segment_is_refused(self):
        kvd = self.crashed(records=kvd_case.numbered(3000))
        name = kvd.files(".wal")[0]
        flip(kvd.path(name), used_bytes(kvd.path(name)) // 2)
        self.assert_refused(kvd, name, "offset")

    def test_a_missing_segment_is_refused(self):
        kvd = self.crashed(*self.LOG_ONLY, records=kvd_case.numbered(4000))
        segments = kvd.files(".wal")
        self.assertGreater(len(segments), 3)
        os.rename(kvd.path(segments[1]), os.path.join(self.scratch, "aside"))
        self.assert_refused(kvd, segments[1])
        os.rename(os.path.join(self.scratch, "aside"), kvd.path(segments[1]))
        self.assertEqual(self.export_records(kvd.start()), kvd_case.numbered(4000))

    def test_a_missing_table_is_refused(self):
        kvd, records = self.with_tables()
        name = kvd.files(".sst")[0]
        os.rename(kvd.path(name), os.path.join(self.scratch, "aside"))
        self.assert_refused(kvd, name)
        os.rename(os.path.join(self.scratch, "aside"), kvd.path(name))
        self.assertEqual(self.export_records(kvd.start()), records)

    def test_a_bad_current_is_refused(self):
        kvd, _ = self.with_tables()
        with open(kvd.path("CURRENT"), "rb") as file:
            good = file.read()
        for bad in (b"", good[:-5], b"garbage\n", good.replace(b"MANIFEST-", b"MANIFEST-9"),
                    bytes([good[0] ^ 1]) + good[1:], good * 2):
            with open(kvd.path("CURRENT"), "wb") as file:
                file.write(bad)
            self.assert_refused(kvd, "CURRENT")
        os.unlink(kvd.path("CURRENT"))
        self.assert_refused(kvd, "CURRENT")
        with open(kvd.path("CURRENT"), "wb") as file:
            file.write(good)
        kvd.start()

    def test_a_damaged_or_missing_manifest_is_refused(self):
        kvd, _ = self.with_tables()
        name = next(n for n in os.listdir(kvd.data_dir) if n.startswith("MANIFEST-"))
        flip(kvd.path(name), 60)
        self.assert_refused(kvd, name)
        os.unlink(kvd.path(name))
        self.assert_refused(kvd, name)

    def test_a_torn_tail_is_cut_and_reported(self):
        records = kvd_case.numbered(2000)
        kvd = self.crashed(records=records)
        self.ok(kvd.start().cli("put", "zlast", "t" * 300))
        kvd.kill()
        name = max(kvd.files(".wal"), key=lambda n: (used_bytes(kvd.path(n)) > 200, n))
        end = used_bytes(kvd.path(name))
        with open(kvd.path(name), "r+b") as file:
            file.seek(end - 100)
            file.write(b"\0" * 100)  # as if the last sectors had never been written
        said = kvd.start().log_of_the_start()
        self.assertRegex(said, re.compile(r"torn", re.I))
        self.assertIn(name, said)
        self.assertEqual(self.export_records(kvd), records)
        self.ok(kvd.cli("put", "after", "the cut"))
        kvd.kill()
        self.assertEqual(kvd.start().cli("get", "after").stdout, b"the cut\n")

    def test_a_damaged_block_fails_its_reads_only(self):
        kvd, records = self.with_tables()
        name = max(kvd.files(".sst"), key=lambda n: os.path.getsize(kvd.path(n)))
        flip(kvd.path(name), os.path.getsize(kvd.path(name)) // 2, bit=3)
        kvd.start()
        failed = self.failing_keys(kvd, records)
        self.assertGreater(len(failed), 0)
        self.assertLess(len(failed), 100)
        done = kvd.cli("get", failed[0])
        self.assertEqual(done.returncode, 1, done)
        said = done.stderr.decode()
        self.assertIn(name, said)
        self.assertIn("offset", said)
        scan = kvd.cli("export", os.devnull)
        self.assertEqual(scan.returncode, 1)
        self.assertIn(name, scan.stderr.decode())
        self.assertTrue(kvd.alive())
        self.ok(kvd.cli("ping"))
        self.ok(kvd.cli("put", "still", "writing"))

    def failing_keys(self, kvd, records):
        """The keys whose read is answered with corruption; every other must have its value."""
        failed = []
        with ledger.connect(kvd.address) as client:
            for key, value in records.items():
                try:
                    self.assertEqual(client.get(key.encode()).value.decode(), value)
                except ledger.wire.KvdError as error:
                    self.assertIn("offset", error.message)
                    failed.append(key)
        return failed

    def test_a_newer_format_is_refused_naming_both(self):
        kvd, _ = self.with_tables()
        with open(kvd.path("CURRENT"), encoding="ascii") as file:
            words = file.read().split(" ")
        words[1] = "2"
        with open(kvd.path("CURRENT"), "w", encoding="ascii") as file:
            file.write(" ".join(words))
        self.assert_refused(kvd, "CURRENT")

    def test_a_stranger_in_the_directory_is_set_aside_not_deleted(self):
        kvd, records = self.with_tables()
        shutil.copy(kvd.path(kvd.files(".sst")[0]), kvd.path("000001.sst"))
        self.assertEqual(self.export_records(kvd.start()), records)
        self.assertIn("000001.sst", os.listdir(kvd.path("lost")))


class BadFrames(kvd_case.KvdCase):
    def test_noise_ends_the_connection_and_nothing_else(self):
        rng = random.Random(daemon.seed())
        kvd = self.make().start()
        host, port = kvd.address.rsplit(":", 1)
        for size in (1, 31, 32, 33, 4096, 200_000):
            with socket.create_connection((host, int(port)), daemon.PATIENCE_S) as connection:
                try:
                    connection.sendall(rng.randbytes(size))
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except ConnectionError:
                    pass
        self.ok(kvd.cli("ping"))

    def test_changed_frames_never_hurt_the_server(self):
        rng = random.Random(daemon.seed())
        kvd = self.make().start()
        for _ in range(300):
            with ledger.connect(kvd.address) as client:
                body = b"\x00" * 8 + ledger.wire.byte_string(b"key") + ledger.wire.byte_string(b"v")
                frame = bytearray(ledger.wire.HEADER.pack(
                    len(body), ledger.wire.REQUEST, 1, 0, rng.choice((2, 16, 17, 18, 32, 34, 35, 48)),
                    2, 0, 9, 0) + body)
                for _ in range(rng.randint(1, 4)):
                    frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
                client.socket.sendall(frame)
                client.socket.shutdown(socket.SHUT_WR)
                try:
                    while client.socket.recv(65536):
                        pass
                except ConnectionError:
                    pass
        self.assertTrue(kvd.alive(), kvd.log()[-2000:])
        self.ok(kvd.cli("ping"))
        self.assertLess(self.resident_mib(kvd), 400)

    def resident_mib(self, kvd):
        with open(f"/proc/{kvd.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) // 1024

    def test_the_example_client_finds_everything_as_documented(self):
        kvd = self.make().start()
        host, port = kvd.address.rsplit(":", 1)
        checks = kvd_selftest.SelfTest(host, int(port)).run()
        print(json.dumps({"selftest_checks": checks}))
        self.assertGreater(checks, 50)


if __name__ == "__main__":
    unittest.main(verbosity=2)
