"""Experiments on reads: level 0, filters, the block cache.

SPDX-License-Identifier: Apache-2.0
"""
import math
import random
import re

import bench
from experiment import Experiment, figure, nearest, output_of, points, progress, where
from plot import BLUE, GREEN, GREY, ORANGE, Line, Panel, Picture

GET_COLOURS = {"hits": BLUE, "misses": ORANGE}


# read_amplification

TRIGGER = 16  # tables of level 0 that start a compaction


def measure_level0(run):
    steps = run.pick([0, 1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 36], [0, 1, 4, TRIGGER])
    return run.experiment_rows("level0", steps=steps, num=run.pick(2_000_000, 100_000),
                               count=run.pick(200_000, 30_000), rounds=3)


def picture_level0(rows):
    def both(column):
        return [Line(kind, points(where(rows, gets=kind), "level0_tables", column), colour)
                for kind, colour in GET_COLOURS.items()]
    label = "tables of level 0"
    return Picture("Read amplification as level 0 grows", [
        Panel(label, "tables asked a get", both("tables_asked")),
        Panel(label, "blocks read a get", both("blocks")),
        Panel(label, "microseconds a get", both("us"))])


def findings_level0(rows):
    hits, misses = (where(rows, gets=kind) for kind in ("hits", "misses"))
    first, trigger, last = (nearest(hits, "level0_tables", n) for n in (0, TRIGGER, 1000))
    first_miss, trigger_miss, last_miss = (nearest(misses, "level0_tables", n)
                                           for n in (0, TRIGGER, 1000))
    tables = last["level0_tables"]
    skipped = 100 * last_miss["filter_skips"] / max(last_miss["filter_checks"], 1e-9)
    each = 1000 * (trigger_miss["us"] - first_miss["us"]) / max(trigger["level0_tables"], 1)
    return (f"With level 0 empty a hit asks {figure(first['tables_asked'])} table, with "
            f"{trigger['level0_tables']} tables there {figure(trigger['tables_asked'])}, with "
            f"{tables} {figure(last['tables_asked'])}; a miss asks all of them "
            f"({figure(last_miss['tables_asked'])}), of which their filters skip {figure(skipped, 4)} %. Blocks "
            f"read go from {figure(first['blocks'])} to {figure(last['blocks'])} a hit and from "
            f"{figure(first_miss['blocks'])} to {figure(last_miss['blocks'])} a miss. A hit "
            f"takes {figure(first['us'])} us at first, {figure(trigger['us'])} us with "
            f"{trigger['level0_tables']} tables and {figure(last['us'])} us with {tables}; a miss "
            f"{figure(first_miss['us'])}, {figure(trigger_miss['us'])} and {figure(last_miss['us'])} us: up "
            f"to {trigger['level0_tables']} tables, {figure(each, 2)} ns for each more.")


# filter_skips

def plain_bloom(bits):
    """False positives of a Bloom filter of unlimited size with its best number of probes."""
    return 1.0 if bits == 0 else 0.5 ** (bits * math.log(2))


