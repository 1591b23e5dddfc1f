"""Experiments on sustained load, watched from outside: overwrites beside RocksDB, and mixed load.

SPDX-License-Identifier: Apache-2.0
"""
import os
import statistics

import bench
from experiment import (ENTRY_BYTES, Experiment, figure, parse_rows, points, progress, where)
from plot import BLUE, COLOURS, GREEN, GREY, ORANGE, Line, Panel, Picture
from process_samples import watch

# Both engines get the same: a write buffer, and a cache.
MEMORY = {"cache_size": 256 << 20, "write_buffer_size": 64 << 20}
LATENCIES = (("p50_us", "p50", GREY), ("p99_us", "p99", BLUE), ("p999_us", "p99.9", GREEN),
             ("max_us", "max", ORANGE))
GIGA, MEGA = 1e9, 1e6


def watched_load(run, engine, keys, load, interval, limit_seconds, **flags):
    """Fills a store with every key once, then runs `load`: (samples from outside, the report's rows)."""
    engine.clear()
    progress(f"{engine.name}: filling {keys:,} keys")
    engine.run("fillseq,flush,waitforcompaction", num=keys, seed=run.seed, **MEMORY)
    folder = bench.scratch("experiment-report-")
    log, report = (os.path.join(folder, name) for name in ("log", "report.csv"))
    progress(f"{engine.name}: {load}")
    process = engine.start(log, load, num=keys, seed=run.seed, use_existing_db=1,
                           report_interval_seconds=interval, report_file=report, **MEMORY, **flags)
    samples = watch(process, engine.db, limit_seconds)
    engine.clear()
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    if process.returncode != 0 or len(samples) < 2:
        bench.die(f"{engine.name} failed with exit code {process.returncode}:\n{text}")
    with open(report, encoding="utf-8") as file:
        return samples, parse_rows(file.read())


# Overwrites: one run of each engine serves two experiments.

overwrites_done = {}


def overwritten_keys(run):
    return run.pick(run.overwrites, 500_000)


def overwrites(run):
    """{engine: (samples, report)} of as many random overwrites as there are keys, measured once."""
    for engine in run.engines.values():
        if engine.name not in overwrites_done:
            overwrites_done[engine.name] = watched_load(
                run, engine, overwritten_keys(run), "overwrite,waitforrest", interval=1,
                limit_seconds=run.pick(900, 100))
    return overwrites_done


def operations_until(report, second):
    """How many operations were done `second` seconds after the load began."""
    done = 0.0
    for row in report:
        share = min(max(second - (row["second"] - 1), 0), 1)
        done += share * row["operations"]
    return done


def measure_amplification(run):
    live = overwritten_keys(run) * ENTRY_BYTES
    rows = []
    for name, (samples, report) in overwrites(run).items():
        for sample in samples[1:]:
            user = operations_until(report, sample["second"]) * ENTRY_BYTES
            written = sample["written"] - samples[0]["written"]
            rows.append({"engine": name, "second": sample["second"],
                         "writing": int(sample["second"] <= report[-1]["second"]),
                         "user_bytes": round(user), "written_bytes": written,
                         "write_amplification": written / max(user, 1),
                         "directory_bytes": sample["disk"], "live_bytes": live,
                         "space_amplification": sample["disk"] / live, "files": sample["files"]})
    return rows


def picture_amplification(rows):
    label = "seconds since the load began"

    def both(rows, y):
        return [Line(name, points(where(rows, engine=name), "second", y), colour, marked=False)
                for name, colour in COLOURS.items()]
    # Of the first moments, the log and the flushes still say more than the merges.
    least = max(row["user_bytes"] for row in rows) / 50
    later = [row for row in rows if row["user_bytes"] > least]
    return Picture("Random overwrites at full speed, then rest", [
        Panel("GB given so far; at the end, rest", "bytes written / byte given", [
            Line(name, points(where(later, engine=name), lambda row: row["user_bytes"] / GIGA,
                              "write_amplification"), colour, marked=False)
            for name, colour in COLOURS.items()], title="write amplification so far, log included"),
        Panel(label, "disk bytes / live byte", both(rows, "space_amplification"),
              title="space amplification, log included"),
        Panel(label, "GB given", both(rows, lambda row: row["user_bytes"] / GIGA),
              title="overwritten so far")])


