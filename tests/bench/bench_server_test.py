"""scripts/bench_server prints its table, and kvbench speaks RESP to a server that is not ours.

What needs Redis is left out where it is not installed. KV_BIN: the folder of the programs.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(ROOT, "scripts", "bench_server")

sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
import bench  # noqa: E402  (the path above comes first)
import servers  # noqa: E402

HAS_REDIS = shutil.which("redis-server") and shutil.which("redis-benchmark")
# A kvd without the Redis listener refuses the setting.
HAS_RESP = subprocess.run([os.path.join(bench.BIN, "kvd"), "--check-config", "--resp-listen",
                           "127.0.0.1:0"], capture_output=True, check=False).returncode == 0


class Table(unittest.TestCase):
    def run_quick(self, *words):
        """(the rows of the table, what --save wrote)"""
        with tempfile.TemporaryDirectory() as folder:
            saved = os.path.join(folder, "saved.json")
            done = subprocess.run([SCRIPT, "--quick", "--dir", folder, "--save", saved, *words],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
            with open(saved, encoding="utf-8") as file:
                return [[cell.strip() for cell in line.strip("|").split("|")]
                        for line in lines[2:]], json.load(file)

    def check(self, rows, saved, names):
        self.assertEqual(len(rows), 10)
        for row, load in zip(rows, saved["loads"]):
            self.assertEqual(row[0], load["title"])
            self.assertEqual(set(load["runs"]), set(names))
            for runs in load["runs"].values():
                self.assertGreater(runs[0]["rate"], 0)
                self.assertGreater(runs[0]["p99_us"], 0)

    def test_of_kvd_alone_has_no_ratio(self):
        rows, saved = self.run_quick("--protocol", "native", "--servers", "kvd")
        self.check(rows, saved, ["kvd"])
        self.assertEqual({row[2] for row in rows}, {"-"})

    @unittest.skipUnless(HAS_REDIS, "redis-server is not installed")
    def test_of_both_has_a_ratio_beside_its_goal(self):
        rows, saved = self.run_quick("--protocol", "native")
        self.check(rows, saved, ["kvd", "Redis"])
        self.assertEqual([row[4] for row in rows], ["1.0x", "1.2x", "1.4x", "2.0x", "1.05x", "1.0x",
                                                    "1.0x", "1.0x", "5x lower", "5x lower"])
        for row in rows:
            self.assertRegex(row[3], r"^(p99 )?\d+\.\d+x( lower)?$")

    @unittest.skipUnless(HAS_REDIS, "redis-server is not installed")
    def test_of_kvbench_over_resp(self):
        rows, saved = self.run_quick("--servers", "Redis", "--generator", "kvbench")
        self.check(rows, saved, ["Redis"])

    @unittest.skipUnless(HAS_REDIS, "redis-server is not installed")
    def test_with_slower_syncs_has_them_in_every_durable_write(self):
        _, saved = self.run_quick("--protocol", "native", "--generator", "kvbench", "--sync-delay-us", "3000")
        for load in saved["loads"]:
            if load["title"] == "SET, 1 connection":
                for runs in load["runs"].values():
                    self.assertGreaterEqual(runs[0]["p50_us"], 3000)

    @unittest.skipUnless(HAS_REDIS and HAS_RESP, "no Redis, or no Redis listener in kvd")
    def test_of_redis_benchmark_driving_both(self):
        self.check(*self.run_quick(), ["kvd", "Redis"])


@unittest.skipUnless(HAS_REDIS, "redis-server is not installed")
class Resp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = servers.Redis(argparse.Namespace(dir=None, sync_delay_us=0))

    @classmethod
    def tearDownClass(cls):
        bench.stop(cls.redis.process)

    def kvbench(self, *words):
        host, port = self.redis.endpoints["resp"]
        return subprocess.run([os.path.join(bench.BIN, "kvbench"), "-a", f"{host}:{port}",
                               "--protocol", "resp", "--key-count", "300", "--json", *words],
                              capture_output=True, text=True, check=False)

    def test_workloads(self):
        for letter in "abcdf":
            done = self.kvbench("--workload", letter, "--load", "--requests", "500",
                                "--connections", "4", "--pipeline", "4",
                                "--server-pid", str(self.redis.process.pid))
            self.assertEqual(done.returncode, 0, done.stderr)
            result = json.loads(done.stdout)
            self.assertEqual((result["operations"], result["misses"]), (500, 0), letter)
            self.assertIn("server_cpu_us", result)

    def test_scans_are_refused_with_the_reason(self):
        done = self.kvbench("--workload", "e")
        self.assertEqual(done.returncode, 2)
        self.assertIn("KV.RANGE", done.stderr)
        self.assertIn("unknown command", done.stderr)

    def test_errors_of_the_server_are_counted_and_the_first_is_shown(self):
        options = argparse.Namespace(keys=1, value_size=1)
        host, port = self.redis.endpoints["resp"]
        command = ["redis-cli", "-h", host, "-p", str(port), "config", "set", "maxmemory"]
        bench.output_of([*command, "1"])
        done = self.kvbench("--read-ratio", "0", "--requests", "100", "--connections", "2")
        fails = subprocess.run(servers.RedisBenchmark(options).command(
            self.redis, servers.Load("", "set", 1, 1, 100, None)), capture_output=True, check=False)
        bench.output_of([*command, "0"])
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["errors"], {"OOM": 100})
        self.assertIn("first error: unavailable: the server answered: OOM", done.stderr)
        self.assertNotEqual(fails.returncode, 0)


class Strace(unittest.TestCase):
    def test_summary_with_and_without_errors(self):
        text = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90.00    0.000900           9       100        50 recvfrom
 10.00    0.000100           1        50           sendto
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000           6       150        50 total
"""
        self.assertEqual(servers.parse_strace(text), {"recvfrom": 100, "sendto": 50, "total": 150})


if __name__ == "__main__":
    unittest.main()
