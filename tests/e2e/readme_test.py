"""README.md is true: its tour shows what kvcli prints, its lines for redis-cli do what they say, its
code compiles, its links lead somewhere, as do those of the other documents.

Each line of the tour runs as a script of one line, which prints what the prompt prints, on one
fresh store. To renew the page after a change of kvcli:
KV_README_WRITE=1 python3 tests/e2e/readme_test.py
SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import daemon
import kvd_case

README = os.path.join(daemon.ROOT, "README.md")
PROMPT = "kv> "
# What a script says after an error, and a prompt does not.
STOPPED = "stopped at line 1 of the script\n"
TOUR = re.compile(r"(?<=<!-- tour: begin -->\n```\n)(.*?)(?=```\n<!-- tour: end -->)", re.S)
INCLUDES = ("client/include", "engine/include", "engine/base/include")


def page():
    with open(README, encoding="utf-8") as file:
        return file.read()


class Tour(kvd_case.KvdCase):
    def transcript(self, kvd, commands):
        text = ""
        for command in commands:
            done = kvd.cli(data=command.encode() + b"\n")
            said = (done.stdout + done.stderr).decode()
            text += PROMPT + command + "\n" + said.replace(STOPPED, "")
        return text

    def test_the_tour_shows_what_kvcli_prints(self):
        shown = TOUR.search(page()).group()
        commands = [line[len(PROMPT):] for line in shown.splitlines() if line.startswith(PROMPT)]
        self.assertGreater(len(commands), 10)
        kvd = self.make().start()
        printed = self.transcript(kvd, commands)
        if os.environ.get("KV_README_WRITE"):
            text = TOUR.sub(lambda _: printed, page())
            with open(README, "w", encoding="utf-8") as file:
                file.write(text)
            shown = printed
        self.assertEqual(shown, printed)

        before = self.export_records_with_bytes(kvd)
        kvd.kill()
        kvd.start()
        self.assertEqual(self.export_records_with_bytes(kvd), before)

    def export_records_with_bytes(self, kvd):
        return self.ok(kvd.cli("export", "-"))


class RedisCli(kvd_case.KvdCase):
    @unittest.skipUnless(shutil.which("redis-cli"), "no redis-cli (Debian package redis-tools)")
    def test_the_lines_for_redis_cli_do_what_stands_behind_them(self):
        block = re.search(r"^## The same with redis-cli\n.*?```sh\n(.*?)```", page(), re.M | re.S)
        kvd = self.make().start()
        port = kvd.read_address("resp").rsplit(":", 1)[1]
        said = []
        for line in block.group(1).splitlines():
            self.assertIn(" -p 7481 ", line)
            if line.startswith("redis-cli"):
                done = subprocess.run(["sh", "-c", line.replace("7481", port)], check=False,
                                      capture_output=True, text=True, timeout=daemon.PATIENCE_S)
                self.assertEqual((done.returncode, done.stderr), (0, ""), line)
                said.append(done.stdout.split("\n"))
        self.assertEqual(said, [["OK", ""], ["Alan Turing", ""], ["OK", ""],
                                ["user:7", "Alan Turing", ""], ["user:7", ""]])
        self.assertEqual(self.ok(kvd.cli("get", "user:7")), b"Alan Turing\n")


class Page(unittest.TestCase):
    def test_the_code_compiles(self):
        compiler = os.environ.get("CXX") or shutil.which("c++")
        snippets = re.findall(r"```cpp\n(.*?)```", page(), re.S)
        self.assertEqual(len(snippets), 2)
        paths = [f"-I{os.path.join(daemon.ROOT, path)}" for path in INCLUDES]
        for snippet in snippets:
            with tempfile.NamedTemporaryFile("w", suffix=".cc") as file:
                file.write(snippet)
                file.flush()
                done = subprocess.run(
                    [compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror",
                     "-Wno-missing-field-initializers", "-fsyntax-only", *paths, file.name],
                    capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, snippet + done.stderr)

    def test_links_and_named_files_are_there(self):
        text = page()
        targets = re.findall(r"\]\(([^)#]+)\)", text)
        targets += re.findall(r"`((?:server|client|tests|scripts|engine|config)/[\w./]+)`", text)
        self.assertGreater(len(targets), 15)
        missing = [target for target in targets
                   if not os.path.exists(os.path.join(daemon.ROOT, target))]
        self.assertEqual(missing, [])

    def test_links_of_the_other_documents_are_there(self):
        documents = [os.path.join(folder, name) for top in ("engine", "protocol", "tests")
                     for folder, _, names in os.walk(os.path.join(daemon.ROOT, top))
                     for name in names if name.endswith(".md")]
        self.assertGreater(len(documents), 8)
        missing, found = [], 0
        for document in documents:
            with open(document, encoding="utf-8") as file:
                targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", file.read())
            found += len(targets)
            missing += [f"{document}: {target}" for target in targets if "://" not in target and
                        not os.path.exists(os.path.join(os.path.dirname(document), target))]
        self.assertGreater(found, 20)
        self.assertEqual(missing, [])

    def test_defaults_in_the_table_are_the_daemons(self):
        done = subprocess.run([os.path.join(daemon.BIN, "kvd"), "--print-config"], check=True,
                              capture_output=True, text=True)
        actual, section = {}, ""
        for line in done.stdout.splitlines():
            if line.startswith("["):
                section = line.strip("[] ") + "."
            elif "=" in line:
                name, value = line.split("#")[0].split("=")
                actual[section + name.strip()] = value.strip().strip('"')
        rows = re.findall(r"^\| (`[a-z]\S*)[^|]* \| `KVD_[^|]* \| ([^|]*) \|", page(), re.M)
        self.assertGreater(len(rows), 8)
        for name, default in rows:
            self.assertEqual(default.split(",")[0].strip("`"), actual[name.strip("`,")], name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
