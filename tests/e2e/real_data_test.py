"""The Debian package index of this machine goes through kvcli into kvd and comes back unchanged.

Key: package, version and, where those are not unique, architecture; value: the stanza. The second
test kills kvd with SIGKILL in the middle of the import and lets the import go on afterwards.
SPDX-License-Identifier: Apache-2.0
"""
import base64
import hashlib
import json
import os
import random
import subprocess
import time
import unittest

import daemon
import kvd_case
import ledger


def stanzas():
    """[(key, stanza)] sorted by key, both bytes."""
    text = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout
    found = {}
    for stanza in text.split(b"\n\n"):
        fields = dict(line.split(b": ", 1) for line in stanza.split(b"\n")
                      if b": " in line and not line.startswith(b" "))
        if b"Package" not in fields:
            continue
        key = fields[b"Package"] + b" " + fields.get(b"Version", b"")
        if found.get(key, stanza) != stanza:
            key += b" " + fields.get(b"Architecture", b"")
        found[key] = stanza
    return sorted(found.items())


def field(name, data):
    try:
        return {name: data.decode("utf-8")}
    except UnicodeDecodeError:
        return {name + "_base64": base64.b64encode(data).decode()}


def bytes_of(record, name):
    if name in record:
        return record[name].encode("utf-8")
    return base64.b64decode(record[name + "_base64"])


def digest(records):
    total = hashlib.sha256()
    for key, value in records:
        total.update(b"%d %d " % (len(key), len(value)) + key + value)
    return total.hexdigest()


class RealData(kvd_case.KvdCase):
    @classmethod
    def setUpClass(cls):
        cls.source = stanzas()
        # The index of Debian 12 has about 63,000; a machine without package lists proves nothing.
        if len(cls.source) < 20000:
            raise AssertionError(f"apt-cache dumpavail has {len(cls.source)} stanzas: apt-get update")

    def setUp(self):
        super().setUp()
        self.random = random.Random(daemon.seed())
        self.source_path = os.path.join(self.scratch, "source.jsonl")
        # In random order: the server is to sort, not the test.
        shuffled = self.random.sample(self.source, len(self.source))
        with open(self.source_path, "w", encoding="utf-8") as file:
            for key, value in shuffled:
                file.write(json.dumps({**field("key", key), **field("value", value)},
                                      ensure_ascii=False) + "\n")

    def exported(self, kvd):
        """[(key, value)] in the order of the export."""
        path = os.path.join(self.scratch, "export.jsonl")
        self.ok(kvd.cli("export", path))
        with open(path, encoding="utf-8", newline="\n") as file:
            records = [json.loads(line) for line in file]
        return [(bytes_of(record, "key"), bytes_of(record, "value")) for record in records]

    def assert_whole(self, kvd):
        found = self.exported(kvd)
        self.assertEqual(len(found), len(self.source))
        self.assertEqual(digest(found), digest(self.source))
        self.assertEqual(found, self.source)

    def scanned_keys(self, kvd, prefix):
        output = self.ok(kvd.cli("scan", "--prefix", prefix, "--keys", "--json"))
        return [bytes_of(json.loads(line), "key") for line in output.splitlines()]

    def test_goes_in_is_scanned_by_prefix_and_comes_out_unchanged(self):
        kvd = self.make().start()
        began = time.monotonic()
        self.ok(kvd.cli("import", self.source_path))
        print(f"imported {len(self.source)} stanzas in {time.monotonic() - began:.1f} s")
        for prefix in ("linux-image-", "python3-", "zsh ", "no-such-package-"):
            wanted = [key for key, _ in self.source if key.startswith(prefix.encode())]
            self.assertEqual(self.scanned_keys(kvd, prefix), wanted, prefix)
        self.assert_whole(kvd)
        self.assertEqual(kvd.stop(), 0)
        self.assert_whole(kvd.start())

    def test_survives_sigkill_in_the_middle_of_the_import(self):
        kvd = self.make().start()
        moment = self.random.randrange(len(self.source) * 9 // 10)
        importer = subprocess.Popen(
            [os.path.join(daemon.BIN, "kvcli"), "-a", kvd.address, "import", self.source_path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with ledger.connect(kvd.address) as client:
            daemon.wait_until(lambda: client.status().published_seqno >= moment, "the import")
        kvd.kill()
        said = importer.communicate(timeout=daemon.PATIENCE_S)[0]
        self.assertIn(importer.returncode, (1, 3, 4), said)
        survived = self.exported(kvd.start())
        print(f"killed at {moment}: {len(survived)} of {len(self.source)} were there")
        self.assertLess(len(survived), len(self.source))
        self.assertLessEqual(set(survived), set(self.source))
        self.ok(kvd.cli("import", self.source_path))
        self.assert_whole(kvd)


if __name__ == "__main__":
    unittest.main(verbosity=2)
