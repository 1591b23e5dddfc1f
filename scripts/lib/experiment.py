"""What the experiments share: an experiment's parts, its data as CSV, its section of the page.

An experiment is measured into rows; picture and findings are made from the rows alone, so that both
can be made again from the CSV, and a page can be checked against it.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import dataclasses
import datetime
import io
import os
import re
import shutil
import subprocess
import sys
from typing import Callable

import bench

KEY_BYTES, VALUE_BYTES = 16, 100
ENTRY_BYTES = KEY_BYTES + VALUE_BYTES


@dataclasses.dataclass
class Experiment:
    """`measure(run)`: rows, each {column: number or text}. `picture(rows)`: a plot.Picture.
    `findings(rows)`: what they show, in two to four sentences."""
    name: str
    measure: Callable
    picture: Callable
    findings: Callable
    needs_rocksdb: bool = False


@dataclasses.dataclass
class Run:
    """How experiments are run this time."""
    quick: bool
    minutes: float   # of mixed_load
    overwrites: int  # and keys, of the experiments beside RocksDB
    parent: str     # where stores go; None: the temporary folder
    seed: int
    engines: dict   # name -> engines.Engine
    programs: str   # the folder of kv_experiment

    def pick(self, full, quick):
        return quick if self.quick else full

    def experiment_rows(self, name, limit_seconds=600, **flags):
        """The rows that kv_experiment prints."""
        folder = bench.scratch("experiment-", self.parent)
        words = [os.path.join(self.programs, "kv_experiment"), name,
                 "--db", os.path.join(folder, "db"), "--seed", str(self.seed)]
        for flag, value in flags.items():
            text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            words += [f"--{flag}", text]
        rows = parse_rows(output_of(words, limit_seconds))
        shutil.rmtree(folder)
        return rows


def output_of(words, limit_seconds):
    """What a program prints on standard output; its progress goes through. Ends the script when it
    fails or takes too long."""
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              timeout=limit_seconds, check=False)
    except subprocess.TimeoutExpired:
        bench.die(f"{' '.join(words)} is still running after {limit_seconds} s")
    if done.returncode != 0:
        bench.die(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def number_or_text(text):
    try:
        return float(text) if any(mark in text for mark in ".en") else int(text)
    except ValueError:
        return text


def parse_rows(text):
    """Rows of CSV with a header line; numbers are numbers."""
    return [{name: number_or_text(value) for name, value in row.items()}
            for row in csv.DictReader(io.StringIO(text))]


def shown(value):
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def write_csv(path, comment, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(f"# {comment}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([shown(value) for value in row.values()] for row in rows)


def read_csv(path):
    """(comment, rows)."""
    with open(path, encoding="utf-8") as file:
        comment = file.readline().lstrip("# ").rstrip("\n")
        return comment, parse_rows(file.read())


def comment_of(name, run):
    words = ["scripts/experiments", name]
    if run.quick:
        words.append("--quick")
    elif name == "mixed_load":
        words.append(f"--minutes {run.minutes:g}")
    elif name in ("amplification_over_time", "overwrite_latency"):
        words.append(f"--overwrites {run.overwrites}")
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return f"`{' '.join(words)}`; {bench.machine()}; {today}"


# The page: hand-written but for what stands between these marks.
def marks(name):
    return f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"


def section_text(experiment, comment, rows):
    """What the page says of measured rows."""
    return f"{experiment.findings(rows)}\n\nMeasured by {comment}.\n"


def put_section(page, name, text):
    """The page with `text` between the marks of `name`, which it must have."""
    begin, end = marks(name)
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    if len(pattern.findall(page)) != 1:
        bench.die(f"the page has no section between {begin.strip()} and {end}")
    return pattern.sub(lambda _: begin + text + end, page)


def has_section(page, name):
    return marks(name)[0] in page


# For findings.
def nearest(rows, column, value):
    """The row whose `column` is closest to `value`."""
    return min(rows, key=lambda row: abs(row[column] - value))


def where(rows, **wanted):
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def points(rows, x, y):
    """(x, y) of each row; each a column or a function of the row."""
    def value(row, what):
        return what(row) if callable(what) else row[what]
    return [(value(row, x), value(row, y)) for row in rows]


def figure(value, digits=3):
    """`digits` significant ones, with thousands separated."""
    if value == 0:
        return "0"
    text = f"{float(f'{value:.{digits}g}'):,.10f}".rstrip("0").rstrip(".")
    return text


def verdict(holds):
    return "holds" if holds else "does not hold"


def progress(text):
    print(text, file=sys.stderr, flush=True)
