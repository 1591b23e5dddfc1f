"""Experiments on what a store's start and its MANIFEST cost.

SPDX-License-Identifier: Apache-2.0
"""
from experiment import Experiment, figure, nearest, points, verdict
from plot import BLUE, GREEN, GREY, ORANGE, Line, Panel, Picture

OPEN_BOUND_MS = 1000
REPLAY_BOUND_MB = 300


# manifest_edit_latency

def measure_manifest(run):
    return run.experiment_rows("manifest", steps=run.pick([10, 100, 1000, 10_000, 30_000], [10, 1000]),
                               count=run.pick(1000, 100))


def picture_manifest(rows):
    label = "live files"
    append = {"colour": GREY, "dashed": True, "marked": False}
    return Picture("MANIFEST edits against the number of live files", [
        Panel(label, "microseconds an edit", [
            Line("p99", points(rows, "files", "p99_us"), ORANGE),
            Line("p50", points(rows, "files", "p50_us"), BLUE),
            Line("append + fdatasync, p99", points(rows, "files", "append_p99_us"), **append),
            Line("append + fdatasync, p50", points(rows, "files", "append_p50_us"), **append)],
              log_x=10),
        Panel(label, "CPU us an edit", [Line("CPU time, p50", points(rows, "files", "cpu_us"), GREEN)],
              log_x=10),
        Panel(label, "milliseconds", [
            Line("first edit after an open", points(rows, "files", "first_ms"), ORANGE),
            Line("reading the MANIFEST", points(rows, "files", "open_ms"), BLUE)], log_x=10)])


def findings_manifest(rows):
    few, many, most = (nearest(rows, "files", files) for files in (10, 10_000, 1e9))
    text = (f"With {few['files']:,} live files an edit takes {figure(few['p50_us'])} us (p50) and "
            f"{figure(few['p99_us'])} us (p99), with {many['files']:,} {figure(many['p50_us'])} and "
            f"{figure(many['p99_us'])} us. Nearly all of it is the disk: a bare append and fdatasync of "
            f"the same bytes takes {figure(few['append_p50_us'])} and {figure(many['append_p50_us'])} us "
            f"(p50) beside them. The edit's own CPU time goes from {figure(few['cpu_us'])} to "
            f"{figure(many['cpu_us'])} us")
    if most["files"] > many["files"]:
        text += f", and to {figure(most['cpu_us'])} us with {most['files']:,} files"
    return (f"{text}. Reading a MANIFEST of {most['files']:,} files takes {figure(most['open_ms'])} ms, "
            f"and the first edit after it, which writes a new one, {figure(most['first_ms'])} ms.")


# open_many_tables

def measure_open(run):
    return run.experiment_rows("open", steps=run.pick([100, 1000, 3000, 10_000, 12_000], [10, 200]),
                               rounds=run.pick(7, 3))


def picture_open(rows):
    label = "tables"
    return Picture("Opening a store against its number of tables", [
        Panel(label, "milliseconds to open", [
            Line("slowest", points(rows, "tables", "open_max_ms"), GREY, dashed=True),
            Line("median", points(rows, "tables", "open_ms"), BLUE),
            Line("CPU time", points(rows, "tables", "open_cpu_ms"), GREEN)],
              bound=(OPEN_BOUND_MS, "must stay below")),
        Panel(label, "microseconds a get", [
            Line("first get", points(rows, "tables", "first_get_us"), ORANGE),
            Line("the next ones", points(rows, "tables", "next_get_us"), BLUE)])])


def findings_open(rows):
    few, most = (nearest(rows, "tables", tables) for tables in (0, 1e9))
    ok = most["tables"] >= 10_000 and most["open_max_ms"] < OPEN_BOUND_MS
    bound = (f" The requirement, 10,000 tables in less than {OPEN_BOUND_MS / 1000:g} s, {verdict(ok)}."
             if most["tables"] >= 10_000 else "")
    return (f"A store of {most['tables']:,} tables opens in {figure(most['open_ms'])} ms (median; the "
            f"slowest {figure(most['open_max_ms'])} ms, CPU time {figure(most['open_cpu_ms'])} ms), one of "
            f"{few['tables']:,} in {figure(few['open_ms'])} ms.{bound} Tables are opened when they are "
            f"first read: a get that opens its table takes {figure(most['next_get_us'])} us.")


# replay_speed

def measure_replay(run):
    return run.experiment_rows("replay", steps=run.pick([100, 200, 400, 1000, 4000], [100, 1000]),
                               rounds=run.pick(7, 3))


def picture_replay(rows):
    label = "bytes of a value"
    sizes = sorted({row["value_bytes"] for row in rows})
    ticks = [(str(size), size) for size in sizes]
    return Picture("Replaying the log at open", [
        Panel(label, "MB/s", [
            Line("read and checked only", points(rows, "value_bytes", "read_mb_per_s"), GREEN),
            Line("open, a second of CPU", points(rows, "value_bytes", "open_mb_per_cpu_s"), BLUE),
            Line("open, a second", points(rows, "value_bytes", "open_mb_per_s"), ORANGE)],
              log_x=10, x_ticks=ticks, bound=(REPLAY_BOUND_MB, "must stay above")),
        Panel(label, "milliseconds to open", [
            Line("a full memtable's log", points(rows, "value_bytes", "open_ms"), BLUE)],
              log_x=10, x_ticks=ticks)])


def findings_replay(rows):
    small, thousand, large = (nearest(rows, "value_bytes", size) for size in (0, 1000, 1e9))
    met = [row for row in rows if row["open_mb_per_cpu_s"] >= REPLAY_BOUND_MB]
    least = f"from values of {met[0]['value_bytes']:,} bytes on" if met else "for no size measured"
    if len(met) == len(rows):
        least = "for every size measured"
    return (f"A log of {figure(small['log_bytes'] / 1e6)} MB with values of {small['value_bytes']} bytes "
            f"({figure(small['records'])} records) is replayed at {figure(small['open_mb_per_cpu_s'])} MB/s a "
            f"core, one with values of {thousand['value_bytes']:,} bytes at "
            f"{figure(thousand['open_mb_per_cpu_s'])} MB/s and one of {large['value_bytes']:,} at "
            f"{figure(large['open_mb_per_cpu_s'])} MB/s; reading and checking alone reaches "
            f"{figure(small['read_mb_per_s'])} to {figure(large['read_mb_per_s'])} MB/s, the rest is the "
            f"memtable. {REPLAY_BOUND_MB} MB/s a core are reached {least}. After a crash with a full "
            f"memtable the store is open again in {figure(small['open_ms'])} ms (values of "
            f"{small['value_bytes']} bytes).")


EXPERIMENTS = [
    Experiment("manifest_edit_latency", measure_manifest, picture_manifest, findings_manifest),
    Experiment("open_many_tables", measure_open, picture_open, findings_open),
    Experiment("replay_speed", measure_replay, picture_replay, findings_replay),
]
