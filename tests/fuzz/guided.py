"""Fuzzing that is guided by which code a file reaches: `python -m tests.fuzz.guided --seconds 600`.

In the checked build (tests/checked_build.sh) the decoders count their blocks, so that what they do
with a file guides it, too; elsewhere what Python does with it alone does. A file begins with a byte
that numbers its kind. Where something does not hold, the file is put into corpus/; with --keep the
fewest files that reach all that was reached are, too.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

from tests.fuzz.kinds import list_kinds

LONGEST_BYTES = 1 << 12
SLOWEST_S = 20
MEMORY_MOST_MB = 4096


def main() -> int:
    """Fuzz, and keep what is found."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--keep", action="store_true")
    wanted = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seeds, found, faults, fewest = (Path(folder) / name for name in (
            "seeds", "found", "faults", "fewest"))
        for made in (seeds, found, faults, fewest):
            made.mkdir()
        for number, kind in enumerate(list_kinds()):
            for path in kind.files():
                (seeds / f"{number}-{path.name}").write_bytes(bytes([number]) + path.read_bytes())
        outcome = fuzz(f"-max_total_time={wanted.seconds}", f"-artifact_prefix={faults}/",
                       "-print_final_stats=1", str(found), str(seeds))
        if wanted.keep and outcome == 0:
            # By the code that is reached alone, not by how often.
            outcome = fuzz("-merge=1", "-use_counters=0", str(fewest), str(seeds), str(found))
        keep([*faults.iterdir(), *fewest.iterdir()])
    return outcome


def fuzz(*options: str) -> int:
    """Run the fuzzer in a process of its own, which it ends; its exit code."""
    # The decoders' modules look for the fuzzer among what is loaded before them.
    fuzzer = Path(atheris.path()) / "ubsan_with_fuzzer.so"
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.target", f"-max_len={LONGEST_BYTES}",
         f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MEMORY_MOST_MB}", "-verbosity=0", *options],
        check=False, env={**os.environ, "LD_PRELOAD": str(fuzzer)}).returncode


def keep(paths: list[Path]) -> None:
    """Put files into the corpus, each as its kind, but those that are there."""
    kinds = list_kinds()
    for content in filter(None, map(Path.read_bytes, paths)):
        kind = kinds[content[0] % len(kinds)]
        if content[1:] not in {path.read_bytes() for path in kind.files()}:
            place = kind.place(hashlib.sha256(content).hexdigest()[:16])
            place.write_bytes(content[1:])
            print(f"kept {place}: {base64.b64encode(content[1:]).decode()}")


if __name__ == "__main__":
    sys.exit(main())
