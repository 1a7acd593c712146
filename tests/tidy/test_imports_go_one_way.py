"""Packages depend on each other in one direction, so that each can be read without those above.

The picture is in ARCHITECTURE.md: clearing over fare_tables and settlement over ext.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tidy.source import CYTHON, FOLDERS, imports_of, list_files, module_of, name_of

# What each package may import of ours.
MAY_IMPORT = {
    "ext": {"ext"},
    "network": {"ext", "network"},
    "fare_tables": {"ext", "network", "fare_tables"},
    "settlement": {"ext", "network", "settlement"},
    "clearing": {"ext", "network", "fare_tables", "settlement", "clearing"},
    "benchmarks": {"ext", "network", "fare_tables", "settlement", "clearing", "benchmarks"},
    "tests": {"ext", "network", "fare_tables", "settlement", "clearing", "benchmarks", "tests"},
}
# Third-party packages, and the only place that knows each.
HOMES = {
    "chdb": "clearing/book/", "clickhouse_driver": "clearing/book/",
    "click": "clearing/cli/", "rich": "clearing/cli/",
    "gtfs_loader": "fare_tables/gtfs/", "tomli_w": "fare_tables/gtfs/",
    "chinese_calendar": "network/calendars",
    "zstandard": "clearing/intake/kept", "openpyxl": "clearing/intake/formats/text",
    "cryptography": "clearing/intake/keystore", "gmssl_pyx": "clearing/intake/sm2",
    "pkcs11": "clearing/intake/module_keys", "re2": "clearing/intake/patterns",
    "lxml": "settlement/formats/",
    "xlsxwriter": "clearing/answers/documents/",
    "pyarrow": "clearing/answers/", "matplotlib": "clearing/cli/picture",
}
BENCHMARKS_AND_TESTS = ("benchmarks/", "tests/")


def package_of(path: Path) -> str:
    return name_of(path).split("/")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_those_below_it(package: str) -> None:
    wrong = [f"{name_of(path)}:{one.line}: {one.module}"
             for path in list_files(package) for one in imports_of(path)
             if (top := one.module.split(".")[0]) in FOLDERS and top not in MAY_IMPORT[package]]
    assert not wrong, f"{package} may import {', '.join(sorted(MAY_IMPORT[package]))}; see {wrong}"


def test_each_third_party_package_has_one_home() -> None:
    wrong = [f"{name_of(path)}:{one.line}: {one.module} belongs to {home}"
             for path in list_files() for one in imports_of(path)
             if (home := HOMES.get(one.module.split(".")[0])) is not None
             and not name_of(path).startswith((home, *BENCHMARKS_AND_TESTS))]
    assert not wrong, wrong


def load_graph() -> dict[str, set[str]]:
    """Which of our modules each of them imports when it runs, inside functions or not."""
    graph: dict[str, set[str]] = {}
    for path in list_files(suffixes=(".py", *CYTHON)):
        module = module_of(path)
        needs = graph.setdefault(module, set())
        for one in imports_of(path):
            if one.typing:
                continue
            needs.add(f"{one.module}.pxd" if one.c else one.module)
        if path.suffix == ".pyx" and path.with_suffix(".pxd").exists():
            needs.add(f"{module}.pxd")
    return {module: {need for need in needs if need in graph and need != module}
            for module, needs in graph.items()}


def reach(graph: dict[str, set[str]], start: str) -> set[str]:
    """Every module that one needs, directly or not."""
    found, waiting = set[str](), [start]
    while waiting:
        for need in graph[waiting.pop()] - found:
            found.add(need)
            waiting.append(need)
    return found


def test_the_plain_engine_needs_no_kernel() -> None:
    """It is the kernels' judge: what it shares with them it cannot judge."""
    graph = load_graph()
    plain = [module for module in graph if module.startswith("clearing.reference")]
    assert plain
    wrong = {module: sorted(need for need in reach(graph, module) if need.split(".")[0] == "ext")
             for module in plain}
    assert not any(wrong.values()), {module: needs for module, needs in wrong.items() if needs}


def test_no_import_goes_round_in_a_circle() -> None:
    graph = load_graph()
    circles = sorted(module for module in graph if module in reach(graph, module))
    assert not circles, f"these need each other: {', '.join(circles)}"
