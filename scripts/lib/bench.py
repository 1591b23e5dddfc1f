"""Shared by the benchmark scripts: packages and build on demand, alternating runs, medians, tables.

Everything a script starts is ended by its process id when the script ends, whatever ends it.
SPDX-License-Identifier: Apache-2.0
"""
import atexit
import os
import platform
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# KV_BIN: programs built elsewhere, to be measured as they are.
BIN = os.environ.get("KV_BIN", os.path.join(ROOT, "build", "release", "bin"))
started = []
scratch_folders = []


def note(text):
    print(text, file=sys.stderr, flush=True)


def die(text):
    note(f"{os.path.basename(sys.argv[0])}: {text}")
    sys.exit(1)


def install(rivals):
    """Installs the build's packages and `rivals`, where missing."""
    shell(f"""need_packages "${{BUILD_PACKAGES[@]}}"
        need_rivals {' '.join(rivals)}""")


def prepare(targets, rivals, of_tests=()):
    """Installs what is missing and builds `targets` in release, and those `of_tests`, which are part of
    the tests' build."""
    configure = "step configuring release-configure cmake --preset release -DKV_BUILD_TESTS="
    build = "" if "KV_BIN" in os.environ else f"""
        {f"{configure}ON" if of_tests else
         f"[ -f build/release/build.ninja ] || {configure}OFF"}
        step building bench-build cmake --build build/release -j "$JOBS" \\
            --target {' '.join([*targets, *of_tests])}"""
    install([*rivals, *(["catch2"] if of_tests else [])])
    shell(f"""use_ccache
        {build}""")


def shell(commands):
    """Runs shell commands with scripts/lib/common.sh at hand; ends the script when one fails."""
    # 1: out, 2: progress; the table alone goes to standard output.
    script = f"""set -euo pipefail
        . {shlex.quote(os.path.join(ROOT, 'scripts', 'lib', 'common.sh'))}
        cd "$REPO"
        {commands}
    """
    if subprocess.run(["bash", "-c", script, "bench"], stdout=sys.stderr, check=False).returncode:
        sys.exit(1)


def scratch(prefix, parent=None):
    """A folder on the disk to be measured, removed at the end."""
    path = tempfile.mkdtemp(prefix=prefix, dir=parent)
    scratch_folders.append(path)
    return path


def start(command, log_path, **environment):
    """Starts a server, with `environment` added to its own; its process."""
    with open(log_path, "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True, env={**os.environ, **environment})
    started.append(process)
    return process


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def clean_up():
    for process in started:
        stop(process)
    for path in scratch_folders:
        shutil.rmtree(path, ignore_errors=True)


atexit.register(clean_up)
for number in (signal.SIGTERM, signal.SIGHUP):
    # As a shell tells it, and apart from the exit code of die().
    signal.signal(number, lambda received, _: sys.exit(128 + received))


def output_of(command):
    """What a client prints; ends the script, with all of it, when the client fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        die(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def cpu_seconds(pid):
    """User and system time that a process has used so far, all threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            die(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the distance between smallest and largest, relative to the median, in per cent."""
    middle = median(values)
    return 0.0 if middle == 0 else 50.0 * (max(values) - min(values)) / middle


def rate(value):
    return f"{value:,.0f}"


def table(header, rows):
    """A markdown table, columns aligned."""
    cells = [header] + rows
    widths = [max(len(str(row[i])) for row in cells) for i in range(len(header))]
    lines = ["| " + " | ".join(str(c).ljust(w) for c, w in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def stolen_ticks():
    """(what the hypervisor gave to others while this machine wanted to run, all there was)"""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    return ticks[7], sum(ticks)


TICKS_AT_START = stolen_ticks()


def stolen():
    """Since this program began: it is what long latencies on a shared machine are made of."""
    stolen_now, all_now = (now - then for now, then in zip(stolen_ticks(), TICKS_AT_START))
    return f"{100 * stolen_now / max(all_now, 1):.1f} % of the processors' time went to other machines"


def machine():
    """One line about where this ran."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file
                      if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}; {stolen()}"
