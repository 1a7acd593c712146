"""Every code that a record or a file can end with comes out of reading and clearing: all are run.

A refusal that no test provokes is one that nobody has seen. What is wrong with a record stands in
tests/intake/faults.py, what it says beside other records and what is wrong with a file here.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ride_codes import network_text
from clearing.engine.run import Report, clear_files
from ext.codes import Code
from network.names import Names
from network.network import load_network
from tests.fares.folder import head, write
from tests.intake.faults import FIELDS, LINES
from tests.intake.sender import FIXED, RECEIVED_AT, file_of, line_of, outcomes, read
from tests.intake.test_authentication_codes import KEYS
from tests.intake.test_ride_codes_are_held_to import CASES as RIDE_CODES
from tests.intake.test_terminals_are_where_their_list_says import listing_terminals
from tests.memory_book import MemoryBook
from tests.properties.days import RIGHT_CODE
from tests.properties.test_proofs_decide import AnyKey
from tests.run.test_a_right_code_decides import TRAM
from tests.run.test_cards_have_a_status_and_an_end import registered

BY_DISTANCE = """
[[fare]]
rule = "by-distance"
basis = "distance"
distance = "tap"
missing_in = 200
missing_out = 200
bands = [{ to_m = 1, amount = 0 }, { every_m = 1, add = 1 }]
"""
CARD = {"card": "10001", "distance_m": "1000"}
METRO = {"operator": "metro", "mode": "metro", "kind": "in", "stop": "a",
         "authorised_by": "gz-card"}
RECORDS = [
    {**CARD, "card_seq": "1"},
    {**CARD, "card_seq": "2", "distance_m": ""},                # NO_FARE
    {**CARD, "card_seq": "3", "distance_m": "2000000002"},      # PRICE_OVERFLOW
    {**CARD, "card_seq": "1"},                                  # DUPLICATE
    {**CARD, "card_seq": "4"}, {**CARD, "card_seq": "4", "device": "D2"},       # CONFLICT
    {**CARD, "card_seq": "5"}, {**CARD, "card_seq": "5", **FIXED},              # CORRECTED
    {**CARD, "card_seq": "6"}, {**CARD, "card_seq": "6", **FIXED, **METRO},     # FOREIGN_RECORD
    {**CARD, "card_seq": "7", "kind": "out", "paid": "-5"},                     # REBATE_ALONE
    {**CARD, "card_seq": "8", "paid": "9"},
    {**CARD, "card_seq": "8", "paid": "-5"},                                    # GIVEN_BACK_IN_PART
]
GOOD = file_of([line_of()])
SENDER = """
[[sender]]
sender = "bus-gateway"
operators = ["bus"]
devices = "own.csv"
"""
FILES: list[tuple[bytes, str | None]] = [
    # the file                          its layout
    (b"",                               None),      # FILE_EMPTY
    (line_of().encode() + b"\n",        None),      # HEADER_INVALID
    (GOOD.decode().encode("utf-16"),    None),      # FILE_ENCODING
    (GOOD + b"#trailer,2,0,0\n",        None),      # TRAILER_MISMATCH
    (b'{"answer": 1}',                  "web"),     # FILE_STRUCTURE
    (gzip.compress(GOOD),               None),      # ARCHIVE
]


def codes_of_records(folder: Path) -> set[str]:
    """Every fault of a record, in one file, whose last line has no end."""
    folder.mkdir()
    lines = [*(line_of(**values) for values, _, _ in FIELDS), *(line for line, _ in LINES)]
    content = file_of([*lines, line_of()])
    return {code for code, _ in outcomes(read(folder, content[:-1]))}


def codes_of_a_sender(folder: Path) -> set[str]:
    """Another's operator, and a device that is not the sender's."""
    folder.mkdir()
    network = load_network(str(write(folder, network=SENDER, files={
        "own.csv": "operator,device\nbus,D1\n"})))
    columns = {"issuer": "gz-card"}
    content = file_of([line_of(**columns), line_of(**columns, device="D2"),
                       line_of(**columns, operator="metro", mode="metro")])
    return {code for code, _ in outcomes(read(
        folder, content, network=network, senders="bus-gateway"))}


def codes_of_crowds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """More of something than one file may have."""
    folder.mkdir()
    monkeypatch.setattr("clearing.intake.chunks.REFUSALS_MOST", 2)
    many = read(folder, file_of([line_of(), "", "", "x"])).files[0]
    monkeypatch.setattr("clearing.intake.intake.CODES_MOST", 2)
    intake = read(folder, file_of([line_of(device=f"D{n}") for n in range(3)]))
    intake.refuse_crowded(Names())
    assert many.reason.endswith("line 3 EMPTY_RECORD, line 5 COLUMN_COUNT")
    return {Code(many.code).name, Code(intake.files[0].code).name}


def codes_of_files(folder: Path) -> set[str]:
    folder.mkdir()
    return {Code(read(folder, content, layout=layout).files[0].code).name
            for content, layout in FILES}


def clear(folder: Path, *paths: Path, **how: Any) -> Report:
    book: Any = MemoryBook()
    return clear_files(paths, str(folder), book, threads=1, received_at=RECEIVED_AT, **how)


def codes_of_a_run(folder: Path) -> set[str]:
    """Records beside each other, rides and prices; then the same file twice."""
    folder.mkdir()
    network = write(folder, {"bus": head("bus") + BY_DISTANCE})
    model = network / "network.toml"
    by_engine = model.read_text("utf-8")
    model.write_text(by_engine.replace('default = "engine"', 'default = "validator"'), "utf-8")
    path = folder / "taps.csv"
    path.write_bytes(file_of([line_of(**values) for values in RECORDS]))
    report = clear(network, path, path)
    copies = {"DUPLICATE" if file.code == Code.OK else Code(file.code).name
              for file in report.files if file.known}
    return {code.name for code in report.refusals} | copies


def codes_of_proof(folder: Path) -> set[str]:
    """What keys say of records; of another issuer's nothing is known."""
    folder.mkdir()
    lines = [line_of(tac=tac, key_version=version, device="413100644822", paid="5")
             for tac, version in (("01234567", "1"), ("01234567", "2"), ("FFFFFFFF", "1"))]
    return {code for code, _ in outcomes(read(folder, file_of(lines), keys=KEYS))}


