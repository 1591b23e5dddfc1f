"""The fixture of the end-to-end tests: a scratch folder, and daemons that never outlive their test.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import tempfile
import unittest

import daemon

# Small files, so that a few megabytes make several segments and tables.
SMALL = ("--set", "engine.memtable_size=1MiB", "--set", "engine.wal_segment_size=1MiB",
         "--set", "engine.table_size=1MiB")


class KvdCase(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="kvd-e2e-")
        self.daemons = []
        self.addCleanup(self.clean_up)

    def clean_up(self):
        for kvd in self.daemons:
            kvd.kill()
        # A failed test's directory is the evidence; it is printed and kept.
        outcome = getattr(self, "_outcome", None)
        result = getattr(outcome, "result", None)
        mine = [test for test, _ in getattr(result, "failures", []) + getattr(result, "errors", [])]
        if self in mine or not getattr(outcome, "success", True):
            print(f"kept for inspection: {self.scratch}", flush=True)
            for kvd in self.daemons:
                print(f"--- end of {kvd.log_path}\n{kvd.log()[-3000:]}", flush=True)
        else:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def make(self, name="data", *flags, **options):
        """A daemon on the scratch directory `name`, not started."""
        kvd = daemon.Daemon(os.path.join(self.scratch, name), *flags, **options)
        self.daemons.append(kvd)
        return kvd

    def assert_refused(self, kvd, *words):
        """That it does not start on its data directory, and says why in these words, among others."""
        code, said = kvd.refuses()
        self.assertEqual(code, 3, said)
        for word in words:
            self.assertIn(word, said)

    def ok(self, done):
        """The output of a kvcli command that must succeed."""
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return done.stdout

    def import_records(self, kvd, records):
        """Writes {key: value} (text) through `kvcli import -`; they are acknowledged on return."""
        lines = "".join(json.dumps({"key": key, "value": value}) + "\n"
                        for key, value in records.items())
        self.ok(kvd.cli("import", "-", data=lines.encode()))

    def export_records(self, kvd):
        """{key: value} of everything there, as text."""
        found = {}
        for line in self.ok(kvd.cli("export", "-")).decode().splitlines():
            record = json.loads(line)
            found[record["key"]] = record["value"]
        return found


def numbered(count, value_bytes=1000, start=0):
    """`count` records that do not compress into one another."""
    return {f"key{number:08d}": f"value{number:08d}-" + f"{number * 2654435761 % 2**32:08x}"
            * (value_bytes // 8) for number in range(start, start + count)}
