"""The programs in scripts/: scripts/run serves and stops as kvd does, failures are told.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import daemon
import kvd_case
from resp import servers, terminal

RUN = os.path.join(daemon.ROOT, "scripts", "run")
LIBRARY = os.path.join("scripts", "lib")
ANY_PORTS = ("--", "--listen", "127.0.0.1:0", "--resp-listen", "127.0.0.1:0")
# What common.sh calls, but for sudo.
TOOLS = ("bash", "cat", "dirname", "dpkg-query", "env", "grep", "id", "mkdir", "nproc", "tail")


class Run(kvd_case.KvdCase):
    def setUp(self):
        super().setUp()
        self.data_dir = os.path.join(self.scratch, "data")
        self.environment = {"KV_BIN": daemon.BIN}
        # Only to ask what scripts/run has started; daemon.Daemon itself starts nothing.
        self.kvd = daemon.Daemon(self.data_dir)

    def words(self, *options):
        return [RUN, *options, "--data-dir", self.data_dir, *ANY_PORTS]

    def serve(self):
        """scripts/run --server, ready."""
        process = subprocess.Popen(self.words("--server"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, **self.environment})
        self.addCleanup(process.communicate)
        self.addCleanup(process.terminate)
        line = process.stdout.readline()
        self.assertIn("kvd is ready: native=127.0.0.1:", line)
        self.assertIn(f"data={self.data_dir}", line)
        self.kvd.address = self.kvd.read_address()
        return process

    def run_to_its_end(self, *options):
        return subprocess.run(self.words(*options), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=daemon.PATIENCE_S,
                              env={**os.environ, **self.environment})

    def test_server_stays_until_sigterm_and_ends_as_kvd_does(self):
        process = self.serve()
        self.ok(self.kvd.cli("put", "a", "b"))
        again = self.run_to_its_end("--server")
        self.assertEqual((again.returncode, again.stdout),
                         (0, f"kvd already runs on {self.data_dir}: {self.kvd.address}\n"))
        self.ok(self.kvd.cli("ping"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(daemon.PATIENCE_S), 0)
        self.assertIsNone(self.kvd.read_address())
        self.serve()
        self.assertEqual(self.ok(self.kvd.cli("get", "a")), b"b\n")

    def test_a_kvd_that_is_killed_ends_it_with_that_code(self):
        process = self.serve()
        facts = servers.info(self.kvd.read_address("resp"))
        os.kill(int(facts["process_id"]), signal.SIGKILL)
        self.assertEqual(process.wait(daemon.PATIENCE_S), 128 + signal.SIGKILL)

    def test_a_refused_data_directory_ends_it_with_kvds_code_and_words(self):
        with open(self.data_dir, "w", encoding="utf-8") as file:
            file.write("not a directory")
        done = self.run_to_its_end("--server")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("is a file, not a directory", done.stderr)
        self.assertIn("scripts/run: kvd did not start (exit code 3)", done.stderr)

    def test_on_a_terminal_it_prompts_and_takes_the_server_along(self):
        with terminal.Terminal(self.words(), HOME=self.scratch, **self.environment) as screen:
            screen.expect(r"kvd is ready on 127\.0\.0\.1:\d+")
            screen.expect(r"kv> ")
            self.assertIsNotNone(self.kvd.read_address())
            screen.type("put a b\n")
            screen.expect(r"ok\s")
            screen.type("exit\n")
            self.assertEqual(screen.process.wait(daemon.PATIENCE_S), 0)
        self.assertIsNone(self.kvd.read_address())


class Common(unittest.TestCase):
    """scripts/lib, in a checkout of its own, whose path the shell would take for two words."""

    def setUp(self):
        parent = tempfile.mkdtemp(prefix="kvd-scripts-")
        self.addCleanup(shutil.rmtree, parent, ignore_errors=True)
        os.chmod(parent, 0o755)
        self.scratch = os.path.join(parent, "a checkout")
        self.library = os.path.join(self.scratch, LIBRARY)
        shutil.copytree(os.path.join(daemon.ROOT, LIBRARY), self.library)

    def shell(self, commands, *before, **environment):
        return subprocess.run(
            [*before, "bash", "-c", f". '{self.library}/common.sh'\n{commands}", "a-script"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=daemon.PATIENCE_S, env={**os.environ, **environment})

    def test_a_step_tells_what_its_command_died_of(self):
        for ending in ("die 'no luck'", "echo no luck; exit 3", "echo no luck; false"):
            done = self.shell("set -euo pipefail\ncommand_of_it() { " + ending + "; }\n"
                              "step 'a title' a-log command_of_it\necho not reached")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("a title ...", done.stdout)
            self.assertIn("FAILED", done.stdout)
            self.assertNotIn("not reached", done.stdout)
            self.assertIn("no luck", done.stderr)
            self.assertIn(f"a title failed; the whole log is {self.scratch}/build/logs/a-log.log",
                          done.stderr)

    def test_without_root_and_sudo_the_missing_packages_are_named(self):
        tools = os.path.join(self.scratch, "tools")
        os.mkdir(tools)
        for name in TOOLS:
            os.symlink(shutil.which(name), os.path.join(tools, name))
        # Not the user who runs the tests, who may be root.
        nobody = [shutil.which("setpriv"), "--reuid=65534", "--regid=65534",
                  "--clear-groups"] if os.geteuid() == 0 else []
        for need in ("need_packages", "need_rivals"):
            done = self.shell(f"set -euo pipefail\n{need} bash kvd-no-such-package\n"
                              "echo not reached", *nobody, PATH=tools)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertIn("needs root", done.stderr)
            self.assertIn("apt-get install --no-install-recommends kvd-no-such-package\n",
                          done.stderr)

    def test_benchmarks_find_their_shell_functions(self):
        done = subprocess.run(
            [sys.executable, "-B", "-c", "import bench; bench.shell('say \"$REPO\"')"],
            capture_output=True, text=True, check=False, cwd=self.library)
        self.assertEqual((done.returncode, done.stderr), (0, self.scratch + "\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
