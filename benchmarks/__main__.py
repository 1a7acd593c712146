"""python -m benchmarks [QUESTION ...]: run one, or list them."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks

HELPERS = {"__main__", "nowhere", "machine"}


def main() -> None:
    """Run the question that is named, or list all."""
    questions = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__)
                       if module.name not in HELPERS)
    if len(sys.argv) > 1 and sys.argv[1] in questions:
        importlib.import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:])
        return
    print("python -m benchmarks QUESTION [--help]\n")
    for question in questions:
        module = importlib.import_module(f"benchmarks.{question}")
        print(f"  {question:12} {(module.__doc__ or '').splitlines()[0]}")
    sys.exit(2 if len(sys.argv) > 1 else 0)


main()
