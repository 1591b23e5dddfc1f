"""Every source file opens with a comment and the licence line; none holds residue; scripts parse.

SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import unittest

import tree
import words


class TheTree(unittest.TestCase):
    def test_opens_well_and_holds_no_residue(self):
        found = words.offenders()
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_scripts_parse_and_may_be_run(self):
        found = []
        for path in tree.files():
            kind = tree.is_script(path)
            full = os.path.join(tree.ROOT, path)
            if kind and not os.access(full, os.X_OK):
                found.append(f"{path}: has an interpreter line but not the executable bit")
            if kind in ("bash", "sh") or path.endswith(".sh"):
                parsed = subprocess.run(["bash", "-n", full], capture_output=True, text=True,
                                        check=False)
                if parsed.returncode != 0:
                    found.append(parsed.stderr)
        self.assertEqual(found, [], "\n" + "\n".join(found))


class TheChecker(unittest.TestCase):
    GOOD = "// Does a thing.\n// " + words.SPDX + "\n#pragma once\n"

    def test_passes_a_good_file(self):
        self.assertEqual(words.offences_of("a.h", self.GOOD, True), [])
        self.assertEqual(words.offences_of("run", "#!/bin/sh\n# Runs.\n# " + words.SPDX, True), [])

    def test_catches_planted_residue(self):
        planted = self.GOOD + "// " + "TO" + "DO: later\n"
        self.assertIn("a.h:4", words.offences_of("a.h", planted, True)[0])

    def test_catches_a_missing_licence_and_opening(self):
        self.assertEqual(len(words.offences_of("a.h", "#pragma once\n", True)), 2)


if __name__ == "__main__":
    unittest.main()
