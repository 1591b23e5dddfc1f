"""kvd is killed again and again while many connections write; nothing acknowledged is ever lost.

Every writer keeps a ledger (ledger.py); the killing is in killing.py.
SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import subprocess
import unittest

import daemon
import killing
import ledger


class KilledServer(killing.KillingCase):
    def test_holds_every_acknowledged_write_and_no_part_of_a_batch(self):
        kvd = self.make("data", *killing.TINY).start()
        self.kill_again_and_again(kvd)
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
