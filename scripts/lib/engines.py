"""The engines that scripts compare: kvtool bench, RocksDB's db_bench, and the drivers in tests/bench.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import shutil
import subprocess

import bench

BUILD = os.path.join(bench.ROOT, "build", "rivals")
RESULT = re.compile(r"^(\w+) +: +([\d.]+) micros/op (\d+) ops/sec", re.M)
PERCENTILE = re.compile(r"P99\.99: ([\d.]+)")
MAXIMUM = re.compile(r"^Min: [\d.]+ +Median: [\d.]+ +Max: ([\d.]+)", re.M)
# What --benchmarks takes that gives no result line.
NOT_MEASURED = {"compact", "flush", "stats", "waitforcompaction", "waitforrest"}
# What each prints at the end about bytes written to tables for each byte of its caller.
OUR_AMPLIFICATION = re.compile(r"([\d.]+) tables/user")
ROCKSDB_WRITTEN = re.compile(r"^Cumulative compaction: ([\d.]+) GB write", re.M)
ROCKSDB_INGEST = re.compile(r"^Cumulative writes:.* ingest: ([\d.]+) GB", re.M)


def parse(output):
    """{benchmark: {micros, ops, p9999, max}} of the last line of each, and the amplification."""
    found = {}
    lines = list(RESULT.finditer(output))
    for match, after in zip(lines, lines[1:] + [None]):
        part = output[match.end():after.start() if after else len(output)]
        figures = {"micros": float(match[2]), "ops": max(float(match[3]), 1e-9)}
        for name, pattern in (("p9999", PERCENTILE), ("max", MAXIMUM)):
            if latency := pattern.search(part):
                figures[name] = float(latency[1])
        found[match[1]] = figures
    if ours := OUR_AMPLIFICATION.findall(output):
        found["write amplification"] = float(ours[-1])
    written, ingest = ROCKSDB_WRITTEN.findall(output), ROCKSDB_INGEST.findall(output)
    if written and ingest and float(ingest[-1]) > 0:
        found["write amplification"] = float(written[-1]) / float(ingest[-1])
    return found


class Engine:
    """One engine: its command, and a store on the disk to be measured."""

    def __init__(self, name, command, parent, fixed=()):
        self.name, self.command, self.fixed = name, command, list(fixed)
        self.db = os.path.join(bench.scratch(f"bench-{name.lower()}-", parent), "db")
        self.turns = []

    def clear(self):
        shutil.rmtree(self.db, ignore_errors=True)

    def words(self, benchmarks, **flags):
        """The command line of a run."""
        flags = {"key_size": 16, "value_size": 100, "bloom_bits": 10, "compression_type": "none",
                 **flags}
        return [*self.command, f"--benchmarks={benchmarks}", f"--db={self.db}", *self.fixed,
                *(f"--{flag}={value}" for flag, value in flags.items())]

    def run(self, benchmarks, **flags):
        """Runs benchmarks in one process; what parse() makes of its output."""
        output = bench.output_of(self.words(benchmarks, **flags))
        found = parse(output)
        for name in set(benchmarks.split(",")) - NOT_MEASURED:
            if name not in found:
                bench.die(f"no result line of {name} in:\n{output}")
        return found

    def start(self, log_path, benchmarks, **flags):
        """The same, not waited for."""
        return bench.start(self.words(benchmarks, **flags), log_path)

    def table_bytes(self):
        """Bytes of all tables: .sst, and .ldb as LevelDB calls them."""
        return sum(entry.stat().st_size for entry in os.scandir(self.db)
                   if entry.name.endswith((".sst", ".ldb")))


def build(targets):
    """Builds `targets` in release, the drivers among them; where they are."""
    if "KV_BIN" in os.environ:
        return bench.BIN
    jobs = str(os.cpu_count() or 1)
    for step in (["cmake", "--preset", "release", "-B", BUILD, "-DKV_BENCH_RIVALS=ON"],
                 ["cmake", "--build", BUILD, "-j", jobs, "--target", *targets]):
        done = subprocess.run(step, cwd=bench.ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            bench.die(f"{' '.join(step)} failed:\n{done.stdout}{done.stderr}")
    return os.path.join(BUILD, "bin")


def prepare(names, parent=None, own_rocksdb_loop=False):
    """The engines of these names, built and installed. `own_rocksdb_loop`: RocksDB under the driver
    in tests/bench instead of db_bench, for latencies of each second."""
    packages = ["catch2"]
    leveldb = any(name.startswith("LevelDB") for name in names)
    if leveldb:
        packages.append("libleveldb-dev")
    if "RocksDB" in names:
        packages.append("librocksdb-dev" if own_rocksdb_loop else "rocksdb-tools")
    bench.install(packages)
    targets = ["kvtool"] + ["leveldb_bench"] * leveldb
    targets += ["rocksdb_bench"] * ("RocksDB" in names and own_rocksdb_loop)
    folder = build(targets)
    commands = {"kvd": [os.path.join(folder, "kvtool"), "bench"],
                "LevelDB": [os.path.join(folder, "leveldb_bench")],
                "LevelDB-verifying": [os.path.join(folder, "leveldb_bench"), "--verify_checksums"],
                "RocksDB": [os.path.join(folder, "rocksdb_bench") if own_rocksdb_loop
                            else shutil.which("db_bench") or "db_bench"]}
    if unknown := [name for name in names if name not in commands]:
        bench.die(f"unknown engines {unknown}; there are {list(commands)}")
    return [Engine(name, commands[name], parent) for name in names]
