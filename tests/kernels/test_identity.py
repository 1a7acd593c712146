"""What records of one identity say together: a blank yields, and a charge can be given back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ext import records
from ext.codes import TapKind
from tests.kernels.cases import records_of, rows_of
from tests.kernels.test_order import order

pytestmark = pytest.mark.kernels

CARRIED = records.TAP_FLAGS["CARRIED"]
FLAG_OF = {"due": "HAS_DUE", "paid": "HAS_PAID", "balance_before": "HAS_BALANCE",
           "distance_m": "HAS_DISTANCE", "tac": "HAS_TAC"}
MAY_BE_BLANK = ("stop", "in_stop", "line", "vehicle", "direction", "born_day", "review_day",
                *FLAG_OF, *(name.removeprefix("BLANK_").lower() for name in records.TAP_BLANKS
                            if name.startswith("BLANK_")))


@pytest.mark.parametrize("field", MAY_BE_BLANK)
@pytest.mark.parametrize("carried", ["", "first", "second", "both"])
@pytest.mark.parametrize("blank", [0, 1])
def test_a_blank_yields_to_a_value(field: str, blank: int, carried: str) -> None:
    """Whichever came first is kept, and says what both say; it adds nothing who says less."""
    taps = records_of([{"kind": TapKind.SINGLE, "source_line": 2},
                       {"kind": TapKind.SINGLE, "source_line": 3}], records.TAP)
    taps[field] = 9
    if field in FLAG_OF:
        taps["flags"] = records.TAP_FLAGS[FLAG_OF[field]]
        taps["flags"][blank] = 0
    bit = records.TAP_BLANKS.get(f"BLANK_{field.upper()}", 0)
    taps["blanks"][blank] |= bit
    taps[field][blank] = 1 if bit else 0        # what a blank stands for
    for place, name in enumerate(("first", "second")):
        taps["flags"][place] |= CARRIED if carried in (name, "both") else 0
    kept, codes = order(taps)
    first = 1 if carried == "second" else 0
    assert kept == [first]
    assert (int(taps[field][first]), int(taps["blanks"][first])) == (9, 0)
    says_less = blank != first and carried != "both"
    assert codes[1 - first] == ("DUPLICATE" if says_less else "OK")
    assert codes[first] == "OK"


def test_records_that_each_say_something_are_one() -> None:
    """No one of them says it all; a fourth that contradicts any of them contradicts all."""
    rows = [{"kind": TapKind.SINGLE, "source_line": line, name: 9}
            for line, name in ((2, "line"), (3, "vehicle"), (4, "stop"))]
    taps = records_of([*rows, {**rows[0], "stop": 9, "source_line": 5}], records.TAP)
    assert order(taps) == ([0], ["OK", "OK", "OK", "DUPLICATE"])
    assert [int(taps[name][0]) for name in ("line", "vehicle", "stop")] == [9, 9, 9]
    taps = records_of([*rows, {**rows[0], "stop": 8, "source_line": 5}], records.TAP)
    assert order(taps) == ([], ["CONFLICT"] * 4)


GIVEN_BACK = {
    "a negative amount takes the charge of its counter back, whenever it was": """
        # kind   at  line paid due operator paired code
          single 100 2    200  200 1        no     CORRECTED
          single 900 3    -200 -   1        no     OK
    """,
    "with whatever the charge is where no record says it": """
        # kind   at  line paid due operator paired code
          in     100 2    -    -   1        no     CORRECTED
          in     90  3    -200 -   1        no     OK
    """,
    "but not with more": """
        # kind   at  line paid due operator paired code
          single 100 2    200  200 1        no     CONFLICT
          single 100 3    -250 -   1        no     CONFLICT
    """,
    "less leaves the charge as it is": """
        # kind   at  line paid due operator paired code
          single 100 2    200  200 1        yes    OK
          single 900 3    -150 -   1        no     GIVEN_BACK_IN_PART
          single 900 4    -150 -   1        no     GIVEN_BACK_IN_PART
    """,
    "but parts that differ are a conflict": """
        # kind   at  line paid due operator paired code
          single 100 2    200  200 1        no     CONFLICT
          single 900 3    -150 -   1        no     CONFLICT
          single 900 4    -50  -   1        no     CONFLICT
    """,
    "nor by another operator": """
        # kind   at  line paid due operator paired code
          single 100 2    200  200 1        no     CONTESTED
          single 100 3    -200 -   2        no     CONTESTED
    """,
    "the same record with nothing takes it back, too": """
        # kind   at  line paid due operator paired code
          single 100 2    0    0   1        no     OK
          single 100 3    200  200 1        no     CORRECTED
          single 100 4    0    0   1        no     DUPLICATE
    """,
    "but not another record with nothing": """
        # kind   at  line paid due operator paired code
          single 101 2    0    0   1        no     CONFLICT
          single 100 3    200  200 1        no     CONFLICT
    """,
    "a ride that costs nothing is one": """
        # kind   at  line paid due operator paired code
          single 100 2    0    0   1        yes    OK
    """,
    "what is given back and has no charge here is a refund of some ride": """
        # kind   at  line paid due operator paired code
          single 100 2    -200 -   1        yes    OK
          single 100 3    -200 -   1        no     DUPLICATE
    """,
    "an exit gives back what its own entry took": """
        # kind   at  line paid due operator paired code
          in     100 2    400  -   1        yes    OK
          out    200 3    -200 -   1        yes    OK
    """,
}


@pytest.mark.parametrize("table", GIVEN_BACK.values(), ids=GIVEN_BACK.keys())
def test_what_was_given_back(table: str) -> None:
    rows = rows_of(table)
    for turn in itertools.permutations(range(len(rows))):
        taps = np.zeros(len(rows), records.TAP)
        for place, row in enumerate(map(rows.__getitem__, turn)):
            taps["kind"][place] = TapKind[row["kind"].upper()]
            taps["tapped_at"][place], taps["source_line"][place] = row["at"], row["line"]
            taps["operator"][place] = row["operator"]
            for name in ("paid", "due"):
                if row[name]:
                    taps[name][place] = row[name]
                    taps["flags"][place] |= records.TAP_FLAGS[f"HAS_{name.upper()}"]
        kept, codes = order(taps)
        assert codes == [rows[place]["code"] for place in turn]
        assert sorted(turn[place] for place in kept) == [
            place for place, row in enumerate(rows) if row["paired"] == "yes"]


FOREIGN = {
    "a correction by another operator counts for nothing": """
        # rev operator paired code
          0   1        yes    OK
          1   2        no     FOREIGN_RECORD
    """,
    "nor ends it what its own operator corrected": """
        # rev operator paired code
          0   1        no     CORRECTED
          2   2        no     FOREIGN_RECORD
          1   1        yes    OK
    """,
    "the operator is the one of the record, or of its lowest correction": """
        # rev operator paired code
          1   1        yes    OK
          2   2        no     FOREIGN_RECORD
    """,
}


@pytest.mark.parametrize("table", FOREIGN.values(), ids=FOREIGN.keys())
def test_corrections_of_other_operators(table: str) -> None:
    rows = rows_of(table)
    for turn in itertools.permutations(range(len(rows))):
        taps = records_of([{
            "kind": TapKind.SINGLE, "revision": int(rows[place]["rev"]), "source_line": line,
            "operator": int(rows[place]["operator"]), "correction": int(rows[place]["rev"] != "0"),
        } for line, place in enumerate(turn, 2)], records.TAP)
        kept, codes = order(taps)
        assert codes == [rows[place]["code"] for place in turn]
        assert [rows[turn[place]]["paired"] for place in kept] == ["yes"]


PROVEN = {
    "an operator whose record is proven does not share its counter": """
        # rev operator proven paired code
          0   1        yes    yes    OK
          0   2        no     no     UNPROVEN_RECORD
    """,
    "whatever the others say of revisions": """
        # rev operator proven paired code
          1   1        yes    yes    OK
          0   2        no     no     UNPROVEN_RECORD
          2   2        no     no     UNPROVEN_RECORD
          2   3        no     no     UNPROVEN_RECORD
    """,
    "what is proven can be corrected, by its own operator": """
        # rev operator proven paired code
          0   1        yes    no     CORRECTED
          1   1        no     yes    OK
          1   2        no     no     UNPROVEN_RECORD
    """,
    "the operator's own records can contradict each other": """
        # rev operator proven paired code
          0   1        yes    no     CONFLICT
          0   1        no     no     CONFLICT
          0   2        no     no     UNPROVEN_RECORD
    """,
    "where nobody is proven, nobody is believed": """
        # rev operator proven paired code
          0   1        no     no     CONTESTED
          0   2        no     no     CONTESTED
    """,
    "nor where two are": """
        # rev operator proven paired code
          0   1        yes    no     CONTESTED
          0   2        yes    no     CONTESTED
          0   3        no     no     CONTESTED
    """,
}


@pytest.mark.parametrize("table", PROVEN.values(), ids=PROVEN.keys())
def test_a_right_code_decides_whose_record_it_is(table: str) -> None:
    rows = rows_of(table)
    for turn in itertools.permutations(range(len(rows))):
        taps = records_of([{
            "kind": TapKind.SINGLE, "revision": int(rows[place]["rev"]), "source_line": line,
            "operator": int(rows[place]["operator"]), "correction": int(rows[place]["rev"] != "0"),
            "stop": place + 1,
            "blanks": records.TAP_BLANKS["PROVEN"] if rows[place]["proven"] == "yes" else 0,
        } for line, place in enumerate(turn, 2)], records.TAP)
        kept, codes = order(taps)
        assert codes == [rows[place]["code"] for place in turn]
        assert [turn[place] for place in kept] == [
            place for place, row in enumerate(rows) if row["paired"] == "yes"]


CONTESTED = {
    "what one of them corrects gives it to nobody": """
        # rev operator authority paired code
          0   1        0         no     CONTESTED
          0   2        0         no     CONTESTED
          9   2        2         no     CONTESTED
          1   3        3         no     CONTESTED
    """,
    "what somebody else authorises gives it to one": """
        # rev operator authority paired code
          0   1        0         no     CORRECTED
          0   2        0         no     FOREIGN_RECORD
          1   1        7         yes    OK
          9   2        2         no     FOREIGN_RECORD
    """,
    "who has it corrects it on": """
        # rev operator authority paired code
          0   1        0         no     CORRECTED
          0   2        0         no     FOREIGN_RECORD
          1   1        7         no     CORRECTED
          2   1        1         yes    OK
    """,
    "the last of them decides": """
        # rev operator authority paired code
          0   1        0         no     FOREIGN_RECORD
          0   2        0         no     CORRECTED
          1   1        7         no     FOREIGN_RECORD
          2   2        7         yes    OK
    """,
    "where two of them differ, nobody has it": """
        # rev operator authority paired code
          0   1        0         no     CONTESTED
          0   2        0         no     CONTESTED
          1   1        7         no     CONTESTED
          1   2        8         no     CONTESTED
    """,
    "nobody is given what nobody contests": """
        # rev operator authority paired code
          0   1        0         yes    OK
          1   2        7         no     FOREIGN_RECORD
    """,
}


@pytest.mark.parametrize("table", CONTESTED.values(), ids=CONTESTED.keys())
def test_whose_a_counter_is_somebody_else_says(table: str) -> None:
    rows = rows_of(table)
    for turn in itertools.permutations(range(len(rows))):
        taps = records_of([{
            "kind": TapKind.SINGLE, "revision": int(rows[place]["rev"]), "source_line": line,
            "operator": int(rows[place]["operator"]), "correction": int(rows[place]["rev"] != "0"),
            "authority": int(rows[place]["authority"]),
        } for line, place in enumerate(turn, 2)], records.TAP)
        kept, codes = order(taps)
        assert codes == [rows[place]["code"] for place in turn]
        assert [turn[place] for place in kept] == [
            place for place, row in enumerate(rows) if row["paired"] == "yes"]


def test_a_proven_copy_says_more() -> None:
    """Whichever came first: a proof is kept; a copy that is not proven is one that is known."""
    for first, codes in ((0, ["OK", "OK", "DUPLICATE"]), (1, ["OK", "DUPLICATE", "DUPLICATE"])):
        taps = records_of([{"kind": TapKind.SINGLE, "source_line": line, "operator": 1}
                           for line in (2, 3, 4)], records.TAP)
        taps["blanks"][1 - first] = records.TAP_BLANKS["PROVEN"]
        assert order(taps) == ([0], codes)
        assert int(taps["blanks"][0]) == records.TAP_BLANKS["PROVEN"]
