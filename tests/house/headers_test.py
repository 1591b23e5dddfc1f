"""Every public header compiles alone, twice over, with each compiler there is and all warnings on.

KV_COMPILERS names the compilers, separated by ':'; clang++ joins when the machine has one.
SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures
import os
import shutil
import subprocess
import unittest

import tree

ROOTS = ("engine/base/include", "engine/include", "client/include")
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
         "-Wshadow", "-Werror", "-x", "c++", "-"]


def public_headers():
    return [(root, path[len(root) + 1:]) for root in ROOTS
            for path in tree.files(suffixes=(".h",)) if path.startswith(root + "/")]


def compile_alone(compiler, name, source=None):
    """What the compiler says about a file that includes only `name`; empty when content."""
    source = source or f'#include "{name}"\n#include "{name}"\n'
    command = [compiler] + [f"-I{os.path.join(tree.ROOT, root)}" for root in ROOTS] + FLAGS
    run = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else f"{compiler}: {name} alone:\n{run.stderr[:2000]}"


def compilers():
    named = [c for c in os.environ.get("KV_COMPILERS", "g++").split(":") if c]
    clang = shutil.which("clang++")
    return named + ([clang] if clang and clang not in named else [])


class PublicHeaders(unittest.TestCase):
    def test_compile_alone(self):
        headers = public_headers()
        self.assertGreater(len(headers), 5)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(compile_alone, compiler, name)
                    for compiler in compilers() for _, name in headers]
            found = [text for text in (job.result() for job in jobs) if text]
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_planted_dependence_on_an_earlier_include_is_caught(self):
        self.assertNotEqual(compile_alone(compilers()[0], "planted",
                                          "inline std::string f() { return {}; }\n"), "")


if __name__ == "__main__":
    unittest.main()
