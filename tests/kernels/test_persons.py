"""A person's cards are cleared together: where one is marked, all are, and in one partition."""

from __future__ import annotations

import random

import numpy as np
import pytest

from ext.clearing.partition import (
    MOST_PARTITIONS,
    add_to_card_filter,
    list_by_partition,
    list_in_card_filter,
)
from ext.clearing.persons import CARDS_OF_A_PERSON_MOST, NO_PERSON, NOBODY, Persons
from ext.records import PERSON_ROW, Records

pytestmark = pytest.mark.kernels


def rows_of(*people: list[int]) -> Records:
    """PERSON_ROW of cards by their lower halves, each person's in order."""
    rows = np.array([(0, card, 0, cards[0], person, place) for person, cards in enumerate(people)
                     for place, card in enumerate(cards)], PERSON_ROW)
    return np.sort(rows, order=["card_hi", "card_lo"])


def cards(*numbers: int) -> Records:
    return np.array([(0, number) for number in numbers], np.uint64)


def as_bytes(rows: Records) -> Records:
    return rows.view(np.uint8).reshape(len(rows), 16)


def drawn(seed: int) -> list[list[int]]:
    """People with two to five cards each."""
    chance = random.Random(seed)
    numbers = chance.sample(range(1, 5_000), 1_000)
    people = []
    while len(numbers) > 5:
        count = chance.randint(2, 5)
        people.append([numbers.pop() for _ in range(count)])
    return people


@pytest.mark.parametrize("words", [1, 4, 64])
def test_all_cards_of_whom_one_is_marked(words: int) -> None:
    """Also of those that are marked by chance: so small a filter marks many."""
    people = drawn(1)
    persons, card_filter = Persons(rows_of(*people)), np.zeros(words, np.uint64)
    add_to_card_filter(as_bytes(cards(people[3][1], people[7][0], 9_999)), card_filter)
    persons.spread(card_filter)
    every = [card for one in people for card in one]
    listed = np.empty(len(every), np.uint32)
    found = {every[place] for place in listed[:list_in_card_filter(
        as_bytes(cards(*every)), card_filter, listed)].tolist()}
    assert found >= {*people[3], *people[7]}
    assert all(found.isdisjoint(one) or found.issuperset(one) for one in people)
    assert words < 64 or len(found) < len(every)


@pytest.mark.parametrize("partitions", [1, 2, 256, MOST_PARTITIONS])
def test_a_persons_cards_are_in_one_partition(partitions: int) -> None:
    """That of the first one; other cards stay where they are."""
    people = drawn(2)
    persons = Persons(rows_of(*people))
    every = [*(card for one in people for card in one), *range(10_000, 10_100)]
    place_of = {}
    for known in (persons, NOBODY):
        listed, offsets = np.empty(len(every), np.uint32), np.empty(partitions + 1, np.int64)
        list_by_partition(as_bytes(cards(*every)), partitions, listed, offsets, known)
        place_of[known] = {every[listed[i]]: part for part in range(partitions)
                           for i in range(offsets[part], offsets[part + 1])}
    for one in people:
        assert {place_of[persons][card] for card in one} == {place_of[NOBODY][one[0]]}
    assert all(place_of[persons][card] == place_of[NOBODY][card] for card in every[-100:])


def test_persons_are_numbered() -> None:
    people = drawn(3)
    persons = Persons(rows_of(*people))
    every = [card for one in people for card in one]
    numbers = np.empty(len(every) + 1, np.uint32)
    persons.number(as_bytes(cards(*every, 10_000)), numbers)
    assert numbers.tolist() == [*(number for number, one in enumerate(people) for _ in one),
                                NO_PERSON]


def test_what_cannot_be_is_refused() -> None:
    assert len(NOBODY) == 0
    NOBODY.spread(np.zeros(1, np.uint64))
    with pytest.raises(ValueError, match="not behind"):
        Persons(rows_of([1, 2])[::-1].copy())
    with pytest.raises(ValueError, match="expected 2 to"):
        Persons(rows_of([1]))
    with pytest.raises(ValueError, match="expected 2 to"):
        Persons(rows_of(list(range(1, CARDS_OF_A_PERSON_MOST + 2))))
    with pytest.raises(ValueError, match="power of two"):
        NOBODY.spread(np.zeros(3, np.uint64))
    with pytest.raises(ValueError, match="numbers: 1"):
        NOBODY.number(as_bytes(cards(1, 2)), np.zeros(1, np.uint32))
