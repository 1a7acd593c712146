"""Instructions a tap, by kernel and by function inside: repeatable however busy the machine is.

Needs valgrind (Debian: apt install valgrind). One run from files to positions on one thread;
counted is what the processor executes from the entry of a kernel to its return. Two builds are
compared best by these figures; how long an instruction takes is another question (`stages`).

With --kernel only that one is counted. Lines are those of the .pyx files, as far as the build has
left its C in build/. Where the time of the whole process goes by the clock:

    perf record -F 999 -g -o perf.data -- python -m benchmarks stages --rounds 1
    perf report -i perf.data --no-children --percent-limit 1
"""

from __future__ import annotations

import argparse
import bisect
import json
import linecache
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.day import Day, Measured, prepare
from benchmarks.machine import describe_machine
from benchmarks.stages import clear_nowhere

ROOT = Path(__file__).parents[1]
VALGRIND_IS_MISSING = "no valgrind on this machine: on Debian, `apt install valgrind`"
KERNEL = "__pyx_pw_"
LEAST_SHARE = 0.005     # of a line for people
COLUMNS = 90            # of it
# ext, its folder, the module, the function.
FUNCTION = re.compile(r"__pyx_(?:f|pf|pw)_3ext_\d+[a-z]+_\d+([a-z]+)_\d*(\w+)$")
SOURCE_LINE = re.compile(r'^ */\* "(ext/[\w/]+\.p[yx][xd])":(\d+)$')
END_OF_SOURCE = "/* --- Runtime support code --- */"


class Counts:
    """Instructions of what callgrind saw, by function and line."""

    def __init__(self, path: Path) -> None:
        """Read a file of callgrind's, written without compressing names and positions."""
        self.own: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()            # with all that a function calls
        self.lines: Counter[tuple[str, int]] = Counter()
        file = function = ""
        is_call = False
        for text in path.read_text().splitlines():
            key, _, value = text.partition("=")
            if key in ("fl", "fi", "fe"):
                file = value
            elif key == "fn":
                function = re.sub(r"(\.\w+)+$|'\d+$", "", value)   # what the compiler added
            elif key == "calls":
                is_call = True
            elif text[:1].isdigit():
                line, cost = (int(number) for number in text.split()[:2])
                self.whole[function] += cost
                if not is_call:
                    self.own[function] += cost
                    self.lines[file, line] += cost
                is_call = False


def main(arguments: list[str]) -> None:
    """Count, and print what costs most."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks instructions", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--taps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kernel", default="", help="such as decode_rows; else all of them")
    parser.add_argument("--top", type=int, default=20, help="functions, and lines, to name")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", action="store_true", help="only the run that is counted")
    options = parser.parse_args(arguments)
    day = Day(options.taps, options.seed)
    prepare(day)
    if options.once:
        print(clear_nowhere(day).run.taps)
        return
    result = count(day, options)
    print(json.dumps(result, indent=2) if options.json else render(result))


def count(day: Day, options: argparse.Namespace) -> Measured:
    """One run under callgrind, and what its report says."""
    if shutil.which("valgrind") is None:
        sys.exit(VALGRIND_IS_MISSING)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "counts")
        taps = run_under_callgrind(day, path, options.kernel)
        counts = Counts(path)

    def per_tap(costs: Counter[str], most: int | None) -> dict[str, float]:
        return {name: cost / taps for name, cost in costs.most_common(most)}

    return {
        "machine": describe_machine(), "taps": taps, "kernel": options.kernel,
        "kernels": per_tap(kernels_of(counts), None),
        "functions": per_tap(functions_of(counts), options.top),
        "lines": per_tap(lines_of(counts), options.top),
    }


def run_under_callgrind(day: Day, counts: Path, kernel: str) -> int:
    """Write what the kernels execute to `counts`; how many taps there were."""
    only = "*" + kernel.replace(".", "*")
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}",
         "--dump-line=yes", "--compress-strings=no", "--compress-pos=no",
         "--collect-atstart=no", f"--toggle-collect=__pyx_pw_3ext_{only}",
         sys.executable, "-m", "benchmarks", "instructions", "--once",
         "--taps", str(day.taps), "--seed", str(day.seed)],
        capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return int(done.stdout)


def kernels_of(counts: Counts) -> Counter[str]:
    """Instructions from the entry of a kernel to its return."""
    found: Counter[str] = Counter()
    for function, cost in counts.whole.items():
        if function.startswith(KERNEL) and FUNCTION.match(function):
            found[_readable(function)] += cost
    return found


def functions_of(counts: Counts) -> Counter[str]:
    """Instructions of functions without what they call."""
    found: Counter[str] = Counter()
    for function, cost in counts.own.items():
        found[_readable(function)] += cost
    return found


def _readable(function: str) -> str:
    """Our functions as module.function or module.Class.method, others as they are."""
    match = FUNCTION.match(function)
    return f"{match[1]}.{re.sub(r'_[0-9]+', '.', match[2])}" if match else function


def lines_of(counts: Counts) -> Counter[str]:
    """Instructions of the lines of kernels, as file:line and what stands there."""
    by_file: dict[str, dict[int, int]] = {}
    for (file, line), cost in counts.lines.items():
        by_file.setdefault(file, {})[line] = cost
    found: Counter[str] = Counter()
    for file, costs in by_file.items():
        if file.endswith(".c") and "/ext/" in file and Path(file).exists():
            found.update(_lines_of_a_file(Path(file), costs))
    return found


def _lines_of_a_file(path: Path, costs: dict[int, int]) -> Counter[str]:
    """Cython says in comments from which line the C below it was made."""
    starts, names = [0], [""]
    for number, text in enumerate(path.read_text("utf-8").splitlines(), 1):
        match = SOURCE_LINE.match(text)
        if match or text.startswith(END_OF_SOURCE):
            starts.append(number)
            names.append(_name_line(match[1], int(match[2])) if match else "")
    found: Counter[str] = Counter()
    for line, cost in costs.items():
        name = names[bisect.bisect(starts, line) - 1]
        if name:
            found[name] += cost
    return found


def _name_line(file: str, line: int) -> str:
    return f"{file}:{line}: {linecache.getline(str(ROOT / file), line).strip()}"


def render(result: Measured) -> str:
    """The tables for people."""
    lines = [result["machine"],
             f"{result['taps']:,} taps on one thread; instructions a tap", "",
             "by kernel, all that it calls included"]
    parts = [("kernels", ""), ("functions", "by function, without what it calls"),
             ("lines", "by line, without what it calls")]
    least = sum(result["kernels"].values()) * LEAST_SHARE
    for part, title in parts:
        if result[part]:
            lines += ["", title] if title else []
            lines += [f"{cost:9.1f}  {name}"[:COLUMNS] for name, cost in result[part].items()
                      if cost >= least]
    return "\n".join(lines)
