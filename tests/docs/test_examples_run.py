"""Every command on a page prints what the page shows, in the order in which a reader types them.

Commands of the cookbook run recipe by recipe (test_recipes_cost_what_they_say.py). What takes
minutes is not run here: the README's `make demo` is held to its own arithmetic below, `make test`
is this, and the figures of docs/performance.md are held to what they say of themselves.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Shell, blocks_of, read_page, says_so

RUN = [page for page in PAGES if page != "docs/cookbook.md"
       and any(block.language == "console" for block in blocks_of(read_page(page)))]


@pytest.mark.long
@pytest.mark.parametrize("page", RUN)
def test_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shutil.copytree(ROOT / "examples", shell.folder / "examples")
    shell.follow(blocks_of(read_page(page)), page)


def test_no_command_is_shown_where_nobody_runs_it() -> None:
    """Indented text is for what no test runs: what takes minutes, servers, other machines."""
    for page in PAGES:
        for block in blocks_of(read_page(page)):
            assert block.language or not re.search(r"^\s*\$? ?onecard ", block.text, re.M), (
                f"{page}:{block.line}: make it a console block, with `$ ` before the command")


def _fen(text: str) -> int:
    return int(text.replace(",", "").replace(".", ""))


def test_the_demo_on_the_first_page_adds_up() -> None:
    """`make demo` takes half a minute; what is shown of it must at least be true in itself."""
    text = read_page("README.md")
    found = re.search(
        r"([\d,]+) records = ([\d,]+) accepted \+ ([\d,]+) known \+ ([\d,]+) refused", text)
    assert found is not None
    records, *ends = map(_fen, found.groups())
    assert records == sum(ends)
    rows = re.findall(r"^ {5}\S.*?\s([\d,]+\.\d\d)\s+([\d,]+\.\d\d)\s+(-?[\d,]+\.\d\d)$", text,
                      re.MULTILINE)
    assert len(rows) >= 4
    assert all(_fen(owed) - _fen(owes) == _fen(net) for owed, owes, net in rows)
    assert sum(_fen(net) for _, _, net in rows) == 0


def test_the_speed_on_the_first_page_is_the_one_that_was_measured() -> None:
    readme = " ".join(read_page("README.md").split())
    measured = read_page("docs/performance.md")
    for said, kind in (("at {} million taps/s", "files to positions"),
                       ("at {} million;", "files to a committed ledger"),
                       ("does {} (", "clickhouse")):
        shown = re.search(re.escape(said).replace(r"\{\}", r"(\d+)\.(\d+)"), readme)
        assert shown is not None, said
        unit = 1_000_000 // 10 ** len(shown[2])
        row = next(line for line in measured.splitlines() if line.strip().startswith(kind))
        rates = [int(number.replace(",", "")) for number in re.findall(r"\d+(?:,\d{3})+", row)]
        assert int(shown[1] + shown[2]) in [(rate + unit // 2) // unit for rate in rates], row


def test_the_first_page_is_short() -> None:
    assert len(read_page("README.md").splitlines()) <= 150


@pytest.mark.parametrize(("shown", "printed", "same"), [
    (["a   b", "…", "d"], "a b\n\nb\nc\nd\n", True),
    (["a", "…"], "a\n", True),
    (["in … s"], "in 12.5 s\n", True),
    (["a"], "a\nb\n", False),
    (["a", "c"], "a\nb\nc\n", False),
])
def test_only_dots_stand_for_anything(shown: list[str], printed: str, same: bool) -> None:
    assert says_so(shown, printed) is same
