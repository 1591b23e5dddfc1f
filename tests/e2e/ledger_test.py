"""kvd is killed again and again while many connections write; nothing acknowledged is ever lost.

Every writer keeps a ledger (ledger.py). KV_LEDGER_KILLS says how often, KV_TEST_SEED what happens.
SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import subprocess
import threading
import time
import unittest

import daemon
import kvd_case
import ledger

KILLS = int(os.environ.get("KV_LEDGER_KILLS", "20"))
WRITERS = 10


class KilledServer(kvd_case.KvdCase):
    def setUp(self):
        super().setUp()
        self.random = random.Random(daemon.seed())
        self.tally = ledger.Tally([b"shared0", b"shared1", b"shared2"])
        self.writers = [ledger.Writer(b"writer%d/" % number,
                                      random.Random(self.random.getrandbits(64)), self.tally)
                        for number in range(WRITERS)]

    def write_until_it_ends(self, kvd, end):
        """All writers at work while `end` waits for its moment and ends the daemon."""
        threads = [threading.Thread(target=writer.run, args=(kvd.address,), daemon=True)
                   for writer in self.writers]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.02, 0.6))  # the random moment
        end()
        for thread in threads:
            thread.join(daemon.PATIENCE_S * 2)
            self.assertFalse(thread.is_alive(), "a writer hangs after its server is gone")

    def check(self, kvd, round_number):
        with ledger.connect(kvd.address) as client:
            wrong = [writer.problem for writer in self.writers if writer.problem]
            wrong += [text for text in (writer.check(client) for writer in self.writers) if text]
            wrong += self.tally.check(client)
        self.assertEqual(wrong, [], f"after round {round_number}:\n" + "\n".join(wrong))

    def test_holds_every_acknowledged_write_and_no_part_of_a_batch(self):
        # Small files, so that kills also hit flushes, compactions and segment changes.
        kvd = self.make("data", "--set", "engine.memtable_size=256KiB",
                        "--set", "engine.wal_segment_size=512KiB",
                        "--set", "engine.table_size=256KiB").start()
        for round_number in range(KILLS):
            self.write_until_it_ends(kvd, kvd.kill)
            if self.random.random() < 0.3:  # killed again while it recovers
                kvd.spawn()
                time.sleep(self.random.uniform(0.0, 0.05))
                kvd.kill()
            kvd.start()
            self.check(kvd, round_number)
            if self.random.random() < 0.15:
                self.write_until_it_ends(kvd, lambda: self.assertEqual(kvd.stop(), 0, kvd.log()))
                self.check(kvd.start(), f"{round_number}, after SIGTERM")
        acknowledged = sum(writer.acknowledged for writer in self.writers)
        refused = sum(writer.refused for writer in self.writers)
        print(f"{KILLS} kills, {acknowledged} acknowledged writes, all there; {refused} refused")
        self.assertGreater(acknowledged, KILLS * WRITERS)
        self.assertEqual(kvd.stop(), 0)
        verified = subprocess.run([os.path.join(daemon.BIN, "kvtool"), "verify", kvd.data_dir],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)


class TheLedgerItself(unittest.TestCase):
    class Store:
        """Enough of a client for Writer.check."""

        def __init__(self, entries):
            self.entries = entries

        def scan(self, prefix):
            return [ledger.wire.Entry(key, value, 1, 0) for key, value in self.entries.items()
                    if key.startswith(prefix)]

    def writer(self):
        writer = ledger.Writer(b"w/", random.Random(1), ledger.Tally([]))
        writer.base = {b"w/a": b"1"}
        writer.sent.append(ledger.Sent(1, {b"w/a": b"2", b"w/b": b"2"}, None, None))
        writer.sent.append(ledger.Sent(2, {b"w/a": None}, None, None))
        return writer

    def test_accepts_any_first_part_of_the_unanswered_writes(self):
        for entries in ({b"w/a": b"1"}, {b"w/a": b"2", b"w/b": b"2"}, {b"w/b": b"2"}):
            self.assertIsNone(self.writer().check(self.Store(entries)))

    def test_catches_a_lost_write_a_torn_batch_and_a_gap(self):
        for entries in ({}, {b"w/a": b"2"}, {b"w/a": b"1", b"w/b": b"2"}, {b"w/a": b"3"}):
            self.assertIsNotNone(self.writer().check(self.Store(entries)), entries)


if __name__ == "__main__":
    unittest.main(verbosity=2)
