"""kvcli against a live kvd: outputs, exit codes, scripts on standard input, import and export.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import unittest

import daemon
import kvd_case


class OneShot(kvd_case.KvdCase):
    def setUp(self):
        super().setUp()
        self.kvd = self.make().start()

    def run_cli(self, *words, data=None):
        done = self.kvd.cli(*words, data=data)
        return done.returncode, done.stdout

    def test_put_get_and_del(self):
        self.assertEqual(self.run_cli("put", "greeting", "hello")[0], 0)
        self.assertEqual(self.run_cli("get", "greeting"), (0, b"hello\n"))
        self.assertEqual(self.run_cli("del", "greeting")[0], 0)
        self.assertEqual(self.run_cli("get", "greeting"), (5, b""))

    def test_incr_and_cas(self):
        self.assertEqual(self.run_cli("incr", "n", "5"), (0, b"5\n"))
        self.assertEqual(self.run_cli("incr", "n", "-7"), (0, b"-2\n"))
        self.assertEqual(self.run_cli("cas", "n", "-2", "9")[0], 0)
        code, _ = self.run_cli("cas", "n", "-2", "10")
        self.assertEqual(code, 1)
        self.assertEqual(self.run_cli("get", "n"), (0, b"9\n"))

    def test_scan_both_ways(self):
        self.import_records(self.kvd, {f"k{number}": str(number) for number in range(5)})
        forward = [json.loads(line)["key"] for line in
                   self.ok(self.kvd.cli("scan", "--prefix", "k", "--json")).splitlines()]
        backward = [json.loads(line)["key"] for line in
                    self.ok(self.kvd.cli("rscan", "--prefix", "k", "--json")).splitlines()]
        self.assertEqual(forward, [f"k{number}" for number in range(5)])
        self.assertEqual(backward, forward[::-1])

    def test_exit_codes(self):
        self.assertEqual(self.run_cli("ping")[0], 0)
        self.assertEqual(self.run_cli("no-such-command")[0], 2)
        self.assertEqual(self.run_cli("put", "only-a-key")[0], 2)
        self.assertEqual(self.run_cli("incr", "x", "not-a-number")[0], 2)
        self.ok(self.kvd.cli("put", "text", "abc"))
        self.assertEqual(self.run_cli("incr", "text", "1")[0], 1)
        self.kvd.kill()
        self.assertEqual(self.run_cli("ping")[0], 3)

    def test_a_script_on_standard_input(self):
        script = b"put a 1\nput b 'two words'\n# a comment\nget a\nget b\n"
        done = self.kvd.cli(data=script)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"two words\n", done.stdout)
        self.assertIn(b"1\n", done.stdout)

    def test_export_and_import_keep_every_byte(self):
        import base64
        lines = b"".join(
            json.dumps({"key_base64": base64.b64encode(bytes([number, 255 - number])).decode(),
                        "value_base64": base64.b64encode(bytes(range(number))).decode()}).encode()
            + b"\n" for number in range(256))
        self.ok(self.kvd.cli("import", "-", data=lines))
        for options in ((), ("--format", "binary")):
            first = self.ok(self.kvd.cli("export", "-", *options))
            other = self.make("other" + "".join(options)).start()
            self.ok(other.cli("import", "-", *options, data=first))
            self.assertEqual(self.ok(other.cli("export", "-", *options)), first)
            self.assertEqual(self.ok(other.cli("export", "-")).count(b"\n"), 256)

    def test_a_bad_line_of_an_import_is_named(self):
        done = self.kvd.cli("import", "-", data=b'{"key":"a","value":"b"}\n{"key":"c"}\n')
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"line 2", done.stderr)

    def test_help_and_version_need_no_server(self):
        for words in (("--help",), ("--version",), ("help",)):
            done = subprocess.run([os.path.join(daemon.BIN, "kvcli"), "-a", "127.0.0.1:1", *words],
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, (words, done))
            self.assertNotEqual(done.stdout, b"")


if __name__ == "__main__":
    unittest.main(verbosity=2)
