"""Whatever a file holds, a run takes a bounded part of the machine.

4 MB of newlines once cost 2.6 GB: each line was a refusal, and each refusal some 600 bytes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.run.command import REPOSITORY, environment, refused

HEADER = b"card,card_seq,tapped_at,operator,device,device_seq,mode,kind,stop\n"
# The command, and then what it took of memory at most.
SCRIPT = """
import sys
from benchmarks.machine import peak_memory_mib
from clearing.cli import main
try:
    main()
finally:
    print(peak_memory_mib(), file=sys.stderr)
"""
MORE_MB = 256       # than a run of one line: its blocks, and what is held of refusals


def peak_mb(*words: str | Path) -> int:
    done = subprocess.run([sys.executable, "-c", SCRIPT, *map(str, words)], env=environment(),
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done
    return int(done.stderr.splitlines()[-1])


def clear_mb(folder: Path, content: bytes) -> int:
    path = folder / "faults.csv"
    path.write_bytes(content)
    network = REPOSITORY / "examples" / "network"
    return peak_mb("clear", path, "--network", network, "--book", folder / "book")


@pytest.fixture(scope="module")
def one_line_mb(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Of a run of one fault: how much of a library counts as held is the machine's to say."""
    return clear_mb(tmp_path_factory.mktemp("one_line"), HEADER + b"x\n")


@pytest.mark.parametrize("line", [b"\n", b"x\n", b",,,,,,,,\n"])
def test_a_file_of_nothing_but_faults(tmp_path: Path, one_line_mb: int, line: bytes) -> None:
    took = clear_mb(tmp_path, HEADER + line * (4_000_000 // len(line)))
    assert took < one_line_mb + MORE_MB, f"{took} MB, and {one_line_mb} MB for one line"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "true.csv").write_bytes(HEADER)
    (tmp_path / "link.csv").symlink_to(tmp_path / "true.csv")
    done = refused("clear", tmp_path / "link.csv", "--network", "demo", "--book", tmp_path / "book")
    assert "is a symbolic link" in done.err
    assert "name the file that it leads to" in done.err
