"""The checkout as the house rules see it: which files there are, and the listed exceptions.

Used by every *_test.py of this folder. Works on plain files, so it needs neither git nor a commit.
SPDX-License-Identifier: Apache-2.0
"""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOP = ("client", "config", "docker", "engine", "protocol", "scripts", "server", "tests", ".ci")
SKIP = {"__pycache__", "build", "kvd-data", "corpus", "golden_bytes"}


def files(root=ROOT, suffixes=None):
    """Paths relative to `root`, sorted; all of them, or those that end in one of `suffixes`."""
    found = []
    for top in TOP:
        for folder, names, entries in os.walk(os.path.join(root, top)):
            names[:] = sorted(n for n in names if n not in SKIP)
            for entry in entries:
                path = os.path.relpath(os.path.join(folder, entry), root)
                if suffixes is None or path.endswith(suffixes):
                    found.append(path)
    return sorted(found)


def read(path, root=ROOT):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def is_script(path, root=ROOT):
    """The interpreter named by the first line, or None."""
    with open(os.path.join(root, path), "rb") as file:
        first = file.readline(200)
    match = re.match(rb"#!.*?\b(bash|sh|python3)\b", first)
    return match.group(1).decode() if match else None


def exceptions(kind, text=None):
    """{(path, subject): reason} of the entries of `kind` in exceptions.txt."""
    if text is None:
        text = read("tests/house/exceptions.txt")
    result = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split(None, 3)
        if len(parts) != 4:
            raise ValueError(f"exceptions.txt:{number}: want KIND PATH SUBJECT REASON: {line}")
        if parts[0] == kind:
            result[(parts[1], parts[2])] = parts[3]
    return result


def split_exceptions(offences, allowed):
    """Offences {(path, subject): message} without the allowed ones, plus one for each stale entry."""
    left = [message for key, message in sorted(offences.items()) if key not in allowed]
    left += [f"exceptions.txt: {path} {subject} is no longer needed: remove it"
             for path, subject in sorted(set(allowed) - set(offences))]
    return left
