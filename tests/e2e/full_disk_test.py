"""The disk fills up under kvd: a typed error, reads go on, nothing acknowledged is lost, and writes
resume by themselves when there is room again. Needs the right to mount a tmpfs; skips otherwise.

SPDX-License-Identifier: Apache-2.0
"""
import os
import random
import subprocess
import sys
import tempfile
import unittest

import daemon
import kvd_case
import ledger

SKIPPED = 77
DISK_MIB = 48


def mount(path):
    """Whether a small file system could be mounted there."""
    return os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "kvd-test", path],
        capture_output=True, check=False).returncode == 0


def can_mount():
    with tempfile.TemporaryDirectory() as path:
        if not mount(path):
            return False
        subprocess.run(["umount", path], check=True)
        return True


class FullDisk(kvd_case.KvdCase):
    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.scratch, "disk")
        os.mkdir(self.disk)
        self.assertTrue(mount(self.disk))
        # Undone first-in last-out: the daemon goes before its disk.
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.disk], check=True))
        self.addCleanup(lambda: [kvd.kill() for kvd in self.daemons])

    def fill(self, client, acknowledged):
        """Puts until one is refused; the error."""
        for number in range(len(acknowledged), 10 * DISK_MIB * 100):
            # Random, so that no codec makes room.
            key, value = b"key%07d" % number, random.Random(number).randbytes(10500)
            try:
                client.put(key, value)
            except ledger.wire.KvdError as error:
                return error
            acknowledged[key] = value
        raise AssertionError("the disk never filled up")

    def check(self, client, acknowledged):
        for key, value in acknowledged.items():
            found = client.get(key)
            self.assertTrue(found and found.value == value, f"{key} is not what was acknowledged")

    def test_full_disk(self):
        filler = os.path.join(self.disk, "filler")
        with open(filler, "wb") as file:
            file.write(b"f" * (16 << 20))
        kvd = self.make("disk/data", *kvd_case.SMALL)
        kvd.log_path = os.path.join(self.scratch, "kvd.log")
        kvd.start()
        acknowledged = {}
        with ledger.connect(kvd.address) as client:
            error = self.fill(client, acknowledged)
            print(f"{len(acknowledged)} writes fitted; then: {error}")
            self.assertTrue(error.surely_not_applied or error.in_doubt, error)
            self.assertTrue(error.retryable or error.in_doubt, error)
            self.assertGreater(len(acknowledged), 100)
            self.check(client, acknowledged)
            done = kvd.cli("put", "one", "more")
            while done.returncode == 0:  # a compaction that was under way has made room again
                self.assertEqual(client.get(b"one").value, b"more")
                self.fill(client, acknowledged)
                done = kvd.cli("put", "one", "more")
            self.assertIn(done.returncode, (1, 4), done)
            self.assertRegex(done.stderr.decode(), "(?i)space|full|read.only")
            os.unlink(filler)

            def resumed():
                try:
                    return client.put(b"resumed", b"yes")
                except ledger.wire.KvdError:
                    return None
            daemon.wait_until(resumed, "writes to resume")
            self.check(client, acknowledged)
        kvd.kill()
        with ledger.connect(kvd.start().address) as client:
            self.check(client, {**acknowledged, b"resumed": b"yes"})

    def test_a_crash_on_the_full_disk_loses_nothing(self):
        kvd = self.make("disk/data", *kvd_case.SMALL)
        kvd.log_path = os.path.join(self.scratch, "kvd.log")
        # Cleared after the crash, as an operator would: a start may need room for its log.
        filler = os.path.join(self.disk, "filler")
        with open(filler, "wb") as file:
            file.write(b"f" * (16 << 20))
        kvd.start()
        acknowledged = {}
        with ledger.connect(kvd.address) as client:
            self.fill(client, acknowledged)
        kvd.kill()
        os.unlink(filler)
        with ledger.connect(kvd.start().address) as client:
            self.check(client, acknowledged)


if __name__ == "__main__":
    if not can_mount():
        print("skipped: mounting a tmpfs is not permitted here")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
