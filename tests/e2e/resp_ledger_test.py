"""kvd is killed again and again while RESP clients write in pipelines; nothing acknowledged is
lost, and no MSET or EXEC is there in part.

Every writer keeps a ledger (resp/writers.py); the killing is in killing.py.
SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import subprocess
import unittest

import daemon
import killing
import ledger
from resp import case, servers, writers


@unittest.skipUnless(servers.ours(), "the server is not ours to kill")
class KilledServer(killing.KillingCase):
    writer_type = writers.Writer

    def address(self, kvd):
        return kvd.resp

    def connect(self, kvd):
        return writers.Store(kvd.resp)

    def test_holds_every_acknowledged_write_and_no_part_of_a_transaction(self):
        kvd = servers.subject(os.path.join(self.scratch, "data"), *killing.TINY,
                              redis_flags=("--appendonly", "yes", "--appendfsync", "always"))
        self.daemons.append(kvd)
        self.kill_again_and_again(kvd.start())
        if servers.is_kvd():
            verified = subprocess.run([os.path.join(daemon.BIN, "kvtool"), "verify", kvd.data_dir],
                                      capture_output=True, text=True, check=False)
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)


class TheWriterItself(unittest.TestCase):
    class Store:
        """Enough of a store for Writer.check."""

        def __init__(self, entries):
            self.entries = entries

        def scan(self, prefix):
            return [writers.Entry(*pair) for pair in self.entries.items()
                    if pair[0].startswith(prefix)]

    def writer(self):
        writer = writers.Writer(b"w/", random.Random(1), ledger.Tally([]))
        writer.base = {b"w/a": b"1"}
        writer.sent.append(ledger.Sent(1, {b"w/a": writers.Append(b"2")}, None, None))
        writer.sent.append(ledger.Sent(4, {b"w/b": b"2", b"w/counter": 3}, None, None))
        return writer

    def test_accepts_any_first_part_of_the_unanswered_writes(self):
        for entries in ({b"w/a": b"1"}, {b"w/a": b"12"},
                        {b"w/a": b"12", b"w/b": b"2", b"w/counter": b"3"}):
            self.assertIsNone(self.writer().check(self.Store(entries)), entries)

    def test_catches_a_lost_write_a_repeated_one_a_torn_transaction_and_a_gap(self):
        for entries in ({}, {b"w/a": b"122"}, {b"w/a": b"12", b"w/b": b"2"},
                        {b"w/a": b"1", b"w/b": b"2", b"w/counter": b"3"}):
            self.assertIsNotNone(self.writer().check(self.Store(entries)), entries)


if __name__ == "__main__":
    case.main()
