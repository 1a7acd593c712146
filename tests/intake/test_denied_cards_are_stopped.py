"""A deny list says whether a card had to be stopped when it was tapped: rules and kernel agree."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clearing.intake.deny_lists import DenyLists, read_group
from clearing.reference.deny import Entry, ListVersion, is_denied
from clearing.reference.taps import Tap
from ext.codes import Code, CorrectionKind, TapKind
from ext.intake.denied import Denied
from ext.records import TAP, TAP_BLANKS, TAP_FLAGS
from network.cards import card_bits
from network.errors import TableError
from network.model import DenyList
from network.network import load_network
from tests.fares.folder import write

MOMENT = 1_732_500_000
KINDS = {"single": TapKind.SINGLE, "in": TapKind.IN, "out": TapKind.OUT, "ride": TapKind.RIDE,
         "top_up": TapKind.TOP_UP, "lock": TapKind.LOCK}


def listed(folder: Path, *files: str, every: int = 100) -> list[tuple[int, DenyList]]:
    """Versions of these files, so many seconds apart; one with a third column changes."""
    versions = []
    for number, text in enumerate(files):
        (folder / f"{number}.csv").write_text(text, "utf-8")
        moment = np.datetime64(MOMENT + every * number, "s").item()
        versions.append((MOMENT + every * number, DenyList(
            version=number + 1, on_validators_at=moment, file=f"{number}.csv",
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            changes=number if "change" in text else None)))
    return versions


def codes_of(denied: Denied, taps: Sequence[Tap]) -> list[int]:
    rows = np.zeros(len(taps), dtype=TAP)
    for row, tap in zip(rows, taps, strict=True):
        row["card_hi"], row["card_lo"] = card_bits(tap.card)
        row["tapped_at"], row["in_at"] = tap.tapped_at, tap.in_at or 0
        row["kind"] = KINDS[tap.kind]
        row["correction"] = CorrectionKind.CANCEL if tap.correction else 0
        row["paid"], row["flags"] = tap.paid or 0, TAP_FLAGS["HAS_PAID"] * (tap.paid is not None)
    codes = np.zeros(len(taps), dtype=np.uint16)
    denied.check(rows, codes)
    marked = rows["blanks"] == TAP_BLANKS["DENIED"]
    is_exit = rows["kind"] == TapKind.OUT
    assert not codes[is_exit].any() and not marked[~is_exit].any(), "its way in decides of an exit"
    return np.where(marked, int(Code.CARD_DENIED), codes).tolist()


def tap_of(card: str, at: int, kind: str = "single", **more: Any) -> Tap:
    return Tap(card=card, card_seq=1, tapped_at=at, operator="bus", device="D", device_seq=1,
               mode="bus", kind=kind, stop="", **more)


CARDS = st.sampled_from(["1", "01", "2", "99", "100", "3105000020000000035", "18446744073709551616",
                         "18446744073709551615", "A1", "A2", "0" * 20, "9" * 20])
NUMBERS = st.integers(0, 120).map(str) | CARDS.filter(str.isdigit)
RANGES = st.tuples(NUMBERS, NUMBERS).filter(
    lambda pair: len(pair[0]) == len(pair[1])).map(lambda pair: (min(pair), max(pair)))
ENTRIES: st.SearchStrategy[frozenset[Entry]] = st.frozensets(
    CARDS.map(lambda card: (card, card)) | RANGES, max_size=6)


@st.composite
def versions_of(draw: st.DrawFn) -> list[tuple[frozenset[Entry], frozenset[Entry], bool]]:
    """What each version adds and takes off, and whether it is full; the first is."""
    listed, on = [], set[Entry]()
    for number in range(draw(st.integers(1, 5))):
        is_full = not number or draw(st.booleans())
        added = draw(ENTRIES)
        removed = frozenset() if is_full or not on else (
            draw(st.frozensets(st.sampled_from(sorted(on)))) - added)
        on = ({*added} if is_full else (on - removed) | added)
        listed.append((added, removed, is_full))
    return listed


def line_of(entry: Entry, change: str = "") -> str:
    first, last = entry
    to = last if first != last or change else ""
    return f"{first},{to},{change}".rstrip(",")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists")


@settings(max_examples=150, deadline=None, phases=[Phase.generate])
@given(versions_of(), st.lists(st.tuples(
    CARDS | NUMBERS, st.integers(-50, 550), st.sampled_from(sorted(KINDS)),
    st.integers(-50, 550) | st.none(), st.sampled_from(["", "", "cancel"]),
    st.sampled_from([None, 0, 200, -200])), min_size=1, max_size=40))
def test_rules_and_kernel_agree(folder: Path, said: list[Any], taps: list[Any]) -> None:
    """Each full list with what changes it is asked by itself; a tap before the first is not."""
    files = ["\n".join(["card,to" if is_full else "card,to,change", *map(line_of, added),
                        *(line_of(entry, "remove") for entry in removed)])
             for added, removed, is_full in said]
    versions = listed(folder, *files)
    plain = [ListVersion(since, is_full, added, removed)
             for (since, _), (added, removed, is_full) in zip(versions, said, strict=True)]
    asked = [tap_of(card, MOMENT + at, kind, correction=correction, paid=paid,
                    in_at=MOMENT + in_at if kind == "ride" and in_at is not None else None)
             for card, at, kind, in_at, correction, paid in taps]
    begins = [place for place, one in enumerate(plain) if one.is_full]
    codes = np.zeros(len(asked), dtype=np.int64)
    for first, end in zip(begins, [*begins[1:], len(plain)], strict=True):
        until = plain[end].since if end < len(plain) else 1 << 32
        codes += np.array(codes_of(read_group(folder, versions[first:end], until), asked))
    assert [code == Code.CARD_DENIED for code in codes.tolist()] == [
        is_denied(plain, tap) for tap in asked]


def test_many_cards(folder: Path) -> None:
    """More than a filter tells apart, of all lengths, with letters among them, in any order."""
    cards = [*(f"{number * 7919:0{1 + number % 20}}" for number in range(20_000)), "AB12", "zz"]
    versions = listed(folder, "card\r\n" + "\r\n".join(cards[::-1]))
    denied = read_group(folder, versions, 1 << 32)
    others = [f"{number * 7919 + 1:0{1 + number % 20}}" for number in range(20_000)]
    assert set(codes_of(denied, [tap_of(card, MOMENT) for card in cards])) == {Code.CARD_DENIED}
    wrong = [card for card, code in zip(others, codes_of(
        denied, [tap_of(card, MOMENT) for card in others]), strict=True) if code]
    assert set(wrong) <= {*cards}


@pytest.mark.parametrize(("files", "said"), [
    (["number\n1\n"],                              "write card, or card,to, or card,to,change"),
    (["card\n1\n1,2\n"],                           "no entry of a deny list"),
    (["card,to\n5,3\n"],                           "ends before it begins"),
    (["card,to\n5,13\n"],                          "in another length"),
    (["card,to\nA,B\n"],                           "in another length"),
    (["card\n1234567890123456789012\n"],           "is not a card number"),
    (["card\n\xe5\n"],                             "is not a card number"),
    (["card\n1\n", "card,to,change\n2,,remove"],   "taken off that is not on"),
    (["card,to\n1,5\n", "card,to,change\n1,4,remove"], "a range is taken off that is not on"),
    (["card\n1\n", "card,to,change\n1\n1,,remove"], "taken off, too"),
    (["card\n1\n", "card,to,change\n1,,gone"],     "no entry of a deny list"),
])
def test_a_list_that_cannot_be_read(tmp_path: Path, files: list[str], said: str) -> None:
    with pytest.raises(TableError, match=said) as caught:
        read_group(tmp_path, listed(tmp_path, *files), 1 << 32)
    assert caught.value.location is not None


def test_another_file_than_was_named(tmp_path: Path) -> None:
    versions = listed(tmp_path, "card\n1\n")
    (tmp_path / "0.csv").write_text("card\n2\n", "utf-8")
    with pytest.raises(TableError, match=r"another file than network\.toml has"):
        read_group(tmp_path, versions, 1 << 32)


DIGEST = "0" * 64
GOOD = f"""
[[deny_list]]
version = 5
on_validators_at = 2024-11-25T04:00:00
file = "a.csv"
sha256 = "{DIGEST}"
"""
NEXT = GOOD.replace("= 5", "= 6").replace("25T", "26T")


@pytest.mark.parametrize(("lists", "said"), [
    (GOOD + NEXT.replace("= 6", "= 4"),            "goes backwards: it stands behind version 5"),
    (GOOD + NEXT.replace("26T", "24T"),            "goes backwards: version 5 holds since"),
    (GOOD + NEXT + "changes = 4\n",                "changes version 4, which does not stand"),
    (GOOD + "changes = 4\n",                       "changes version 4, which does not stand"),
    (GOOD.replace("00:00", "00:00Z"),              "no moment of the civil clock"),
    (GOOD.replace("a.csv", "../a.csv"),            "no CSV file of the folder deny"),
    (GOOD.replace(DIGEST, "x"),                    "no SHA-256"),
    (GOOD,                                         "there is no file 'a.csv'"),
])
def test_versions_go_forward(tmp_path: Path, lists: str, said: str) -> None:
    write(tmp_path, network="\n" + lists)
    with pytest.raises(TableError, match=said) as caught:
        DenyLists(load_network(str(tmp_path)))
    assert caught.value.location is not None
