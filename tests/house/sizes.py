"""How long files and functions are. A long one is asked for its second idea; see sizes_test.py.

SPDX-License-Identifier: Apache-2.0
"""
import re

import tree

HEADER, SOURCE, FUNCTION = 200, 500, 70
NOT_A_FUNCTION = re.compile(r"^\s*(?:template\s*<.*>\s*)?(?:export\s+)?"
                            r"(namespace|class|struct|enum|union|extern|using|typedef)\b", re.S)
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
                   r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*", re.S | re.M)


def blank(text):
    """`text` with comments, literals and preprocessor lines emptied, line breaks kept."""
    return TOKEN.sub(lambda match: "\n" * match.group().count("\n"), text)


def functions(text):
    """(name, first line, lines) of every function body, lambdas counted with their function."""
    found, stack, head, line, head_line = [], [], "", 1, 1
    for char in blank(text):
        if char == "\n":
            line += 1
        if char == "{":
            inside = any(stack)
            opens = None
            if not inside and "(" in head and not NOT_A_FUNCTION.match(head) \
                    and not head.rstrip().endswith(("=", ",", "(", "return")):
                opens = (name_of(head), head_line)
            stack.append(opens)
            head = ""
        elif char == "}":
            opened = stack.pop() if stack else None
            if opened:
                found.append((opened[0], opened[1], line - opened[1] + 1))
            head = ""
        elif char == ";":
            head = ""
        elif head or not char.isspace():
            if not head:
                head_line = line
            head += char
    return found


def name_of(head):
    """The name before the first parenthesis: 'WalReader::next', or the macro's for a test case."""
    head = re.sub(r"^\s*template\s*<.*?>\s*(?=\w)", "", head, flags=re.S)
    match = re.search(r"([~\w:]+(?:operator[^\w\s(]+)?)\s*\(", head)
    return match.group(1) if match else head.strip()[:40]


def offences_of(path, text):
    """{(path, subject): message} for one file."""
    offences = {}
    limit = HEADER if path.endswith(".h") else SOURCE
    lines = text.count("\n")
    if lines > limit:
        offences[(path, "lines")] = f"{path}: {lines} lines, the limit is {limit}"
    if path.endswith((".h", ".cc")):
        for name, first, length in functions(text):
            if length > FUNCTION:
                offences[(path, name)] = \
                    f"{path}:{first}: {name} has {length} lines, the limit is {FUNCTION}"
    return offences


def offenders(root=tree.ROOT, allowed=None):
    offences = {}
    for path in tree.files(root):
        if path.endswith((".h", ".cc", ".py")) or tree.is_script(path, root):
            offences.update(offences_of(path, tree.read(path, root)))
    return tree.split_exceptions(offences, tree.exceptions("size") if allowed is None else allowed)
