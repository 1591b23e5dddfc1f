"""What a running process uses, looked at from outside once a second: alike for every engine.

SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import time

import bench


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS:"))


def written_bytes(pid):
    """Bytes that the process made the disk write, logs included: pages dirtied in files, and what
    went past the page cache."""
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        figures = dict(line.split(": ") for line in file.read().splitlines())
    return int(figures["write_bytes"])


def folder_use(path):
    """(files, bytes of disk that they take); files may come and go meanwhile."""
    files = taken = 0
    for entry in os.scandir(path):
        try:
            taken += entry.stat().st_blocks * 512
            files += 1
        except FileNotFoundError:
            pass
    return files, taken


def watch(process, folder, limit_seconds, every_seconds=1.0):
    """Samples a child until it ends: [{second, resident, written, files, disk}], in bytes. One that
    takes longer than `limit_seconds` ends the script."""
    began, samples = time.monotonic(), []
    while process.poll() is None:
        second = time.monotonic() - began
        if second > limit_seconds:
            bench.die(f"{process.args[0]} is still running after {limit_seconds:.0f} s")
        try:
            files, taken = folder_use(folder)
            samples.append({"second": round(second, 2), "resident": resident_bytes(process.pid),
                            "written": written_bytes(process.pid), "files": files, "disk": taken})
        except (OSError, StopIteration):
            pass  # it ended, or has no folder yet
        try:
            process.wait(max(every_seconds * (int(second / every_seconds) + 1) - second, 0.01))
        except subprocess.TimeoutExpired:
            pass
    return samples