def findings_amplification(rows):
    def of(name):
        mine = where(rows, engine=name)
        busy = where(mine, writing=1) or mine
        space = [row["space_amplification"] for row in busy]
        return {"end": mine[-1], "writing": busy[-1]["second"], "median": statistics.median(space),
                "peak": max(row["space_amplification"] for row in mine)}
    ours, theirs = of("kvd"), of("RocksDB")
    ratio = ours["end"]["write_amplification"] / theirs["end"]["write_amplification"]
    return (f"Overwriting {figure(ours['end']['user_bytes'] / GIGA)} GB took kvd "
            f"{figure(ours['writing'])} s and RocksDB {figure(theirs['writing'])} s. Once quiet, kvd has "
            f"written {figure(ours['end']['write_amplification'])} bytes for each byte given to it, RocksDB "
            f"{figure(theirs['end']['write_amplification'])} (ratio {ratio:.2f}), logs included. Under load "
            f"the directory took {figure(ours['median'])} times the live data in kvd and "
            f"{figure(theirs['median'])} times in RocksDB (medians), at most {figure(ours['peak'])} and "
            f"{figure(theirs['peak'])} times; at rest, with the log that each keeps, "
            f"{figure(ours['end']['space_amplification'])} and "
            f"{figure(theirs['end']['space_amplification'])} times.")


def measure_latency(run):
    return [{"engine": name, "second": row["second"], "operations": row["operations"],
             **{column: row[column] for column, _, _ in LATENCIES}, "p9999_us": row["p9999_us"]}
            for name, (_, report) in overwrites(run).items()
            for row in report]


def picture_latency(rows):
    label = "seconds since the load began"
    worst = max(row["max_us"] for row in rows)
    reach = f"[0.5:{10 ** len(str(int(worst)))}]"
    # The last second of a run is not a whole one.
    whole = {name: where(rows, engine=name)[:-1] for name in COLOURS}
    panels = [Panel(label, "microseconds a write", [
        Line(title, points(whole[name], "second", column), colour, marked=False)
        for column, title, colour in LATENCIES], title=f"{name}, of each second", log_y=10,
        y_range=reach) for name in COLOURS]
    panels.append(Panel(label, "thousand writes a second", [
        Line(name, points(whole[name], "second", lambda row: row["operations"] / 1000), colour,
             marked=False) for name, colour in COLOURS.items()], title="throughput"))
    return Picture("Latency of random overwrites at full speed", panels)


def findings_latency(rows):
    def of(name):
        mine = where(rows, engine=name)[:-1] or where(rows, engine=name)
        rates = [row["operations"] for row in mine]
        return {"rate": statistics.mean(rates), "least": min(rates),
                "p99": statistics.median(row["p99_us"] for row in mine),
                "p999": statistics.median(row["p999_us"] for row in mine),
                "worst_p999": max(row["p999_us"] for row in mine),
                "max": max(row["max_us"] for row in mine)}
    ours, theirs = of("kvd"), of("RocksDB")
    return (f"kvd did {figure(ours['rate'])} overwrites a second on average and {figure(ours['least'])} in its "
            f"slowest second, RocksDB {figure(theirs['rate'])} and {figure(theirs['least'])}. The median of "
            f"each second's p99 is {figure(ours['p99'])} us in kvd and {figure(theirs['p99'])} us in RocksDB, "
            f"of its p99.9 {figure(ours['p999'])} and {figure(theirs['p999'])} us; the worst second's p99.9 "
            f"is {figure(ours['worst_p999'])} and {figure(theirs['worst_p999'])} us. The slowest single "
            f"write took {figure(ours['max'] / 1000)} ms in kvd and {figure(theirs['max'] / 1000)} ms in "
            "RocksDB.")


# mixed_load