def codes_of_rivals(folder: Path) -> set[str]:
    """Two operators of one counter, of whom one has a right code; and of one, of whom none has."""
    folder.mkdir()
    network = write(folder, network=TRAM)
    path = folder / "taps.csv"
    path.write_bytes(file_of([
        line_of(**CARD, device="413100644822", paid="5", tac=RIGHT_CODE),
        line_of(**CARD, operator="tram"), line_of(**{**CARD, "card_seq": "4"}),
        line_of(**{**CARD, "card_seq": "4"}, operator="tram")]))
    return {code.name for code in clear(network, path, keys=AnyKey()).refusals}


def codes_of_lists(folder: Path) -> set[str]:
    """A card that had to be stopped."""
    (folder / "deny").mkdir(parents=True)
    content = b"card\n10001\n"
    (folder / "deny" / "all.csv").write_bytes(content)
    network = load_network(str(write(folder, network=f"""
[[deny_list]]
version = 1
on_validators_at = 2024-11-01T04:00:00
file = "all.csv"
sha256 = "{hashlib.sha256(content).hexdigest()}"
""")))
    lines = [line_of(issuer="gz-card", **CARD)]
    return {code for code, _ in outcomes(read(folder, file_of(lines), network=network))}


def codes_of_admissions(folder: Path) -> set[str]:
    """An issuer whose cards ride later."""
    folder.mkdir()
    network = load_network(str(write(folder, network="""
[[admission]]
issuer = "gz-card"
in_force_from = 2025-01-01
""")))
    return {code for code, _ in outcomes(read(
        folder, file_of([line_of(issuer="gz-card", **CARD)]), network=network))}


def codes_of_ride_codes(folder: Path) -> set[str]:
    """Codes that somebody else has signed, or for something else."""
    folder.mkdir()
    network = load_network(str(write(folder, network=network_text())))
    return {code for code, _ in outcomes(read(
        folder, file_of([text for text, _ in RIDE_CODES]), network=network))}


def codes_of_terminals(folder: Path) -> set[str]:
    """A device that nobody lists, and one on another line than the list has; and a test."""
    folder.mkdir()
    network = listing_terminals(write(folder, files={
        "terminals.csv": "operator,device,line,vehicle,in_force_from,in_force_until\n"
                         "bus,D1,1,,,\n"}))
    lines = [line_of(issuer="gz-card", **CARD, **values)
             for values in ({"device": "D2"}, {"line": "2"}, {"kind": "test"})]
    return {code for code, _ in outcomes(read(
        folder, file_of(lines), network=load_network(str(network))))}


def codes_of_register(folder: Path) -> set[str]:
    """A card that is lost, and one that has expired."""
    folder.mkdir()
    network = registered(write(folder, files={
        "cards.csv": "card,valid_until,status\n10001,,lost\n10002,2024-11-24,\n"}))
    path = folder / "taps.csv"
    path.write_bytes(file_of([line_of(**CARD), line_of(**{**CARD, "card": "10002"})]))
    return {code.name for code in clear(network, path).refusals}


def codes_of_contracts(folder: Path) -> set[str]:
    """Files that are not as their sender's contract has them."""
    folder.mkdir()
    network = write(folder, network=SENDER.replace('devices = "own.csv"', """
[[sender.files]]
name = "{date}-{sequence}.csv"
sequence = "daily"
"""))
    lines = {"20241125-1": CARD, "20241125-3": {**CARD, "card_seq": "3"},
             "20241126-1": {**CARD, "kind": "x"}, "other/20241125-1": {**CARD, "card_seq": "4"},
             "20241125-2": CARD, "taps": CARD}
    paths = []
    for name, values in lines.items():
        paths.append(folder / f"{name}.csv")
        paths[-1].parent.mkdir(exist_ok=True)
        paths[-1].write_bytes(file_of([line_of(**values)]))
    report = clear(network, *paths, senders="bus-gateway")
    return {Code(file.code).name for file in report.files}


def test_every_code_is_produced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    produced = (codes_of_ride_codes(tmp_path / "ride-codes")
                | codes_of_terminals(tmp_path / "terminals")
                | codes_of_records(tmp_path / "records") | codes_of_files(tmp_path / "files")
                | codes_of_a_run(tmp_path / "run") | codes_of_a_sender(tmp_path / "sender")
                | codes_of_proof(tmp_path / "proof") | codes_of_rivals(tmp_path / "rivals")
                | codes_of_crowds(tmp_path / "crowds", monkeypatch)
                | codes_of_contracts(tmp_path / "contracts")
                | codes_of_lists(tmp_path / "lists")
                | codes_of_admissions(tmp_path / "admissions")
                | codes_of_register(tmp_path / "register"))
    # Steps of disputes are no records: tests/run/test_rides_are_disputed.py.
    assert produced == {code.name for code in Code if not code.name.startswith("DISPUTE_")}
