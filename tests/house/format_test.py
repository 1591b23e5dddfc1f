"""The tree is as clang-format leaves it. Skips, saying so, without clang-format 14.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import subprocess
import sys
import unittest

import tree

SKIPPED = 77


def formatter():
    """The path of clang-format 14, whose opinion counts; other versions differ in details."""
    for name in ("clang-format-14", "clang-format"):
        path = shutil.which(name)
        if path and " 14." in subprocess.run([path, "--version"], capture_output=True, text=True,
                                             check=False).stdout:
            return path
    return None


class TheTree(unittest.TestCase):
    def test_is_formatted(self):
        paths = [os.path.join(tree.ROOT, path) for path in tree.files(suffixes=(".h", ".cc"))]
        run = subprocess.run([formatter(), "--dry-run", "-Werror", "--ferror-limit=1"] + paths,
                             capture_output=True, text=True, check=False)
        found = sorted({line.split(":")[0][len(tree.ROOT) + 1:]
                        for line in run.stderr.splitlines() if ": error:" in line})
        self.assertEqual(found, [], "\nrun clang-format -i on:\n" + "\n".join(found))


if __name__ == "__main__":
    if formatter() is None:
        print("skipped: no clang-format 14 on this machine")
        sys.exit(SKIPPED)
    unittest.main()