def measure_mixed(run):
    seconds = 10 if run.quick else run.minutes * 60
    # The program keeps two histograms of each interval and thread: few enough that the memory seen
    # from outside is the engine's.
    interval = max(round(seconds / 180), 1)
    samples, report = watched_load(run, run.engines["kvd"], run.pick(5_000_000, 100_000), "mixed",
                                   interval, limit_seconds=seconds + 120, duration=round(seconds),
                                   threads=2)
    by_end = {}
    for row in report:
        by_end.setdefault(row["second"], {})[row["operation"]] = row
    rows = []
    for end, kinds in sorted(by_end.items()):
        seen = [sample for sample in samples if end - interval < round(sample["second"]) <= end]
        if not seen or len(kinds) != 2:
            continue
        row = {"second": end, "resident_bytes": max(sample["resident"] for sample in seen),
               "directory_bytes": max(sample["disk"] for sample in seen),
               "files": max(sample["files"] for sample in seen)}
        for kind in ("read", "write"):
            row[f"{kind}s_per_second"] = kinds[kind]["operations"] / interval
            row.update({f"{kind}_{column}": kinds[kind][column] for column, _, _ in LATENCIES})
        rows.append(row)
    # The last interval may have been cut short.
    return rows[:-1] if len(rows) > 2 else rows


def picture_mixed(rows):
    label = "minutes since the load began"

    def line(title, column, colour, scale=1.0, right=False):
        return Line(title, points(rows, lambda row: row["second"] / 60,
                                  lambda row: row[column] / scale), colour, marked=False, right=right)
    return Picture("Mixed load at full speed: 45 % put, 5 % delete, 45 % get, 5 % scan", [
        Panel(label, "MiB", [line("resident memory", "resident_bytes", BLUE, 1 << 20)],
              title="memory of the process"),
        Panel(label, "files", [line("files", "files", BLUE),
                               line("directory", "directory_bytes", ORANGE, GIGA, right=True)],
              title="the directory", right_label="GB on disk"),
        Panel(label, "microseconds a write",
              [line(title, f"write_{column}", colour) for column, title, colour in LATENCIES],
              title="latency of writes, of each interval", log_y=10, y_range="[0.5:*]"),
        Panel(label, "thousand a second", [
            Line("operations, half of them writes", points(
                rows, lambda row: row["second"] / 60,
                lambda row: (row["reads_per_second"] + row["writes_per_second"]) / 1000), BLUE,
                 marked=False)], title="throughput")])


def findings_mixed(rows):
    part = max(len(rows) // 4, 1)
    early, late = rows[part:2 * part] or rows, rows[-part:]

    def middle(rows, column):
        return statistics.median(row[column] for row in rows)
    interval = rows[0]["second"]
    operations = sum(row["reads_per_second"] + row["writes_per_second"] for row in rows) * interval
    mib = 1 << 20
    return (f"{figure(operations / MEGA)} million operations in {figure(rows[-1]['second'] / 60)} minutes, none "
            f"failed. Resident memory: {figure(middle(early, 'resident_bytes') / mib)} MiB in the second "
            f"quarter and {figure(middle(late, 'resident_bytes') / mib)} MiB in the last (medians), at most "
            f"{figure(max(row['resident_bytes'] for row in rows) / mib)} MiB. The directory never had more "
            f"than {max(row['files'] for row in rows)} files and "
            f"{figure(max(row['directory_bytes'] for row in rows) / GIGA)} GB. p99.9 of writes: "
            f"{figure(middle(early, 'write_p999_us'))} us in the second quarter, "
            f"{figure(middle(late, 'write_p999_us'))} us in the last; the slowest write took "
            f"{figure(max(row['write_max_us'] for row in rows) / 1000)} ms.")


EXPERIMENTS = [
    Experiment("amplification_over_time", measure_amplification, picture_amplification,
               findings_amplification, needs_rocksdb=True),
    Experiment("overwrite_latency", measure_latency, picture_latency, findings_latency,
               needs_rocksdb=True),
    Experiment("mixed_load", measure_mixed, picture_mixed, findings_mixed),
]