def blocked_bloom(bits, line_bits=512, most_probes=7):
    """The same of a filter whose keys each have all their bits in one line, as engine/sstable's:
    lines are not equally full."""
    if bits == 0:
        return 1.0
    probes = min(max((bits * 69 + 50) // 100, 1), most_probes)
    mean, rate, chance = line_bits / bits, 0.0, math.exp(-line_bits / bits)
    for keys in range(int(mean * 4) + 100):
        rate += chance * (1 - (1 - 1 / line_bits) ** (probes * keys)) ** probes
        chance *= mean / (keys + 1)
    return rate


def measure_filters(run):
    steps = run.pick(list(range(0, 21, 2)), [0, 4, 10, 20])
    rows = run.experiment_rows("filters", steps=steps, num=run.pick(500_000, 50_000),
                               count=run.pick(200_000, 30_000), rounds=3)
    for row in rows:
        asked = row["tables_asked"]
        row["skipped_percent"] = 100 * row["filter_skips"] / asked if asked else 0.0
        row["expected_percent"] = 100 * (1 - blocked_bloom(row["bits_per_key"]))
        row["plain_bloom_percent"] = 100 * (1 - plain_bloom(row["bits_per_key"]))
    return rows


def picture_filters(rows):
    label = "filter bits a key"

    def passed(column):
        return points([row for row in rows if row["bits_per_key"] and row[column] < 100],
                      "bits_per_key", lambda row: 100 - row[column])
    return Picture("Tables skipped by filters, gets of absent keys", [
        Panel(label, "tables skipped, %", [
            Line("measured", points(rows, "bits_per_key", "skipped_percent"), BLUE),
            Line("expected", points(rows, "bits_per_key", "expected_percent"),
                 GREEN, dashed=True, marked=False)], y_range="[0:105]"),
        Panel(label, "false positives, %", [
            Line("measured", passed("skipped_percent"), BLUE),
            Line("expected", passed("expected_percent"), GREEN, dashed=True,
                 marked=False),
            Line("plain Bloom filter", passed("plain_bloom_percent"), GREY, dashed=True,
                 marked=False)], log_y=10, y_range="[*:100]"),
        Panel(label, "microseconds a get", [
            Line("time", points(rows, "bits_per_key", "us"), BLUE),
            Line("blocks read", points(rows, "bits_per_key", "blocks"), ORANGE, right=True)],
              right_label="blocks a get")])


def findings_filters(rows):
    none, ten, most = (nearest(rows, "bits_per_key", bits) for bits in (0, 10, 20))
    return (f"Each get asks {figure(none['tables_asked'])} tables. Without filters it reads "
            f"{figure(none['blocks'])} blocks and takes {figure(none['us'])} us; with "
            f"{ten['bits_per_key']} bits a key {figure(ten['skipped_percent'], 4)} % of the tables are "
            f"skipped (expected of such a filter: {figure(ten['expected_percent'], 4)} %, of a plain "
            f"Bloom filter: {figure(ten['plain_bloom_percent'], 4)} %) and a get takes "
            f"{figure(ten['us'])} us. {most['bits_per_key']} bits skip "
            f"{figure(most['skipped_percent'], 5)} % and take {figure(most['us'])} us.")


# cache_hit_rate

CACHE = re.compile(r"^block cache: (\d+) hits, (\d+) misses", re.M)
READ = re.compile(r"^readrandom +: +([\d.]+) micros/op", re.M)
BLOCK_BYTES = 4096


def best_hit_rate(keys, block_keys, cached_blocks, theta):
    """The hit rate of a cache that holds the most popular blocks from the start, theta 0 for uniform
    keys: an upper bound for what one that learns can reach."""
    weights = [rank ** -theta for rank in range(1, keys + 1)]
    random.Random(1).shuffle(weights)
    blocks = sorted((sum(weights[i:i + block_keys]) for i in range(0, keys, block_keys)),
                    reverse=True)
    return sum(blocks[:cached_blocks]) / sum(blocks)


def measure_cache(run):
    engine, keys = run.engines["kvd"], run.pick(1_000_000, 50_000)
    engine.clear()
    progress("cache: filling the store")
    # Without filters, whose parts are blocks too: every key is there, so each get asks one data block.
    shape = {"num": keys, "reads": keys // 2, "seed": run.seed, "bloom_bits": 0}
    engine.run("fillseq,compact", cache_size=64 << 20, **shape)
    data = engine.table_bytes()
    block_keys = max(keys * BLOCK_BYTES // data, 1)
    rows = []
    for keys_drawn, theta in (("zipfian", 0.99), ("uniform", 0)):
        for parts in run.pick([64, 32, 16, 8, 4, 2, 1], [64, 8, 1]):
            size = data // parts
            progress(f"cache: {keys_drawn}, 1/{parts} of the data")
            # The first reads fill the cache, the second are counted.
            words = engine.words("readrandom,stats,readrandom,stats", cache_size=size,
                                 key_dist=keys_drawn, use_existing_db=1, **shape)
            output = output_of(words, 300)
            counts, times = CACHE.findall(output), READ.findall(output)
            if len(counts) < 2 or len(times) != 2:
                bench.die(f"no cache figures in:\n{output}")
            hits, misses = (int(counts[1][i]) - int(counts[0][i]) for i in (0, 1))
            rows.append({"keys": keys_drawn, "data_parts": parts, "cache_bytes": size,
                         "data_bytes": data, "hit_percent": 100 * hits / max(hits + misses, 1),
                         "best_percent": 100 * best_hit_rate(keys, block_keys, size // BLOCK_BYTES,
                                                             theta),
                         "us": float(times[1])})
    return rows


def picture_cache(rows):
    ticks = sorted({(f"1/{row['data_parts']}" if row["data_parts"] > 1 else "1",
                     1 / row["data_parts"]) for row in rows}, key=lambda tick: tick[1])
    label = "cache size, share of the data"

    def lines(column, suffix, **how):
        return [Line(keys + suffix, points(where(rows, keys=keys), lambda row: 1 / row["data_parts"],
                                           column), colour, **how)
                for keys, colour in (("zipfian", BLUE), ("uniform", ORANGE))]
    return Picture("Block cache hit rate against cache size", [
        Panel(label, "hit rate, %", lines("hit_percent", "") +
              lines("best_percent", ", ideal", dashed=True, marked=False),
              log_x=2, y_range="[0:105]", x_ticks=ticks),
        Panel(label, "microseconds a get", lines("us", ""), log_x=2, x_ticks=ticks)])


def findings_cache(rows):
    zipfian, uniform = (where(rows, keys=keys) for keys in ("zipfian", "uniform"))
    small, middle, large = (nearest(zipfian, "data_parts", parts) for parts in (64, 8, 1))
    even = nearest(uniform, "data_parts", middle["data_parts"])
    data = rows[0]["data_bytes"]
    return (f"Of {figure(data / 1e6)} MB of tables, a cache of "
            f"1/{small['data_parts']} answers {figure(small['hit_percent'])} % of the block reads of a "
            f"zipfian load (theta 0.99), one of 1/{middle['data_parts']} "
            f"{figure(middle['hit_percent'])} %, one as large as the data "
            f"{figure(large['hit_percent'], 4)} %. The best that a cache of 1/{middle['data_parts']} "
            f"could hold from the start would answer {figure(middle['best_percent'])} %; uniform keys "
            f"get {figure(even['hit_percent'])} % there. A get takes {figure(small['us'])} us with the "
            f"smallest and {figure(large['us'])} us with the largest cache: misses are read from the "
            "operating system's page cache here.")


EXPERIMENTS = [
    Experiment("read_amplification", measure_level0, picture_level0, findings_level0),
    Experiment("cache_hit_rate", measure_cache, picture_cache, findings_cache),
    Experiment("filter_skips", measure_filters, picture_filters, findings_filters),
]
