"""Installs the build into a scratch prefix, moves it, and builds and runs a consumer project of it,
once through find_package(kvd) and once through pkg-config. The installed programs run, too, and
systemd has nothing to say about the files that are for it.

Wants KV_BUILD_DIR, the build tree, and KV_COMPILER. SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
import daemon  # noqa: E402  (the path above comes first)

BUILD = os.environ["KV_BUILD_DIR"]
COMPILER = os.environ.get("KV_COMPILER", "g++")


def run(*command, **options):
    """Runs a command; fails the test with all of its output when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}\n"
                             f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


class InstalledTree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.mkdtemp(prefix="kvd-install-")
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        first = os.path.join(cls.scratch, "first")
        run("cmake", "--install", BUILD, "--prefix", first)
        # A package must not know where it was installed first.
        cls.prefix = os.path.join(cls.scratch, "moved")
        os.rename(first, cls.prefix)
        cls.server = daemon.Daemon(os.path.join(cls.scratch, "data"),
                                   program=os.path.join(cls.prefix, "bin", "kvd"))
        cls.addClassCleanup(cls.server.kill)
        cls.server.start()

    def path(self, *names):
        return os.path.join(self.prefix, *names)

    def check_programs(self, engine, client):
        store = tempfile.mkdtemp(dir=self.scratch)
        self.assertEqual(run(engine, store), "hello from the engine\n")
        self.assertEqual(run(client, self.server.address), "hello over the network\n")

    def test_consumer_with_find_package(self):
        build = os.path.join(self.scratch, "build")
        run("cmake", "-S", os.path.join(HERE, "consumer"), "-B", build, "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_CXX_COMPILER={COMPILER}")
        run("cmake", "--build", build)
        self.check_programs(os.path.join(build, "use_engine"), os.path.join(build, "use_client"))

    def test_consumer_with_pkg_config(self):
        folders = [os.path.join(folder, "pkgconfig") for folder, _, names in os.walk(self.prefix)
                   if any(name.startswith("libkv_") for name in names)]
        environment = dict(os.environ, PKG_CONFIG_PATH=":".join(folders))
        programs = []
        for part in ("engine", "client"):
            flags = run("pkg-config", "--cflags", "--libs", f"kvd-{part}", env=environment).split()
            programs.append(os.path.join(self.scratch, f"use_{part}"))
            run(COMPILER, "-std=c++20", "-o", programs[-1],
                os.path.join(HERE, "consumer", f"use_{part}.cc"), *flags)
        self.check_programs(*programs)

    def test_public_headers_need_no_private_ones(self):
        headers = set(os.listdir(os.path.join(self.prefix, "include", "kv")))
        self.assertLessEqual({"db.h", "client.h", "status.h", "result.h"}, headers)

    def test_installed_programs_run(self):
        for program in ("kvd", "kvcli", "kvtool", "kvbench"):
            self.assertIn(program, run(os.path.join(self.prefix, "bin", program), "--help"))
        cli = os.path.join(self.prefix, "bin", "kvcli")
        self.assertNotEqual(run(cli, "-a", self.server.address, "ping"), "")

    def test_the_configuration_is_one_that_kvd_takes(self):
        run(self.path("bin", "kvd"), "--config", self.path("share", "kvd", "kvd.toml"),
            "--check-config")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_systemd_takes_the_unit(self):
        with open(self.path("lib", "systemd", "system", "kvd.service"), encoding="utf-8") as file:
            unit = file.read()
        self.assertIn("ExecStart=/usr/bin/kvd ", unit)
        copy = os.path.join(self.scratch, "kvd.service")
        with open(copy, "w", encoding="utf-8") as file:
            file.write(unit.replace("/usr/bin/kvd", self.path("bin", "kvd")))
        done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True,
                              check=False)
        # What it does not know it tells and passes over.
        said = [line for line in done.stderr.splitlines() if "kvd" in line]
        self.assertEqual((done.returncode, said), (0, []), done.stderr)

    @unittest.skipUnless(shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles") and
                         os.geteuid() == 0, "no systemd-sysusers and systemd-tmpfiles, or not root")
    def test_systemd_makes_the_account_and_its_directories(self):
        root = os.path.join(self.scratch, "root")
        os.makedirs(os.path.join(root, "etc"))
        run("systemd-sysusers", f"--root={root}", self.path("lib", "sysusers.d", "kvd.conf"))
        run("systemd-tmpfiles", f"--root={root}", "--create",
            self.path("lib", "tmpfiles.d", "kvd.conf"))
        with open(os.path.join(root, "etc", "passwd"), encoding="utf-8") as file:
            name, _, uid, *_, home, _ = file.read().strip().split(":")
        self.assertEqual((name, home), ("kvd", "/var/lib/kvd"))
        store = os.stat(os.path.join(root, "var", "lib", "kvd"))
        self.assertEqual((store.st_uid, store.st_mode & 0o7777), (int(uid), 0o750))
        self.assertTrue(os.path.isdir(os.path.join(root, "etc", "kvd")))


if __name__ == "__main__":
    unittest.main()
