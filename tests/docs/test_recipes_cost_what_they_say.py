"""Every recipe of docs/cookbook.md compiles, gives every ride one price, and the price it states.

A recipe's rows are put into the town that the page begins with, as the page tells its reader to.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing.answers.check_tables import check_network
from tests.docs.pages import Block, Shell, blocks_of, commands_of, read_page, sections_of

PAGE = "docs/cookbook.md"
SECTIONS = sections_of(read_page(PAGE))
TOWN = blocks_of(SECTIONS["The town"])
RECIPES = [heading for heading in SECTIONS if heading[0].isdigit()]


def halves_of(text: str) -> tuple[str, str]:
    """The keys of a table's head, and its rows."""
    head, mark, rows = text.partition("[[")
    return head, mark + rows


def put_rows(shell: Shell, block: Block) -> None:
    """Put rows under those of the town's table; fare rows take the place of the town's own."""
    path = shell.folder / "town" / block.file
    head, fares = halves_of(path.read_text("utf-8"))
    own_head, rows = halves_of(block.text)
    if "[[fare]]" in rows:
        fares = ""
    path.write_text(f"{head}{own_head}\n{fares}\n{rows}", "utf-8")


@pytest.mark.parametrize("heading", RECIPES, ids=[heading[:40] for heading in RECIPES])
def test_a_recipe_holds(heading: str, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.follow(TOWN, PAGE)
    blocks = blocks_of(SECTIONS[heading])
    for block in blocks:
        if block.language == "toml" and "/" not in block.file:
            put_rows(shell, block)
        elif block.file:
            shell.write(block.file, block.text)
    report = check_network(str(shell.folder / "town"))
    assert [str(error) for error in report.errors] == []
    shell.follow([block for block in blocks if not block.file], f"{PAGE}, {heading}")


def test_there_are_twenty_and_each_states_a_price() -> None:
    assert len(RECIPES) >= 20
    assert [int(heading.partition(".")[0]) for heading in RECIPES] == list(
        range(1, len(RECIPES) + 1))
    for heading in RECIPES:
        commands = [command for block in blocks_of(SECTIONS[heading])
                    if block.language == "console" for command in commands_of(block)]
        assert commands, heading
        assert all(command.output[-1].startswith("the rider pays") for command in commands), heading
