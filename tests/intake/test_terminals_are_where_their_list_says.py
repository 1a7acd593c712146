"""A device is on the line and vehicle that the network lists for the day; others are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from network.errors import TableError
from network.names import Names
from network.network import Network, load_network
from network.terminals import check_terminals
from tests.fares.folder import write
from tests.intake.sender import FIXED, all_taps, file_of, line_of, outcomes, read

HEAD = "operator,device,line,vehicle,in_force_from,in_force_until\n"
ROWS = """bus,D1,1,V1,,2024-11-25
bus,D1,2,V1,2024-11-26,2024-11-27
bus,D2,,,,
metro,D3,1,,,
"""
CARD = {"card": "10001", "issuer": "gz-card"}
RECORDS = [
    # what the record says                              its code             line and vehicle then
    ({},                                                "OK",                "1 V1"),
    ({"line": "1", "vehicle": "V1"},                    "OK",                "1 V1"),
    ({"vehicle": "V1"},                                 "OK",                "1 V1"),
    ({"line": "2"},                                     "TERMINAL_ELSEWHERE", ""),
    ({"vehicle": "V2"},                                 "TERMINAL_ELSEWHERE", ""),
    ({"tapped_at": "20241126025959"},                   "OK",                "1 V1"),   # from 3 on
    ({"tapped_at": "20241126030000"},                   "OK",                "2 V1"),
    ({"tapped_at": "20241128025959"},                   "OK",                "2 V1"),
    ({"tapped_at": "20241128030000"},                   "UNKNOWN_TERMINAL",  ""),
    ({"device": "D2", "line": "7"},                     "OK",                "7 "),
    ({"device": "D2"},                                  "OK",                " "),
    ({"device": "D3"},                                  "UNKNOWN_TERMINAL",  ""),       # another's
    ({"device": "D9"},                                  "UNKNOWN_TERMINAL",  ""),
    ({"device": "D9", "kind": "top_up"},                "UNKNOWN_TERMINAL",  ""),
    ({"device": "D9", **FIXED},                         "OK",                " "),
    ({"line": "2", **FIXED},                            "OK",                "2 V1"),
]


def listing_terminals(network: Path, unknown: str = "refused") -> Path:
    """The network with the list of terminals that is in its folder."""
    toml = network / "network.toml"
    toml.write_text(f'terminals = "terminals.csv"\nunknown_terminals = "{unknown}"\n'
                    + toml.read_text("utf-8"), "utf-8")
    return network


def network_of(folder: Path, rows: str, unknown: str = "refused") -> Network:
    return load_network(str(listing_terminals(
        write(folder, files={"terminals.csv": HEAD + rows}), unknown)))


def test_the_service_day_decides(tmp_path: Path) -> None:
    names = Names()
    lines = [line_of(**{**CARD, "card_seq": str(seq), **values})
             for seq, (values, _, _) in enumerate(RECORDS)]
    intake = read(tmp_path, file_of(lines), network=network_of(tmp_path, ROWS), names=names)
    assert [code for code, _ in outcomes(intake)] == [code for _, code, _ in RECORDS]
    assert {column for _, column in outcomes(intake)} == {"", "device"}
    told = [" ".join(names.code(kind, int(tap[kind])) if tap[kind] else ""
                     for kind in ("line", "vehicle")) for tap in all_taps(intake, names)]
    assert told == [place for _, code, place in RECORDS if code == "OK"]


def test_who_is_not_listed_is_taken_where_the_network_does_not_ask(tmp_path: Path) -> None:
    lines = [line_of(**CARD, device="D9"), line_of(**CARD, device="D1", line="2")]
    found = outcomes(read(tmp_path, file_of(lines), network=network_of(tmp_path, ROWS, "taken")))
    assert [code for code, _ in found] == ["OK", "TERMINAL_ELSEWHERE"]


def test_lines_that_many_terminals_bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a table had room for, in the middle of a block: each tap has its own."""
    monkeypatch.setattr("clearing.intake.chunks.ROWS", 16)
    count = 600
    network = network_of(tmp_path, "".join(
        f"bus,D{number},line {number},,,\n" for number in range(count)))
    names = Names()
    intake = read(tmp_path, file_of([line_of(**{**CARD, "card_seq": str(number)},
                                             device=f"D{number}", vehicle=f"V{number}")
                                     for number in range(count)]), network=network, names=names)
    taps = all_taps(intake, names)
    assert [(names.code("line", int(tap["line"])), names.code("vehicle", int(tap["vehicle"])))
            for tap in taps] == [(f"line {number}", f"V{number}") for number in range(count)]


@pytest.mark.parametrize(("rows", "line", "said"), [
    ("tram,D1,,,,\n", 2, "the network has no operator 'tram'"),
    ("bus,,1,,,\n", 2, "a terminal has no device"),
    ("bus,D1,1,,2024-11-31,\n", 2, "'2024-11-31' is no day"),
    ("bus,D1,1,,20241130,\n", 2, "'20241130' is no day"),
    ("bus,D1,1,,2024-11-30,2024-11-29\n", 2, "in force from a day behind its last"),
    ("bus,D1,1,,,2024-11-25\nbus,D1,2,,2024-11-25,\n", 3, "listed for the same day on line 2"),
    ("bus,D1,1,,\n", 2, "5 fields, not 6"),
])
def test_a_list_that_cannot_be_is_refused(tmp_path: Path, rows: str, line: int, said: str) -> None:
    network = network_of(tmp_path, rows)
    with pytest.raises(TableError, match=said) as raised:
        check_terminals(network)
    assert f"terminals.csv:{line}" in str(raised.value)
    with pytest.raises(TableError, match=said):
        read(tmp_path, file_of([line_of(**CARD)]), network=network)


def test_nothing_is_unknown_where_nothing_is_listed(tmp_path: Path) -> None:
    network = load_network(str(listing_terminals(write(tmp_path))))
    network.model.terminals = None
    with pytest.raises(TableError, match="there is no list of terminals"):
        check_terminals(network)
