"""What a network calls its members and tables becomes names of files: it is looked at first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fares.folder import NETWORK, head, write
from tests.fares.test_hostile_tables import refusal_of


@pytest.mark.parametrize("code", [
    "../x", "a/b", "a\\\\b", "..", "x" * 65, "站" * 22, "a\\u001b[2Jb", "a\\u202eb", " bus", "bus ",
    "a\\u0085b", "a\\nb"])
@pytest.mark.parametrize("place", [
    'code = "finance"', 'code = "gz-card"', 'modes = ["metro", "bus"]', 'network = "small"'])
def test_no_code_is_a_path_or_a_command(tmp_path: Path, place: str, code: str) -> None:
    write(tmp_path)
    model = tmp_path / "network.toml"
    key, _, value = place.partition(" = ")
    bad = f'{key} = ["{code}"]' if value.startswith("[") else f'{key} = "{code}"'
    assert place in NETWORK
    model.write_text(NETWORK.replace(place, bad, 1), "utf-8")
    said = refusal_of(tmp_path)
    assert "network.toml:" in said
    assert "\x1b" not in said


def test_two_members_are_two_files(tmp_path: Path) -> None:
    write(tmp_path, network='\n[[funder]]\ncode = "FINANCE"\nname = "x"\ncity = "gz"\n')
    said = refusal_of(tmp_path)
    assert "'finance' and 'FINANCE'" in said
    assert "tells no cases apart" in said


@pytest.mark.parametrize("table", ["../bus", "b\\u001bus", "x" * 65, ""])
def test_no_table_is_a_path_or_a_command(tmp_path: Path, table: str) -> None:
    text = head("bus").replace('table = "bus"', f'table = "{table}"')
    write(tmp_path, {"bus": text + '[[fare]]\nrule = "flat"\nbasis = "flat"\namount = 200\n'})
    assert "its name" in refusal_of(tmp_path)
