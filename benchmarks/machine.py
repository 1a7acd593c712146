"""What a figure was measured on, what the machine can do at best, and how much memory was taken."""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

COPIED_BYTES = 128 << 20        # more than any cache holds
ROUNDS = 5


def describe_machine() -> str:
    """Processors, memory and versions, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    model = next((line.split(":")[1].strip()
                  for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return (f"{len(os.sched_getaffinity(0))} processors ({model}), {memory} GiB, "
            f"Python {platform.python_version()}, {platform.system()} {platform.release()}")


def peak_memory_mib(process: int | str = "self") -> int:
    """The most memory that a process has held.

    Not ru_maxrss: a process starts with that of the one that started it.
    """
    return _status_kib(process, "VmHWM") >> 10


def memory_bytes() -> int:
    """The memory that this process holds now."""
    return _status_kib("self", "VmRSS") << 10


def _status_kib(process: int | str, key: str) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"^{key}:\s+(\d+) kB", status, re.MULTILINE)
    assert found, "Linux says how much memory a process holds, and has held at most"
    return int(found[1])


def read_bytes_per_s(paths: Sequence[Path]) -> int:
    """How fast the files are read once, from the page cache into one buffer, by one thread."""
    buffer = bytearray(8 << 20)

    def read() -> None:
        for path in paths:
            with path.open("rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass

    return round(sum(path.stat().st_size for path in paths) / _median_seconds(read))


def copy_bytes_per_s() -> int:
    """How fast one thread copies memory that is in no cache: bytes copied, each read and written.

    The memory is touched before, so that this is not the cost of new pages.
    """
    source = np.ones(COPIED_BYTES, np.uint8)
    target = np.ones(COPIED_BYTES, np.uint8)
    return round(COPIED_BYTES / _median_seconds(lambda: np.copyto(target, source)))


def _median_seconds(work: Callable[[], None]) -> float:
    work()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
