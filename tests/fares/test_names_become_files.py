"""What a network calls its members and tables becomes names of files: it is looked at first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fares.folder import NETWORK, head, write
from tests.fares.test_hostile_tables import refusal_of


@pytest.mark.parametrize("code", [
    "../x", "a/b", "a\\\\b", "..", "x" * 65, "站" * 22, "a\\u001b[2Jb", "a\\u202eb", " bus", "bus ",
    "a\\u0085b", "a\\nb", ""])
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


@pytest.mark.parametrize(("table", "said"), [
    ("../bus", "its name"), ("b\\u001bus", "holds U+001B"), ("x" * 65, "its name"),
    ("", "its name")])
def test_no_table_is_a_path_or_a_command(tmp_path: Path, table: str, said: str) -> None:
    text = head("bus").replace('table = "bus"', f'table = "{table}"')
    write(tmp_path, {"bus": text + '[[fare]]\nrule = "flat"\nbasis = "flat"\namount = 200\n'})
    assert said in refusal_of(tmp_path)


SAID = [("network.toml", 'name = "Bus"', 'name = "B\\u{}s"'),
        ("network.toml", 'title = "A small', 'title = "A\\u{}'),
        ("bus.toml", 'source = "a page"', 'source = "a\\u{} page"')]


@pytest.mark.parametrize("sign", ["001b", "009b", "202e", "2066", "2028", "200b", "00ad",
                                  "fe0f", "e000"])
@pytest.mark.parametrize(("file", "old", "new"), SAID, ids=["name", "title", "source"])
def test_no_name_turns_what_stands_beside_it(
        tmp_path: Path, file: str, old: str, new: str, sign: str) -> None:
    """Names stand on pages that are signed: U+202E before an amount has it read from behind."""
    write(tmp_path)
    path = tmp_path / file
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new.format(sign), 1), "utf-8")
    said = refusal_of(tmp_path)
    assert f"{file}:" in said
    assert f"holds U+{sign.upper()}, which nobody sees" in said


def test_no_stop_does_so(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "stops.csv").write_text("stop,name\na,A\nb,\u202eB\nc,C\nd,D\n", "utf-8")
    assert "stops.csv:3: holds U+202E" in refusal_of(tmp_path)
