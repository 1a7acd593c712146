"""What a fuzzer does with one file: guided.py starts this in a process of its own."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["clearing.intake", "fare_tables", "network",
                                         "settlement.formats"]):
    from tests.fuzz.kinds import list_kinds


def main() -> None:
    """Hold each file that the fuzzer makes to what is said of its kind; it ends the process."""
    kinds = list_kinds()

    def hold(made: bytes) -> None:
        if made:
            kinds[made[0] % len(kinds)].hold(made[1:])

    # The fuzzer starts itself again by what it is called.
    atheris.Setup([f"{sys.executable} -m tests.fuzz.target", *sys.argv[1:]], hold)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
