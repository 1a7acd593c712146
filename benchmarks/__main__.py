"""python -m benchmarks [QUESTION ...]: answer one, or list them."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def main() -> None:
    """Answer the question that is named, or list all: the modules that have a `main`."""
    modules = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__)
                     if module.name != "__main__")
    wanted = sys.argv[1:2]
    found = [importlib.import_module(f"benchmarks.{name}") for name in modules
             if not wanted or name in wanted]
    questions = [module for module in found if hasattr(module, "main")]
    if wanted and questions:
        questions[0].main(sys.argv[2:])
        return
    if wanted:
        sys.exit(f"there is no question {wanted[0]!r}: python -m benchmarks lists them")
    print("python -m benchmarks QUESTION [--help]\n")
    for module in questions:
        print(f"  {module.__name__.split('.')[1]:12} {(module.__doc__ or '').splitlines()[0]}")


main()
