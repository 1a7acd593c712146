"""The table of codes: what went in comes out, whatever its bytes, scope and number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.intake.decoder_tables import CodeTable
from ext.intake.lookup import KEY, SLOT, Lookup

pytestmark = pytest.mark.kernels

CODES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=16)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(CODES, st.integers(0, 3)), max_size=60))
def test_a_table_is_a_dictionary(keys: list[tuple[str, int]]) -> None:
    table, wanted = CodeTable(2), {}
    for code, scope in keys:
        index = table.add(code, scope)
        assert wanted.setdefault((scope, code), index) == index
    assert sorted(wanted.values()) == list(range(1, len(wanted) + 1))
    assert table.list_codes() == list(wanted)
    for (scope, code), index in wanted.items():
        assert table.lookup.find(code.encode(), scope) == index
        assert table.lookup.find(code.encode(), 9) == 0
        assert table.lookup.find(code.encode() + b"\0", scope) == wanted.get(
            (scope, code + "\0"), 0)


def test_lengths_around_a_word() -> None:
    table = CodeTable(4)
    codes = ["x" * length for length in range(1, 65)] + ["x" * length + "y" for length in range(64)]
    for index, code in enumerate(codes, 1):
        assert table.add(code) == index
    for index, code in enumerate(codes, 1):
        assert table.lookup.find(code.encode()) == index


def test_values_other_than_the_index() -> None:
    table = CodeTable()
    assert table.add("a", value=7) == 7
    assert table.add("a", value=9) == 7
    assert (table.lookup.count(), table.lookup.value(1)) == (2, 7)
    with pytest.raises(ValueError, match="index: 2, expected 1 to 1"):
        table.lookup.value(2)


def test_many_codes() -> None:
    table = CodeTable(8)
    for n in range(50_000):
        assert table.add(f"code-{n}", n % 5) == n + 1
    for n in range(0, 50_000, 97):
        assert table.lookup.find(f"code-{n}".encode(), n % 5) == n + 1
        assert table.lookup.find(f"code-{n}".encode(), (n + 1) % 5) == 0


def test_full_arrays_say_so() -> None:
    lookup = Lookup(np.zeros(4, SLOT), np.zeros(9, KEY), np.zeros(64, np.uint8),
                    np.array([1, 0, 5], np.uint64))
    assert [lookup.add(code) for code in (b"a", b"b", b"c")] == [1, 2, 0]    # half the slots
    lookup = Lookup(np.zeros(64, SLOT), np.zeros(9, KEY), np.zeros(15, np.uint8),
                    np.array([1, 0, 5], np.uint64))
    assert [lookup.add(code) for code in (b"a", b"b")] == [1, 0]             # the blob
    assert lookup.find(b"b") == 0


@pytest.mark.parametrize(("slots", "keys", "blob", "used", "words"), [
    (3, 9, 64, [1, 0, 0],      "slots: 3 of them, expected a power of two"),
    (0, 9, 64, [1, 0, 0],      "slots: 0"),
    (8, 9, 64, [1, 0],         "used: 2 values, expected 3"),
    (8, 9, 64, [0, 0, 0],      "used: 0 keys"),
    (8, 9, 64, [6, 0, 0],      "used: 6 keys"),
    (8, 2, 64, [3, 0, 0],      "used: 3 keys"),
    (8, 9, 64, [1, 65, 0],     "and 65 bytes"),
])
def test_wrong_arrays(slots: int, keys: int, blob: int, used: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Lookup(np.zeros(slots, SLOT), np.zeros(keys, KEY), np.zeros(blob, np.uint8),
               np.array(used, np.uint64))


def test_codes_have_a_length() -> None:
    for code in (b"", b"x" * 65):
        with pytest.raises(ValueError, match="expected 1 to 64"):
            CodeTable().lookup.add(code)
    assert CodeTable().lookup.find(b"x" * 5000) == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(CODES, st.integers(0, 3)), max_size=40),
       st.lists(st.tuples(CODES, st.integers(0, 3)), max_size=40))
def test_codes_of_another_table_are_found(ours: list[tuple[str, int]],
                                          theirs: list[tuple[str, int]]) -> None:
    table, other, scopes = CodeTable(2), CodeTable(2), [7, 0, 5, 7]
    wanted = {(code, scope): table.add(code, scope, 1_000 + place)
              for place, (code, scope) in enumerate(ours)}
    for code, scope in theirs + ours[:5]:
        other.add(code, scope)
    found = np.full(len(other), 9, np.uint32)
    table.lookup.find_all(other.lookup, np.array(scopes, np.uint16), found)
    assert found.tolist() == [9, *(wanted.get((code, scopes[scope]), 0)
                                   for scope, code in other.list_codes())]


def test_codes_of_another_table_need_a_scope_and_room() -> None:
    table, other = CodeTable(), CodeTable()
    other.add("a", 2)
    with pytest.raises(ValueError, match="scopes: 2, and the code at 1 is of another"):
        table.lookup.find_all(other.lookup, np.zeros(2, np.uint16), np.zeros(2, np.uint32))
    with pytest.raises(ValueError, match="values: 1, expected 2"):
        table.lookup.find_all(other.lookup, np.zeros(3, np.uint16), np.zeros(1, np.uint32))
