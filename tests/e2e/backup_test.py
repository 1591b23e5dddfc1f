"""Backups of a running kvd: `kvcli checkpoint` under writes, a copy of it elsewhere, kvd on that copy.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import subprocess
import sys
import threading
import unittest

import daemon
import kvd_case
import ledger


class Writer:
    """Puts w0, w1, ... one after another until told to stop; `acknowledged` of them so far."""

    def __init__(self, address):
        self.acknowledged = 0
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._write, args=(address,))
        self._thread.start()

    def _write(self, address):
        with ledger.connect(address) as client:
            while not self._enough.is_set():
                client.put(b"w%d" % self.acknowledged, b"v" * 100)
                self.acknowledged += 1

    def wait_for(self, count):
        daemon.wait_until(lambda: self.acknowledged >= count or not self._thread.is_alive(),
                          f"{count} writes")
        return self.acknowledged

    def stop(self):
        self._enough.set()
        self._thread.join()
        return self.acknowledged


class Backup(kvd_case.KvdCase):
    def verified(self, path):
        """What `kvtool verify` says of a data directory, which must be clean."""
        done = subprocess.run([os.path.join(daemon.BIN, "kvtool"), "verify", path],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.decode()

    def with_tables(self, records):
        """A running kvd that holds these records, some of them in tables."""
        kvd = self.make("data", *kvd_case.SMALL).start()
        self.import_records(kvd, records)
        daemon.wait_until(lambda: kvd.files(".sst"), "a first table")
        return kvd

    def checkpoint(self, kvd, name):
        made = json.loads(self.ok(kvd.cli("--json", "checkpoint", name)))
        self.assertEqual(made["path"], kvd.path(os.path.join("checkpoints", name)))
        return made

    def test_a_checkpoint_under_writes_holds_all_that_was_acknowledged_before(self):
        records = kvd_case.numbered(3000)
        kvd = self.with_tables(records)
        writer = Writer(kvd.address)
        try:
            before = writer.wait_for(200)
            made = self.checkpoint(kvd, "monday")
            writer.wait_for(writer.acknowledged + 200)
        finally:
            after = writer.stop()
        self.assertGreater(made["tables"], 0)
        self.assertEqual(made["copied_tables"], 0)
        kvd.kill()
        self.verified(made["path"])
        self.verified(kvd.data_dir)

        shutil.copytree(made["path"], os.path.join(self.scratch, "restored"))
        found = self.export_records(self.make("restored").start())
        self.assertEqual({key: found[key] for key in records}, records)
        # Of the writes meanwhile: a beginning without holes, which has those from before.
        written = len(found) - len(records)
        self.assertGreaterEqual(written, before)
        self.assertLess(written, after)
        for number in range(written):
            self.assertIn("w%d" % number, found)
        self.assertEqual(len(self.export_records(kvd.start())), len(records) + after)

    def test_a_checkpoint_outlives_what_becomes_of_the_store(self):
        records = kvd_case.numbered(3000)
        kvd = self.with_tables(records)
        made = self.checkpoint(kvd, "full")
        self.ok(kvd.cli("delrange", "--yes"))
        self.import_records(kvd, kvd_case.numbered(3000, start=5000))
        self.assertEqual(kvd.stop(), 0)
        self.assertEqual(len(self.export_records(kvd.start())), 3000)
        self.assertNotIn("lost", os.listdir(kvd.data_dir))
        self.verified(made["path"])
        restored = self.make(os.path.join("data", "checkpoints", "full"))
        self.assertEqual(self.export_records(restored.start()), records)

    def test_a_checkpoint_is_refused_where_it_cannot_be_made_and_nothing_changes(self):
        kvd = self.make().start()
        self.ok(kvd.cli("put", "a", "1"))
        self.checkpoint(kvd, "monday")
        held = sorted(os.listdir(kvd.path("checkpoints/monday")))
        for name, said in (("monday", "exists"), ("..", "not a name"), ("a/b", "not a name")):
            done = kvd.cli("checkpoint", name)
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr.decode())
        self.assertEqual(sorted(os.listdir(kvd.path("checkpoints/monday"))), held)
        self.assertEqual(os.listdir(kvd.path("checkpoints")), ["monday"])
        self.assertEqual(self.ok(kvd.cli("get", "a")), b"1\n")

    def test_a_checkpoint_that_was_cut_off_is_cleared_away_at_the_next_start(self):
        kvd = self.make().start()
        self.ok(kvd.cli("put", "a", "1"))
        self.checkpoint(kvd, "monday")
        kvd.kill()
        cut_off = kvd.path("checkpoints/.tuesday.unfinished")
        shutil.copytree(kvd.path("checkpoints/monday"), cut_off)
        os.remove(os.path.join(cut_off, "CURRENT"))
        kvd.start()
        self.assertEqual(os.listdir(kvd.path("checkpoints")), ["monday"])
        self.verified(self.checkpoint(kvd, "tuesday")["path"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
