"""scripts/experiments measures, and the committed page says what the committed data say.

Runs the experiments that need no other engine, at their smallest. KV_BIN: the folder of the programs.
SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.path.join(ROOT, "engine", "docs", "experiments")
NAMES = ("read_amplification", "cache_hit_rate", "filter_skips", "manifest_edit_latency",
         "open_many_tables")
NEVER_MEASURED = "Not measured yet."

sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
import experiment  # noqa: E402  (the path above comes first)
import experiments_load  # noqa: E402
import experiments_open  # noqa: E402
import experiments_read  # noqa: E402

GROUPS = (experiments_read, experiments_open, experiments_load)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Quick(unittest.TestCase):
    def test_writes_data_and_findings(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([os.path.join(ROOT, "scripts", "experiments"), "--quick", "--no-plots",
                                   "--out", folder, *NAMES], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            page = read(folder, "README.md")
            for name in NAMES:
                comment, rows = experiment.read_csv(os.path.join(folder, f"{name}.csv"))
                self.assertIn(f"scripts/experiments {name} --quick", comment)
                self.assertGreater(len(rows), 1, name)
                self.assertIn(comment, page)


class Page(unittest.TestCase):
    def test_agrees_with_its_data(self):
        page = read(HOME, "README.md")
        for group in GROUPS:
            for each in group.EXPERIMENTS:
                begin, end = experiment.marks(each.name)
                section = page.split(begin)[1].split(end)[0]
                if section.strip() == NEVER_MEASURED:
                    continue
                comment, rows = experiment.read_csv(os.path.join(HOME, f"{each.name}.csv"))
                self.assertEqual(section, experiment.section_text(each, comment, rows), each.name)
                self.assertIn("<svg", read(HOME, f"{each.name}.svg"))


if __name__ == "__main__":
    unittest.main()
