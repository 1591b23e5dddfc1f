"""What every file says and no file says: the opening comment, the licence line, no residue.

SPDX-License-Identifier: Apache-2.0
"""
import re

import tree

SPDX = "SPDX-License-Identifier: Apache-2.0"
# In pieces, so that this file passes its own test.
FORBIDDEN = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|for simpl" r"icity", re.I)
CASE_SENSITIVE = {"hack", "todo", "xxx"}


def opening(path, text):
    """The lines of the comment a file begins with, without its markers."""
    lines = text.splitlines()
    if lines and lines[0].startswith("#!"):
        lines = lines[1:]
    body = "\n".join(lines)
    if path.endswith(".py") or body.startswith('"""'):
        match = re.match(r'"""(.*?)"""', body, re.S)
        return match.group(1).strip().splitlines() if match else []
    mark = "//" if path.endswith((".h", ".cc")) else "#"
    found = []
    for line in lines:
        if not line.startswith(mark):
            break
        found.append(line[len(mark):].strip())
    return found


def offences_of(path, text, is_source):
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = FORBIDDEN.search(line)
        if match and not (match.group() in CASE_SENSITIVE):
            found.append(f"{path}:{number}: says {match.group()!r}: do it, or leave the words out")
    if not is_source:
        return found
    lines = opening(path, text)
    if sum(SPDX in line for line in lines) != 1:
        found.append(f"{path}: the opening comment needs one line '{SPDX}'")
    words = [line for line in lines if SPDX not in line and line]
    if not 1 <= len(words) <= 12:
        found.append(f"{path}: opens with {len(words)} comment lines; wanted are 1 to 12: what it "
                     "promises, who calls it, the thread rule")
    return found


def offenders(root=tree.ROOT):
    found = []
    for path in tree.files(root):
        source = path.endswith((".h", ".cc", ".py")) or tree.is_script(path, root) is not None
        if source or path.endswith((".md", ".txt", ".cmake", ".toml", ".service")):
            found += offences_of(path, tree.read(path, root), source)
    return found
