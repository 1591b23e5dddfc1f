"""Who may include whom. The order of the folders is the architecture; this is where it is written down.

breaches() returns a readable line for each include that goes against it. See layers_test.py.
SPDX-License-Identifier: Apache-2.0
"""
import os
import re

import tree

# Each folder of the engine may use those before it; the three in one group do not know each other.
ENGINE_ORDER = ("base", "io", "record", "cache", "iterator", ("wal", "memtable", "sstable"),
                "version", "compaction", "db", "tools")
RANK = {name: rank for rank, group in enumerate(ENGINE_ORDER)
        for name in ([group] if isinstance(group, str) else group)}

# engine/include/kv holds the public headers of several folders.
PUBLIC_HEADER_FOLDER = {
    "file_system.h": "io", "types.h": "record", "write_batch.h": "record", "iterator.h": "iterator",
    "keyspace.h": "record", "keyspace_catalog.h": "db", "write_program.h": "db", "options.h": "db", "db.h": "db", "stats.h": "db", "explain.h": "db", "checkpoint.h": "db",
}

INCLUDE_ROOTS = ("engine", "engine/include", "engine/base/include", "client/include", "client",
                 "protocol", "server", "config", "tests", "")

# Libraries: the start of an angle-bracket include -> where it may appear (path prefixes).
LIBRARIES = {
    "boost/": ("server/", "client/", "tests/", "engine/cache/", "engine/memtable/"),
    "openssl/": ("server/", "client/", "tests/"),
    "spdlog/": ("server/", "tests/server/"),
    "toml++/": ("config/",),
    "CLI/": ("config/", "client/cli/", "client/bench/", "engine/tools/", "server/",
             "tests/bench/"),
    "leveldb/": ("tests/bench/",),
    "rocksdb/": ("tests/bench/",),
    "nlohmann/": ("engine/tools/", "client/", "server/", "config/", "tests/"),
    "tl/": ("engine/base/",),
    "xxhash.h": ("engine/base/", "protocol/", "server/commands/", "tests/"),
    "liburing.h": ("engine/io/",),
    "lz4.h": ("engine/sstable/",),
    "zstd.h": ("engine/sstable/",),
    "histedit.h": ("client/cli/",),
    "editline/": ("client/cli/",),
    "catch2/": ("tests/",),
}
# The operating system is behind FileSystem, Clock and Executor: base and io implement them.
SYSTEM = re.compile(r"^(thread|chrono|fstream|filesystem|unistd\.h|fcntl\.h|pthread\.h|poll\.h|"
                    r"ctime|time\.h|sys/.*)$")
SYSTEM_FREE = tuple(f"engine/{name}/" for name in RANK if name not in ("base", "io", "tools"))


def layer(path):
    """'engine/wal', 'protocol', 'client', ...: the layer a file belongs to."""
    parts = path.split("/")
    if path.startswith("engine/include/kv/"):
        return "engine/" + PUBLIC_HEADER_FOLDER.get(parts[3], "?")
    if parts[0] == "engine":
        return "engine/" + parts[1] if len(parts) > 2 else "engine"
    return parts[0]


def is_public(path):
    return path.startswith(("engine/include/kv/", "engine/base/include/kv/", "client/include/kv/"))


def resolve(path, name, exists):
    """The file of the checkout that `path` gets when it includes `name`, or None."""
    for base in (os.path.dirname(path),) + INCLUDE_ROOTS:
        candidate = os.path.normpath(os.path.join(base, name))
        if exists(candidate):
            return candidate
    return None


def may_not(path, target):
    """Why `path` may not include `target` of the checkout; None when it may."""
    source, goal = layer(path), layer(target)
    if "?" in goal or "?" in source:
        return "the header is not assigned to a folder: add it to PUBLIC_HEADER_FOLDER in layers.py"
    if source == goal or source == "tests":
        return None
    if source.startswith("engine/"):
        if not goal.startswith("engine/"):
            return "the engine knows nothing of " + goal
        if RANK[source[7:]] <= RANK[goal[7:]]:
            return f"{source} comes before {goal}: " + order_text()
        return None
    public_base = target.startswith("engine/base/include/kv/")
    if source == "protocol":
        return None if public_base else "protocol uses only the public headers of engine/base"
    if source == "client":
        return None if public_base or goal == "protocol" else \
            "client uses only protocol and the public headers of engine/base"
    if source == "config":
        ok = public_base or target in ("engine/include/kv/options.h", "engine/include/kv/types.h")
        return None if ok else "config uses only kv/options.h, kv/types.h and engine/base's headers"
    if source == "server":
        if goal in ("config", "protocol") or (is_public(target) and goal.startswith("engine/")):
            return None
        return "server uses config, protocol and the engine's public headers"
    return f"{source} has no place in the order"


def order_text():
    return " < ".join(g if isinstance(g, str) else "{" + ", ".join(g) + "}" for g in ENGINE_ORDER)


def library_breach(path, name):
    """Why `path` may not include <name>; None when it may."""
    if "/include/kv/" in path and name.startswith(("boost/", "nlohmann/", "CLI/", "xxhash")):
        return "a public header shows no type of this library"
    for start, places in LIBRARIES.items():
        if name.startswith(start) and not path.startswith(places):
            return f"<{start}...> is used only in {', '.join(places)}"
    if SYSTEM.match(name) and path.startswith(SYSTEM_FREE):
        return "the operating system, threads and clocks are reached only through FileSystem, " \
               "Clock and Executor (engine/base, engine/io)"
    return None


def check_file(path, text, exists):
    """{(path, included): message} for one file."""
    offences = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)
        if not match:
            continue
        quoted, angled = match.groups()
        name = quoted or angled
        if angled and not angled.startswith("kv/"):
            reason = library_breach(path, angled)
        else:
            target = resolve(path, name, exists)
            reason = may_not(path, target) if target else "no such file in the checkout"
            if target and os.path.dirname(target) == os.path.dirname(path) and target != name \
                    and not is_public(target) and "/" not in name and not path.startswith("tests/"):
                reason = f"name the folder: write the path of {target} from its include root"
        if reason:
            offences[(path, name)] = f"{path}:{number}: includes {name}: {reason}"
    return offences


def breaches(root=tree.ROOT, allowed=None):
    offences = {}
    for path in tree.files(root, (".h", ".cc")):
        offences.update(check_file(path, tree.read(path, root),
                                   lambda p: os.path.isfile(os.path.join(root, p))))
    return tree.split_exceptions(offences, tree.exceptions("layer") if allowed is None else allowed)
