"""What the documents name exists: paths, columns, commands, codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clearing.cli import COMMANDS
from clearing.intake.formats.canonical import COLUMNS, REQUIRED
from network.folder import list_networks

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "ext/README.md"])
def test_links_and_paths_exist(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    folder = (ROOT / document).parent
    missing = [link for link in links if not (folder / link).exists()]
    assert not missing
    paths = re.findall(r"`((?:clearing|ext|fare_tables|settlement|tests|examples)/[\w./]+)`", text)
    missing = [path for path in paths
               if not any((ROOT / f"{path}{end}").exists() for end in ("", ".py", ".pyx"))]
    assert not missing


def test_the_tap_file_is_documented_column_by_column() -> None:
    section = README.split("## The tap file")[1].split("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    documented = {column: need.strip() for names, need in rows
                  for column in re.findall(r"`(\w+)`", names)}
    assert set(documented) == set(COLUMNS)
    assert {column for column, need in documented.items() if need == "required"} == set(REQUIRED)


def test_every_command_and_network_is_named() -> None:
    for command in COMMANDS:
        assert f"onecard {command}" in README
    for network in list_networks():
        assert f"`{network}`" in README
