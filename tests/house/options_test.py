"""The engine has at most 20 options: what a caller cannot be expected to know is decided for him.

The seams (file system, clock, executor, log) are not counted. SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import unittest

import tree

MOST = 20
SEAMS = {"file_system", "clock", "executor", "log"}


def options_in(text):
    """Names of the members of `struct Options`, comments aside."""
    body = re.search(r"^struct Options \{$(.*?)^\};$", text, re.M | re.S).group(1)
    code = re.sub(r"//.*", "", body)
    return re.findall(r"(\w+)(?:\s*=[^;]*)?;", code)


class TheOptions(unittest.TestCase):
    def test_are_at_most_20(self):
        with open(os.path.join(tree.ROOT, "engine/include/kv/options.h"), encoding="utf-8") as file:
            names = options_in(file.read())
        self.assertLessEqual(SEAMS, set(names))
        self.assertLessEqual(len(set(names) - SEAMS), MOST, names)


class TheCounter(unittest.TestCase):
    def test_counts_members_with_and_without_a_default(self):
        text = "struct Options {\n    int a = 1;\n    // b; is not one\n    Log log;\n" \
               "    uint64_t c = 1ULL << 20;  /// d;\n};\n"
        self.assertEqual(options_in(text), ["a", "log", "c"])


if __name__ == "__main__":
    unittest.main()
