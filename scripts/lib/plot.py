"""Pictures of experiments: panels of lines, one above the other, drawn by gnuplot as SVG.

White background and dark text, so that a page in either colour scheme shows them alike.
SPDX-License-Identifier: Apache-2.0
"""
import dataclasses
import subprocess

import bench

WIDTH, PANEL_HEIGHT, TITLE_HEIGHT = 900, 330, 50
# Okabe and Ito's, which readers with any colour vision tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
COLOURS = {"kvd": BLUE, "RocksDB": ORANGE}


@dataclasses.dataclass
class Line:
    """`points`: (x, y). `right`: measured on the panel's right axis."""
    title: str
    points: list
    colour: str = BLUE
    dashed: bool = False
    marked: bool = True
    right: bool = False


@dataclasses.dataclass
class Panel:
    x_label: str
    y_label: str
    lines: list
    title: str = ""
    right_label: str = ""
    log_x: int = 0  # the base; 0: linear
    log_y: int = 0
    y_range: str = "[0:*]"
    right_range: str = "[0:*]"
    x_ticks: list = dataclasses.field(default_factory=list)  # (text, position); none: gnuplot's
    bound: tuple = ()  # (y, text) of a line that must not be crossed


@dataclasses.dataclass
class Picture:
    title: str
    panels: list


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def data_block(name, points):
    return "\n".join([f"${name} << END", *(f"{x:.10g} {y:.10g}" for x, y in points), "END"])


def line_words(name, line):
    kind = "linespoints pointtype 7 pointsize 0.6" if line.marked else "lines"
    axes = "axes x1y2" if line.right else "axes x1y1"
    return (f"${name} using 1:2 {axes} with {kind} linewidth 2 dashtype {2 if line.dashed else 1} "
            f"linecolor rgb {quoted(line.colour)} title {quoted(line.title)}")


def x_range(panel):
    """From the first point to the last; a little more where the axis has no zero, or their ticks are
    lost to rounding."""
    numbers = [x for line in panel.lines for x, _ in line.points]
    first, last = min(numbers), max(numbers)
    if panel.log_x:
        first, last = first / 1.1, last * 1.1
    return f"[{first:.10g}:{last:.10g}]" if first < last else "[*:*]"


def axis_commands(panel):
    words = ["unset logscale", f"set xlabel {quoted(panel.x_label)}",
             f"set ylabel {quoted(panel.y_label)}", f"set yrange {panel.y_range}",
             "set ytics nomirror autofreq", "set xtics nomirror autofreq", "unset y2tics",
             "unset y2label", "unset label", "unset arrow"]
    if panel.title:  # on the left, beside the key
        words.append(f"set label {quoted(panel.title)} at graph 0, graph 1 offset 0,0.9")
    for axis, base in (("x", panel.log_x), ("y", panel.log_y)):
        if base:
            words.append(f"set logscale {axis} {base}")
    words.append(f"set xrange {x_range(panel)}")
    if panel.right_label:
        words += [f"set y2label {quoted(panel.right_label)}", "set y2tics",
                  f"set y2range {panel.right_range}"]
    if panel.x_ticks:
        ticks = ", ".join(f"{quoted(text)} {at:.10g}" for text, at in panel.x_ticks)
        words.append(f"set xtics ({ticks})")
    if panel.bound:
        at, text = panel.bound
        words += [f"set arrow from graph 0, first {at} to graph 1, first {at} nohead "
                  f"linecolor rgb {quoted(GREY)} dashtype 3 linewidth 2",
                  f"set label {quoted(text)} at graph 0.01, first {at} offset 0,0.6 "
                  f"textcolor rgb {quoted(GREY)}"]
    return words


def script_of(picture, path):
    """What gnuplot is told."""
    height = TITLE_HEIGHT + PANEL_HEIGHT * len(picture.panels)
    words = [f'set terminal svg noenhanced size {WIDTH},{height} font "sans-serif,15" '
             'background rgb "white" linewidth 1', f"set output {quoted(path)}",
             'set border linecolor rgb "#222222"', 'set grid linecolor rgb "#dddddd" linetype 1',
             'set format y "%.10g"', 'set key above right horizontal samplen 2 maxrows 1', "set tmargin 3",
             "set lmargin 11", "set rmargin 10",
             f"set multiplot layout {len(picture.panels)},1 title {quoted(picture.title)} "
             'font "sans-serif,19"']
    for number, panel in enumerate(picture.panels):
        lines = [(f"panel{number}line{i}", line) for i, line in enumerate(panel.lines)
                 if line.points]
        words += [data_block(name, line.points) for name, line in lines]
        words += axis_commands(panel)
        words.append("plot " + ", ".join(line_words(name, line) for name, line in lines))
    words.append("unset multiplot")
    return "\n".join(words) + "\n"


def draw(picture, path):
    """Writes `path`, an SVG file."""
    done = subprocess.run(["gnuplot"], input=script_of(picture, path), capture_output=True,
                          text=True, timeout=60, check=False)
    if done.returncode != 0:
        bench.die(f"gnuplot failed on {path}:\n{done.stderr}")
