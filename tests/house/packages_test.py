"""The image is built with the packages that scripts/run installs, from a checkout without its residue.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import unittest

import tree

# Makes a second build faster, and an image has none.
NOT_IN_THE_IMAGE = {"ccache"}


def build_packages():
    """BUILD_PACKAGES of scripts/lib/common.sh."""
    text = tree.read("scripts/lib/common.sh")
    return set(re.search(r"^BUILD_PACKAGES=\((.*?)\)", text, re.M | re.S).group(1).split())


def installed_first(dockerfile):
    """What the first stage of a Dockerfile installs."""
    words = re.search(r"apt-get install(.*?)&&", dockerfile, re.S).group(1).split()
    return {word for word in words if not word.startswith("-") and word != "\\"}


def patterns(name):
    """The patterns of an ignore file, without the slashes that anchor a folder."""
    return {line.strip("/") for line in tree.read(name).splitlines()
            if line and not line.startswith("#")}


class TheImage(unittest.TestCase):
    def test_is_built_with_the_packages_of_the_scripts(self):
        self.assertEqual(installed_first(tree.read("docker/Dockerfile")),
                         build_packages() - NOT_IN_THE_IMAGE)

    def test_is_built_from_a_checkout_without_stores_builds_and_history(self):
        ignored = patterns(".dockerignore")
        self.assertEqual({"**/__pycache__" if name == "__pycache__" else name
                          for name in patterns(".gitignore")} | {".git"}, ignored)
        # BuildKit would read this one instead, and other builders the first.
        self.assertFalse(os.path.exists(os.path.join(tree.ROOT, "docker/Dockerfile.dockerignore")))


class TheReader(unittest.TestCase):
    def test_finds_the_packages_of_the_first_stage(self):
        self.assertEqual(installed_first("RUN apt-get update && apt-get install -y --no-such \\\n"
                                         "   g++ cmake \\\n  && rm x\nRUN apt-get install y && z"),
                         {"g++", "cmake"})


if __name__ == "__main__":
    unittest.main()
