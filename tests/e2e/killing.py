"""A server that is killed again and again while writers with a ledger (ledger.py) are at work.

Used by ledger_test.py and resp_ledger_test.py, which say what server and what writers these are.
KV_LEDGER_KILLS says how often, KV_TEST_SEED what happens.
SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import threading
import time

import daemon
import kvd_case
import ledger

KILLS = int(os.environ.get("KV_LEDGER_KILLS", "20"))
WRITERS = 10
# Small files, so that kills also hit flushes, compactions and segment changes.
TINY = ("--set", "engine.memtable_size=256KiB", "--set", "engine.wal_segment_size=512KiB",
        "--set", "engine.table_size=256KiB")


class KillingCase(kvd_case.KvdCase):
    writer_type = ledger.Writer

    def setUp(self):
        super().setUp()
        self.random = random.Random(daemon.seed())
        self.tally = ledger.Tally([b"shared0", b"shared1", b"shared2"])
        self.writers = [self.writer_type(b"writer%d/" % number,
                                         random.Random(self.random.getrandbits(64)), self.tally)
                        for number in range(WRITERS)]

    # What the two tests differ in.
    def address(self, kvd):
        """Where the writers connect to."""
        return kvd.address

    def connect(self, kvd):
        """What the writers' `check` asks for what is there."""
        return ledger.connect(kvd.address)

    def write_until_it_ends(self, kvd, end):
        """All writers at work while `end` waits for its moment and ends the daemon."""
        threads = [threading.Thread(target=writer.run, args=(self.address(kvd),), daemon=True)
                   for writer in self.writers]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.02, 0.6))  # the random moment
        end()
        for thread in threads:
            thread.join(daemon.PATIENCE_S * 2)
            self.assertFalse(thread.is_alive(), "a writer hangs after its server is gone")

    def check(self, kvd, round_number):
        with self.connect(kvd) as client:
            wrong = [writer.problem for writer in self.writers if writer.problem]
            wrong += [text for text in (writer.check(client) for writer in self.writers) if text]
            wrong += self.tally.check(client)
        self.assertEqual(wrong, [], f"after round {round_number}:\n" + "\n".join(wrong))

    def kill_again_and_again(self, kvd):
        """Takes a started `kvd`, leaves it stopped; what was acknowledged outlives each kill."""
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
