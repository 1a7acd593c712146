"""What cannot be in a network.toml, though each of its values is one of its sort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from network.bank_accounts import check_accounts
from network.bill_terms import check_bill_terms
from network.civil import EPOCH, LAST_TAP_DAY
from network.code_checks import CODE_BYTES_MOST, fault_of, twin_key
from network.dates import check_dates
from network.disputes import check_dispute_terms
from network.errors import TableError
from network.locations import KeyPath
from network.model import Agreement, Approver, Centre, Funder, Issuer, NetworkFile, Operator
from network.money import PPM, iso_decimals, part_of
from network.nettings import check_nettings
from network.period_fees import check_period_fees
from network.revenue_shares import check_revenue_shares

CLOCK_TOLERANCE_S_MOST = 3600
FEE_MOST = 100_000_000      # minor units a ride: with the share beside it, 32 bits hold a fee
RIDE_LIMIT_S_MOST = 7 * 86_400
VALUE_DAYS_MOST = 60
CURRENCY_DECIMALS = range(4)                # of ISO 4217: rupiah without, yuan 2, dinar 3
# What an agreement holds for.
CONDITIONS = ("between", "issuers", "operators", "modes", "media", "card_kinds", "in_force_from",
              "in_force_until")
FUNDERS_OF_RIDES = ("operator", "issuer")   # whom a table's shares mean by these words


def check_model(model: NetworkFile) -> None:
    """Pass where every name stands for one thing, and times are those that taps can have.

    Raises TableError, whose key is of network.toml.
    """
    for what, named in _names_of(model):
        seen: set[str] = set()
        for key, name in named:
            if name == "":
                raise TableError(f"{what} has a blank name", "give it a name, or leave it out",
                                 key=key)
            if name in seen:
                raise TableError(f"{what} names {name!r} twice", "keep one of the two", key=key)
            _check_code(what, name, key)
            seen.add(name)
    for index, operator in enumerate(model.operator):
        _check_operator(operator, model, ("operator", index))
    _check_members(model)
    _check_line_classes(model)
    _check_agreements(model)
    _check_cycles(model)
    check_nettings(model, member_codes(model))
    check_period_fees(model, member_codes(model))
    check_dispute_terms(model, member_codes(model))
    check_revenue_shares(model)
    check_accounts(model)
    check_bill_terms(model)
    _check_senders(model)
    _check_times(model)
    _check_currency(model)
    if model.totals_follow == "person" and model.card_register is None:
        raise TableError('totals_follow is "person", and there is no card_register',
                         "name a register whose column predecessor says which card replaces which, "
                         "or leave totals_follow out", key=("totals_follow",))


def _check_operator(operator: Operator, model: NetworkFile, here: KeyPath) -> None:
    for medium in sorted({*operator.charged_by} - {"default", *model.media}):
        raise TableError(f"operator {operator.code!r} says who charges {medium!r}, which is not in "
                         "media", "correct the name, or add the medium",
                         expected=", ".join(("default", *model.media)),
                         key=(*here, "charged_by", medium))
    for index, mode in enumerate(operator.modes):
        if mode not in model.modes:
            raise TableError(f"operator {operator.code!r} runs {mode!r}, which is not in modes",
                             "add the mode to network.toml", key=(*here, "modes", index))
    for medium in model.media:
        if medium not in operator.charged_by and "default" not in operator.charged_by:
            raise TableError(f"operator {operator.code!r} does not say who charges {medium!r}",
                             'add it to charged_by, or a "default"', key=(*here, "charged_by"))


def _check_members(model: NetworkFile) -> None:
    """Every member has a code of its own, and a city that the network has."""
    provinces = {province.code for province in model.province}
    for index, city in enumerate(model.city):
        if city.province not in provinces:
            raise TableError(f"city {city.code!r} is in province {city.province!r}, which "
                             "network.toml does not have", "add the province",
                             key=("city", index, "province"))
    cities = {city.code for city in model.city}
    groups: tuple[tuple[str, Sequence[Operator | Issuer | Funder | Centre | Approver]], ...] = (
        ("operator", model.operator), ("issuer", model.issuer), ("funder", model.funder),
        ("centre", model.centre), ("approver", model.approver))
    seen: set[str] = set()
    twins: dict[str, str] = {}
    for role, group in groups:
        for index, one in enumerate(group):
            key = role, index, "code"
            _check_code(role, one.code, key)
            twin = twins.setdefault(twin_key(one.code), one.code)
            if twin != one.code:
                raise TableError(f"members are called {twin!r} and {one.code!r}, which are one "
                                 "file on a disk that tells no cases apart",
                                 "call one of them otherwise", key=key)
            where = getattr(one, "city", None)
            if where is not None and where not in cities:
                raise TableError(f"{role} {one.code!r} is in city {where!r}, which "
                                 "network.toml does not have", "add the city",
                                 key=(role, index, "city"))
            if one.code in seen:
                raise TableError(f"two members are called {one.code!r}",
                                 "give each member, and each approver, a code of its own",
                                 key=key)
            if one.code in FUNDERS_OF_RIDES:
                raise TableError(f"a member is called {one.code!r}, which means the ride's own "
                                 f"{one.code} where a table names who pays",
                                 "give it another code", key=key)
            seen.add(one.code)


def _check_code(what: str, code: str, key: KeyPath) -> None:
    fault = fault_of(code)
    if fault is not None:
        raise TableError(f"{what} has the name {code[:CODE_BYTES_MOST]!r}, which {fault}",
                         "give it a shorter or plainer one: it becomes a part of files' names",
                         expected=f"at most {CODE_BYTES_MOST} bytes, without / and control "
                         "characters", key=key)


def _check_line_classes(model: NetworkFile) -> None:
    operators = [operator.code for operator in model.operator]
    for index, one in enumerate(model.line_class):
        for which, code in enumerate(one.operators):
            if code not in operators:
                raise TableError(
                    f"line class {one.line_class!r} names the operator {code!r}",
                    "correct network.toml", expected=", ".join(operators),
                    key=("line_class", index, "operators", which))


def _check_agreements(model: NetworkFile) -> None:
    """Agreements name what the network has, and ask for fees that can be paid."""
    known = {"centre": [one.code for one in model.centre],
             "issuers": [one.code for one in model.issuer],
             "operators": [one.code for one in model.operator], "modes": model.modes,
             "media": model.media, "card_kinds": model.card_kinds}
    for index, one in enumerate(model.agreement):
        here, what = ("agreement", index), f"agreement {one.agreement!r}"
        named = {key: getattr(one, key) for key in known}
        named["centre"] = None if one.centre is None else [one.centre]
        for key, names in named.items():
            for name in sorted({*(names or ())} - {*known[key]}):
                raise TableError(f"{what} names {name!r}, which network.toml does not have",
                                 "add it, or correct the name",
                                 expected=", ".join(known[key]) or "none", key=(*here, key))
        check_dates(one.in_force_from, one.in_force_until, what, here)
        _check_fees(one, what, here)
    _check_conditions(model.agreement)


def _check_fees(one: Agreement, what: str, here: KeyPath) -> None:
    if min(one.clearing_ppm, one.issuer_ppm) < 0 or one.clearing_ppm + one.issuer_ppm > PPM:
        raise TableError(f"the fees of {what} are {one.clearing_ppm} and {one.issuer_ppm} parts "
                         "per million", "correct them", expected=f"0 to {PPM} together", key=here)
    for fee in ("clearing", "issuer"):
        least, most = getattr(one, f"{fee}_least"), getattr(one, f"{fee}_most")
        for part in ("per_ride", "least", "most"):
            amount = getattr(one, f"{fee}_{part}")
            if amount is not None and not 0 <= amount <= FEE_MOST:
                raise TableError(f"{fee}_{part} of {what} is {amount}",
                                 "write it in minor units, such as 5 for 0.05",
                                 expected=f"0 to {FEE_MOST}", key=(*here, f"{fee}_{part}"))
        if most is not None and most < least:
            raise TableError(f"{what} asks for at least {least} and at most {most}",
                             "correct one of the two", expected=f"{fee}_least up to {fee}_most",
                             key=(*here, f"{fee}_most"))
    asked = next((key for key in ("clearing_ppm", "clearing_per_ride", "clearing_least")
                  if getattr(one, key)), None)
    if asked is not None and one.centre is None:
        raise TableError(f"{what} has a clearing fee and no centre that takes it",
                         "name one as its centre", key=(*here, asked))
    paid = _find_overcharged(one)
    if paid:
        raise TableError(f"the shares of {what}, each rounded, come to more than a ride of {paid} "
                         "minor units brings its operator",
                         'round them with rounding = "down", or make one of them an amount for '
                         "every ride", expected="shares that leave an operator 0 or more",
                         key=(*here, "rounding"))


def _find_overcharged(one: Agreement) -> int:
    """The least amount paid of which both shares, rounded, come to more; 0 where there is none.

    Amounts for every ride, and `least`, are agreed on whatever was paid.
    """
    shares = [(one.clearing_ppm, one.clearing_most), (one.issuer_ppm, one.issuer_most)]
    left = PPM - one.clearing_ppm - one.issuer_ppm
    if one.rounding == "down" or not all(ppm for ppm, _ in shares):
        return 0
    # Both gain less than 2 by rounding; and by how much repeats itself after PPM.
    for paid in range(1, PPM + 1):
        if left * paid >= 2 * PPM:
            break
        fees = [part_of(paid, ppm, one.rounding) for ppm, _ in shares]
        if paid < sum(fee if most is None else min(fee, most)
                      for fee, (_, most) in zip(fees, shares, strict=True)):
            return paid
    return 0


def _check_cycles(model: NetworkFile) -> None:
    """Every member has one cycle, and what it is asked for can be kept."""
    members = member_codes(model)
    cycle_of: dict[str | None, str] = {}
    for index, one in enumerate(model.settlement_cycle):
        here, what = ("settlement_cycle", index), f"settlement cycle {one.settlement_cycle!r}"
        for member in [None] if one.members is None else one.members:
            _check_member(member, members, what, (*here, "members"))
            before = cycle_of.setdefault(member, one.settlement_cycle)
            if before != one.settlement_cycle:
                raise TableError(
                    f"{what} is for " + (f"{member!r}" if member else "every other member")
                    + f", and so is {before!r}", "leave it in one of the two",
                    expected="one cycle for each member", key=here)
        if not 1 <= one.value_days <= VALUE_DAYS_MOST:
            raise TableError(f"{what} has value_days {one.value_days}",
                             "write 1 where money moves on the next bank day",
                             expected=f"1 to {VALUE_DAYS_MOST}", key=(*here, "value_days"))
    for index, holiday in enumerate(model.bank_holiday):
        for member in holiday.members or ():
            _check_member(member, members, f"the bank holiday {holiday.date}",
                          ("bank_holiday", index, "members"))


def member_codes(model: NetworkFile) -> set[str]:
    """The code of every member."""
    return {one.code for group in (model.operator, model.issuer, model.funder, model.centre)
            for one in group}


def _check_member(code: str | None, members: set[str], what: str, key: KeyPath) -> None:
    if code is not None and code not in members:
        raise TableError(f"{what} names {code!r}, which is no member of the network",
                         "add it, or correct the name",
                         expected="an operator's, issuer's, funder's or centre's code", key=key)


def _check_conditions(agreements: Sequence[Agreement]) -> None:
    """No agreement is hidden by one of the same conditions that stands before it."""
    seen: dict[bytes, str] = {}
    for index, one in enumerate(agreements):
        asked = {key: sorted(value) if isinstance(value, list) else value
                 for key in CONDITIONS if (value := getattr(one, key)) is not None}
        before = seen.setdefault(msgspec.json.encode(asked), one.agreement)
        if before != one.agreement:
            raise TableError(f"agreement {one.agreement!r} is for the same rides as {before!r}, "
                             "which stands before it", "keep one of the two",
                             key=("agreement", index))


def _check_senders(model: NetworkFile) -> None:
    """Senders speak for operators, and for members, that the network has."""
    operators = [one.code for one in model.operator]
    members = [*operators, *(one.code for group in (model.issuer, model.funder, model.centre)
                             for one in group)]
    for index, sender in enumerate(model.sender):
        for key, known in (("operators", operators), ("authorities", members)):
            for place, name in enumerate(getattr(sender, key)):
                if name not in known:
                    raise TableError(f"sender {sender.sender!r} speaks for {name!r}, which "
                                     "network.toml does not have", "add it, or correct the name",
                                     expected=", ".join(known), key=("sender", index, key, place))


def _check_times(model: NetworkFile) -> None:
    start = model.day_starts_at
    if start.tzinfo is not None or start.microsecond:
        raise TableError(f"day_starts_at is {start}", "write 04:00:00",
                         expected="a time of the civil clock", key=("day_starts_at",))
    if not EPOCH <= model.taps_from <= LAST_TAP_DAY:
        raise TableError(f"taps_from is {model.taps_from}", "correct the date",
                         expected=f"a day from {EPOCH} to {LAST_TAP_DAY}", key=("taps_from",))
    if not 1 <= model.ride_limit_s <= RIDE_LIMIT_S_MOST:
        raise TableError(f"ride_limit_s is {model.ride_limit_s}",
                         "write how long a ride can last at most",
                         expected=f"seconds, from 1 to {RIDE_LIMIT_S_MOST}", key=("ride_limit_s",))
    if model.recheck_after_days is not None and model.recheck_after_days < 0:
        raise TableError(f"recheck_after_days is {model.recheck_after_days}",
                         "write for how many days a checked fare table is taken to hold, or leave "
                         "the key out", expected="days, from 0 on", key=("recheck_after_days",))
    if not 0 <= model.clock_tolerance_s <= CLOCK_TOLERANCE_S_MOST:
        raise TableError(f"clock_tolerance_s is {model.clock_tolerance_s}",
                         "write by how much validators' clocks may be apart",
                         expected=f"seconds, from 0 to {CLOCK_TOLERANCE_S_MOST}",
                         key=("clock_tolerance_s",))


def _check_currency(model: NetworkFile) -> None:
    for name in ("currency", "minor_unit"):
        if not getattr(model, name).strip():
            raise TableError(f"{name} is blank", "name it, or leave it out",
                             expected="a name, such as yuan and fen", key=(name,))
    if model.currency_decimals not in CURRENCY_DECIMALS:
        raise TableError(
            f"currency_decimals is {model.currency_decimals}",
            "write 2 where amounts are hundredths, as of yuan, and 0 where they are whole",
            expected=f"a number from {CURRENCY_DECIMALS[0]} to {CURRENCY_DECIMALS[-1]}",
            key=("currency_decimals",))
    if model.currency_decimals == 0 and model.minor_unit != model.currency:
        raise TableError(
            f"amounts without decimals are whole {model.currency}, and minor_unit is "
            f"{model.minor_unit!r}", "correct minor_unit, or currency_decimals",
            expected=f"minor_unit = {model.currency!r}", key=("minor_unit",))


    code = model.currency_code
    if code is not None and not (len(code) == 3 and code.isascii() and code.isupper()):
        raise TableError(f"currency_code is {code!r}", "correct it, or leave it out",
                         expected="three capital letters of ISO 4217, such as CNY",
                         key=("currency_code",))
    code = model.money.code
    if code and model.currency_decimals > iso_decimals(code):
        raise TableError(
            f"amounts have {model.currency_decimals} decimals, and {code} has "
            f"{iso_decimals(code)}", "correct currency_decimals, or currency_code",
            expected=f"{iso_decimals(code)} at most: banks take no more",
            key=("currency_decimals",))


def _names_of(model: NetworkFile) -> Iterator[tuple[str, list[tuple[KeyPath, str]]]]:
    """What is named, and every name with where it is given."""
    yield "network", [(("network",), model.network)]
    for what in ("modes", "card_kinds", "media"):
        yield what, [((what, index), name) for index, name in enumerate(getattr(model, what))]
    for what, key in (("province", "code"), ("city", "code"), ("accumulator", "accumulator"),
                      ("line_class", "line_class"), ("agreement", "agreement"),
                      ("bill", "bill"),
                      ("settlement_cycle", "settlement_cycle"),
                      ("sender", "sender"),
                      ("settlement_cycle", "settlement_cycle"), ("netting", "netting"),
                      ("period_fee", "period_fee"), ("dispute_terms", "dispute_terms"),
                      ("revenue_share", "revenue_share"),
                      ("day", "date")):
        yield what, [((what, index, key), str(getattr(one, key)))
                     for index, one in enumerate(getattr(model, what))]
    for number, operator in enumerate(model.operator):
        yield f"operator {operator.code!r}: modes", [
            (("operator", number, "modes", index), mode)
            for index, mode in enumerate(operator.modes)]
