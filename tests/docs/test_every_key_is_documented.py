"""docs/fare-tables.md has every key of a table and of a network, and none that is not."""

from __future__ import annotations

import typing
from typing import Any, Literal

import msgspec
import pytest

from fare_tables import model as tables
from fare_tables.source import NOT_OF_TABLES
from network import model as networks
from network.folder import list_networks
from tests.docs.pages import first_cells, quoted, read_page, sections_of

PAGE = read_page("docs/fare-tables.md")
SECTIONS = sections_of(PAGE, level=3)
# By heading. What a struct has of its base stands in the base's section.
STRUCTS: dict[str, type[msgspec.Struct]] = {
    "The table itself": tables.Table, "Timeframe": tables.Timeframe, "Every row": tables.Row,
    "Fare": tables.Fare, "Bands": tables.Band, "Same station": tables.SameStation,
    "Every discount": tables.DiscountRow, "Concession and promotion": tables.Concession,
    "Price bands": tables.PriceBand, "Transfer": tables.Transfer, "Tier": tables.Tier,
    "Cap": tables.Cap, "Claim limit": tables.ClaimLimit, "Quota": tables.Quota,
    "Counted": tables.Counted, "Carried credit": tables.CarriedCredit,
    "Funders": tables.Share,
    "The network": networks.NetworkFile, "Province": networks.Province, "City": networks.City,
    "Operator": networks.Operator, "Issuer": networks.Issuer, "Funder": networks.Funder,
    "Centre": networks.Centre, "Approver": networks.Approver, "Agreement": networks.Agreement,
    "Settlement cycle": networks.SettlementCycle, "Bank holiday": networks.BankHoliday,
    "Bill": networks.BillTerms, "Budget": networks.Budget,
    "Bank account": networks.BankAccount, "Sender": networks.Sender,
    "Files": networks.FileContract, "Admission": networks.Admission,
    "Deny list": networks.DenyList, "Ride code authority": networks.RideCodeAuthority,
    "Completeness": networks.Completeness,
    "Dispute terms": networks.DisputeTerms, "Bearer": networks.Bearer,
    "Revenue share": networks.RevenueShare,
    "Period fee": networks.PeriodFee, "Volume tier": networks.VolumeTier,
    "Netting": networks.Netting, "Debit limit": networks.DebitLimit,
    "Accumulator": networks.AccumulatorSpec, "Line class": networks.LineClass,
    "Day": networks.OwnDay,
}


def fields_of(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields that a struct has and its base does not."""
    above = getattr(struct.__base__, "__struct_fields__", ())
    return {field.encode_name: field for field in msgspec.structs.fields(struct)
            if field.encode_name not in above}


def rows_of(heading: str) -> dict[str, list[str]]:
    """Key to (what it is where it is not given, meaning)."""
    rows = [(quoted(key)[0], cells) for key, *cells in first_cells(SECTIONS[heading])]
    assert len(rows) == len(dict(rows)), f"{heading}: a key stands twice"
    return dict(rows)


def words_in(kind: Any) -> set[str]:
    """The words that a value of this type can be."""
    if typing.get_origin(kind) is Literal:
        return {word for word in typing.get_args(kind) if isinstance(word, str)}
    return {word for part in typing.get_args(kind) for word in words_in(part)}


def test_every_struct_has_its_section() -> None:
    written = {one for module in (tables, networks) for one in vars(module).values()
               if isinstance(one, type) and issubclass(one, msgspec.Struct)
               and one.__module__ == module.__name__}
    assert written == set(STRUCTS.values())


@pytest.mark.parametrize("heading", STRUCTS)
def test_every_key_is_there_and_none_is_invented(heading: str) -> None:
    assert list(rows_of(heading)) == list(dict.fromkeys(rows_of(heading)))
    assert set(rows_of(heading)) == set(fields_of(STRUCTS[heading]))


@pytest.mark.parametrize("heading", STRUCTS)
def test_what_is_required_and_what_is_not_is_true(heading: str) -> None:
    for key, field in fields_of(STRUCTS[heading]).items():
        given = rows_of(heading)[key][0]
        assert (given == "required") is field.required, key
        if isinstance(field.default, str):
            assert quoted(given) == [field.default], key
        elif isinstance(field.default, int) and not isinstance(field.default, bool):
            assert given == str(field.default), key
        elif isinstance(field.default, bool):
            assert given == str(field.default).lower(), key


@pytest.mark.parametrize("heading", STRUCTS)
def test_every_word_that_a_key_can_be_is_named(heading: str) -> None:
    types = typing.get_type_hints(STRUCTS[heading])
    for key, cells in rows_of(heading).items():
        missing = words_in(types[key]) - set(quoted(" ".join(cells)))
        assert not missing, f"{key} can be {', '.join(sorted(missing))}, too"


def test_the_keys_of_tables_like_others_are_there() -> None:
    assert set(rows_of("A table like another")) == set(NOT_OF_TABLES)


def test_every_shipped_network_is_named() -> None:
    assert set(list_networks()) <= set(quoted(PAGE))
