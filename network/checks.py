"""What cannot be in a network.toml, though each of its values is one of its sort."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from network.bank_accounts import check_accounts
from network.bill_terms import check_bill_terms
from network.civil import EPOCH, LAST_TAP_DAY
from network.code_checks import CODE_BYTES_MOST, fault_of, twin_key
from network.dates import check_dates
from network.deny_lists import check_deny_lists
from network.disputes import check_dispute_terms
from network.errors import TableError
from network.file_names import check_files
from network.language import Phrase
from network.locations import KeyPath
from network.model import (
    FEES,
    Agreement,
    Approver,
    Centre,
    Funder,
    Issuer,
    NetworkFile,
    Operator,
    SettlementCycle,
)
from network.money import PPM, iso_decimals, part_of
from network.nettings import check_nettings
from network.period_fees import check_period_fees
from network.revenue_shares import check_revenue_shares

CLOCK_TOLERANCE_S_MOST = 3600
FEE_MOST = 100_000_000      # minor units a ride: with the share beside it, 32 bits hold a fee
RIDE_LIMIT_S_MOST = 7 * 86_400
VALUE_DAYS_MOST = 60
PERIOD_DAYS_MOST = 366
_COMPRESSED_KEY = re.compile("0[23][0-9A-Fa-f]{64}")
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
                raise TableError(Phrase("{what} has a blank name",
                                        what=what), "give it a name, or leave it out",
                                 key=key)
            if name in seen:
                raise TableError(Phrase("{what} names {name!r} twice", what=what,
                                        name=name), "keep one of the two", key=key)
            _check_code(what, name, key)
            seen.add(name)
    for index, operator in enumerate(model.operator):
        _check_operator(operator, model, ("operator", index))
    _check_members(model)
    _check_line_classes(model)
    _check_accumulators(model)
    _check_agreements(model)
    _check_cycles(model)
    check_nettings(model, member_codes(model))
    check_period_fees(model, member_codes(model))
    check_dispute_terms(model, member_codes(model))
    check_revenue_shares(model)
    check_accounts(model)
    check_bill_terms(model)
    _check_senders(model)
    _check_admissions(model)
    check_deny_lists(model)
    _check_ride_code_authorities(model)
    _check_times(model)
    _check_currency(model)
    if model.totals_follow == "person" and model.card_register is None:
        raise TableError('totals_follow is "person", and there is no card_register',
                         "name a register whose column predecessor says which card replaces which, "
                         "or leave totals_follow out", key=("totals_follow",))


def _check_operator(operator: Operator, model: NetworkFile, here: KeyPath) -> None:
    if operator.window_variance_most is not None and operator.window_variance_most < 0:
        raise TableError(Phrase("operator {code!r} has a limit below 0", code=operator.code),
                         "write 0 where nothing is let pass, or leave it out",
                         key=(*here, "window_variance_most"))
    for medium in sorted({*operator.charged_by} - {"default", *model.media}):
        raise TableError(Phrase("operator {code!r} says who charges {medium!r}, which is not in "
                                "media", code=operator.code,
                                medium=medium), "correct the name, or add the medium",
                         expected=", ".join(("default", *model.media)),
                         key=(*here, "charged_by", medium))
    for index, mode in enumerate(operator.modes):
        if mode not in model.modes:
            raise TableError(Phrase("operator {code!r} runs {mode!r}, which is not in modes",
                                    code=operator.code, mode=mode),
                             "add the mode to network.toml", key=(*here, "modes", index))
    for medium in model.media:
        if medium not in operator.charged_by and "default" not in operator.charged_by:
            raise TableError(Phrase("operator {code!r} does not say who charges {medium!r}",
                                    code=operator.code, medium=medium),
                             'add it to charged_by, or a "default"', key=(*here, "charged_by"))


def _check_members(model: NetworkFile) -> None:
    """Every member has a code of its own, and a city that the network has."""
    provinces = {province.code for province in model.province}
    for index, city in enumerate(model.city):
        if city.province not in provinces:
            raise TableError(Phrase("city {code!r} is in province {province!r}, which "
                                    "network.toml does not have", code=city.code,
                                    province=city.province), "add the province",
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
                raise TableError(Phrase("members are called {twin!r} and {code!r}, which are one "
                                        "file on a disk that tells no cases apart", twin=twin,
                                        code=one.code),
                                 "call one of them otherwise", key=key)
            where = getattr(one, "city", None)
            if where is not None and where not in cities:
                raise TableError(Phrase("{role} {code!r} is in city {where!r}, which network.toml "
                                        "does not have", role=role, code=one.code,
                                        where=where), "add the city",
                                 key=(role, index, "city"))
            if one.code in seen:
                raise TableError(Phrase("two members are called {code!r}", code=one.code),
                                 "give each member, and each approver, a code of its own",
                                 key=key)
            if one.code in FUNDERS_OF_RIDES:
                raise TableError(Phrase("a member is called {code!r}, which means the ride's own "
                                        "{code} where a table names who pays", code=one.code),
                                 "give it another code", key=key)
            seen.add(one.code)


def _check_code(what: str, code: str, key: KeyPath) -> None:
    fault = fault_of(code)
    if fault is not None:
        raise TableError(Phrase("{what} has the name {code!r}, which {fault}", what=what,
                                code=code[:CODE_BYTES_MOST], fault=fault),
                         "give it a shorter or plainer one: it becomes a part of files' names",
                         expected=Phrase("at most {code_bytes_most} bytes, without / and control "
                                         "characters", code_bytes_most=CODE_BYTES_MOST), key=key)


def _check_line_classes(model: NetworkFile) -> None:
    operators = [operator.code for operator in model.operator]
    for index, one in enumerate(model.line_class):
        for which, code in enumerate(one.operators):
            if code not in operators:
                raise TableError(
                    Phrase("line class {line_class!r} names the operator {code!r}",
                           line_class=one.line_class, code=code),
                    "correct network.toml", expected=", ".join(operators),
                    key=("line_class", index, "operators", which))


def _check_accumulators(model: NetworkFile) -> None:
    for index, one in enumerate(model.accumulator):
        if (one.period == "days") != (one.days is not None) or not 1 <= (
                one.days or 1) <= PERIOD_DAYS_MOST:
            raise TableError(
                Phrase("accumulator {accumulator!r} has the period {period!r} and {days} days",
                       accumulator=one.accumulator, period=one.period, days=one.days or 0),
                'write period = "days" with days, such as 7; or leave days out',
                expected=Phrase("days from 1 to {most}, beside period = \"days\" and no other",
                                most=PERIOD_DAYS_MOST),
                key=("accumulator", index, "period" if one.days is None else "days"))


def _check_admissions(model: NetworkFile) -> None:
    """Who is admitted is an issuer of the network, for days that can be."""
    known = [one.code for one in model.issuer]
    for index, one in enumerate(model.admission):
        here, what = ("admission", index), Phrase("the admission of {code!r}", code=one.issuer)
        if one.issuer not in known:
            raise TableError(Phrase("{what} names {name!r}, which network.toml does not have",
                                    what=what, name=one.issuer),
                             "add it, or correct the name", expected=", ".join(known),
                             key=(*here, "issuer"))
        check_dates(one.in_force_from, one.in_force_until, what, here)


def _check_ride_code_authorities(model: NetworkFile) -> None:
    """Each has a number that a certificate can name, its own, and a key."""
    seen: set[int] = set()
    for index, one in enumerate(model.ride_code_authority):
        here, what = ("ride_code_authority", index), Phrase("ride code authority {index}",
                                                            index=one.index)
        if one.index in seen or not 0 <= one.index <= 255:
            raise TableError(Phrase("{what} has the number of one before it, or none of a byte",
                                    what=what), "correct network.toml", expected="0 to 255",
                             key=(*here, "index"))
        if _COMPRESSED_KEY.fullmatch(one.key) is None:
            raise TableError(Phrase("{what} has no key", what=what), "correct network.toml",
                             expected="66 hexadecimal digits, of which the first two are 02 or 03",
                             key=(*here, "key"))
        seen.add(one.index)


def _check_agreements(model: NetworkFile) -> None:
    """Agreements name what the network has, and ask for fees that can be paid."""
    known = {"centre": [one.code for one in model.centre],
             "acquirer": sorted(member_codes(model)),
             "issuers": [one.code for one in model.issuer],
             "operators": [one.code for one in model.operator], "modes": model.modes,
             "media": model.media, "card_kinds": model.card_kinds}
    for index, one in enumerate(model.agreement):
        here, what = ("agreement", index), Phrase("agreement {code!r}", code=one.agreement)
        named = {key: getattr(one, key) for key in known}
        for key in ("centre", "acquirer"):
            named[key] = None if named[key] is None else [named[key]]
        for key, names in named.items():
            for name in sorted({*(names or ())} - {*known[key]}):
                raise TableError(Phrase("{what} names {name!r}, which network.toml does not have",
                                        what=what, name=name),
                                 "add it, or correct the name",
                                 expected=", ".join(known[key]) or "none", key=(*here, key))
        check_dates(one.in_force_from, one.in_force_until, what, here)
        _check_fees(one, what, here)
    _check_conditions(model.agreement)


def _check_fees(one: Agreement, what: str, here: KeyPath) -> None:
    shares = [getattr(one, f"{fee}_ppm") for fee in FEES]
    if min(shares) < 0 or sum(shares) > PPM:
        raise TableError(Phrase("the fees of {what} are {shares} parts per million", what=what,
                                shares=", ".join(map(str, shares))), "correct them",
                         expected=Phrase("0 to {ppm} together", ppm=PPM), key=here)
    for fee in FEES:
        least, most = getattr(one, f"{fee}_least"), getattr(one, f"{fee}_most")
        for part in ("per_ride", "least", "most"):
            amount = getattr(one, f"{fee}_{part}")
            if amount is not None and not 0 <= amount <= FEE_MOST:
                raise TableError(Phrase("{fee}_{part} of {what} is {amount}", fee=fee, part=part,
                                        what=what, amount=amount),
                                 "write it in minor units, such as 5 for 0.05",
                                 expected=Phrase("0 to {fee_most}",
                                                 fee_most=FEE_MOST), key=(*here, f"{fee}_{part}"))
        if most is not None and most < least:
            raise TableError(Phrase("{what} asks for at least {least} and at most {most}",
                                    what=what, least=least, most=most),
                             "correct one of the two", expected=Phrase("{fee}_least up to "
                                                                       "{fee}_most", fee=fee),
                             key=(*here, f"{fee}_most"))
    for fee, taker in (("clearing", "centre"), ("acquirer", "acquirer")):
        asked = next((key for part in ("ppm", "per_ride", "least")
                      if getattr(one, key := f"{fee}_{part}")), None)
        if asked is not None and getattr(one, taker) is None:
            raise TableError(Phrase("{what} has {asked} and no {taker} that takes it", what=what,
                                    asked=asked, taker=taker),
                             Phrase("name one as its {taker}", taker=taker), key=(*here, asked))
    paid = _find_overcharged(one)
    if paid:
        raise TableError(Phrase("the shares of {what}, each rounded, come to more than a ride of "
                                "{paid} minor units brings its operator", what=what, paid=paid),
                         'round them with rounding = "down", or make one of them an amount for '
                         "every ride", expected="shares that leave an operator 0 or more",
                         key=(*here, "rounding"))


def _find_overcharged(one: Agreement) -> int:
    """The least amount paid of which all shares, rounded, come to more; 0 where there is none.

    Amounts for every ride, and `least`, are agreed on whatever was paid.
    """
    shares = [(ppm, getattr(one, f"{fee}_most")) for fee in FEES
              if (ppm := getattr(one, f"{fee}_ppm"))]
    left = PPM - sum(ppm for ppm, _ in shares)
    if one.rounding == "down" or len(shares) < 2:
        return 0
    # Each gains less than 1 by rounding; and by how much repeats itself after PPM.
    for paid in range(1, PPM + 1):
        if left * paid >= len(shares) * PPM:
            break
        fees = [part_of(paid, ppm, one.rounding) for ppm, _ in shares]
        if paid < sum(fee if most is None else min(fee, most)
                      for fee, (_, most) in zip(fees, shares, strict=True)):
            return paid
    return 0


def _cycle(one: SettlementCycle) -> Phrase:
    return Phrase("settlement cycle {code!r}", code=one.settlement_cycle)


def _check_cycles(model: NetworkFile) -> None:
    """Every member has one cycle, and what it is asked for can be kept."""
    members = member_codes(model)
    cycle_of: dict[str | None, str] = {}
    for index, one in enumerate(model.settlement_cycle):
        here, what = ("settlement_cycle", index), _cycle(one)
        if one.causes is not None and not one.causes:
            raise TableError(Phrase("{what} names no causes", what=what),
                             "name what it is for, or take the key out",
                             expected="causes of flows, such as clearing_fee",
                             key=(*here, "causes"))
        if one.counterparties is not None:
            _check_pairs(model, index, members)
        if one.counterparties is not None or one.causes is not None:
            for code in one.members or ():
                _check_member(code, members, what, (*here, "members"))
            continue
        for member in [None] if one.members is None else one.members:
            _check_member(member, members, what, (*here, "members"))
            before = cycle_of.setdefault(member, one.settlement_cycle)
            if before != one.settlement_cycle:
                raise TableError(
                    Phrase("{what} is for {member!r}, and so is {before!r}", what=what,
                           member=member, before=before) if member else
                    Phrase("{what} is for every other member, and so is {before!r}", what=what,
                           before=before), "leave it in one of the two",
                    expected="one cycle for each member", key=here)
    for index, one in enumerate(model.settlement_cycle):
        here, what = ("settlement_cycle", index), _cycle(one)
        if not 1 <= one.value_days <= VALUE_DAYS_MOST:
            raise TableError(Phrase("{what} has value_days {value_days}", what=what,
                                    value_days=one.value_days),
                             "write 1 where money moves on the next bank day",
                             expected=Phrase("1 to {value_days_most}",
                                             value_days_most=VALUE_DAYS_MOST),
                             key=(*here, "value_days"))
    for index, holiday in enumerate(model.bank_holiday):
        for member in holiday.members or ():
            _check_member(member, members, Phrase("the bank holiday {date}", date=holiday.date),
                          ("bank_holiday", index, "members"))


def _check_pairs(model: NetworkFile, index: int, members: set[str]) -> None:
    """A cycle between members is of pairs that pay each other, each in one such cycle."""
    one, key = model.settlement_cycle[index], ("settlement_cycle", index, "counterparties")
    what = _cycle(one)
    for code in one.counterparties or ():
        _check_member(code, members, what, key)
    pairs = pairs_of(one)
    if not pairs or any(len(pair) == 1 for pair in pairs):
        raise TableError(Phrase("{what} has no members, or is between one and itself", what=what),
                         "name members, and with whom they settle so",
                         expected="two lists without a code in common", key=key)
    if one.causes is not None:
        return
    centres = {netting.centre for netting in model.netting}
    if all(netting.method == "multilateral" for netting in model.netting) and not all(
            pair & centres for pair in pairs):
        raise TableError(Phrase("{what} is between members that never pay each other", what=what),
                         "name a centre, or have them net bilateral or gross",
                         expected="pairs of which one pays the other, by [[netting]]", key=key)
    for other in model.settlement_cycle[:index]:
        if other.causes is None and (both := pairs & pairs_of(other)):
            first, second = sorted(min(both, key=sorted))
            raise TableError(Phrase("{what} and {other!r} are both between {first!r} and "
                                    "{second!r}", what=what, other=other.settlement_cycle,
                                    first=first, second=second),
                             "leave the two in one of them", expected="one cycle for each pair",
                             key=key)


def pairs_of(cycle: SettlementCycle) -> set[frozenset[str]]:
    """Who is to settle by a cycle with whom; none: it is its members', with everybody."""
    return {frozenset((one, other)) for one in cycle.members or ()
            for other in cycle.counterparties or ()}


def member_codes(model: NetworkFile) -> set[str]:
    """The code of every member."""
    return {one.code for group in (model.operator, model.issuer, model.funder, model.centre)
            for one in group}


def _check_member(code: str | None, members: set[str], what: str, key: KeyPath) -> None:
    if code is not None and code not in members:
        raise TableError(Phrase("{what} names {code!r}, which is no member of the network",
                                what=what, code=code),
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
            raise TableError(Phrase("agreement {agreement!r} is for the same rides as {before!r}, "
                                    "which stands before it", agreement=one.agreement,
                                    before=before), "keep one of the two",
                             key=("agreement", index))


def _check_senders(model: NetworkFile) -> None:
    """Senders speak for operators, and for members, that the network has."""
    operators = [one.code for one in model.operator]
    members = [*operators, *(one.code for group in (model.issuer, model.funder, model.centre)
                             for one in group)]
    twins: dict[str, str] = {}
    for index, sender in enumerate(model.sender):
        twin = twins.setdefault(twin_key(sender.sender), sender.sender)
        if twin != sender.sender:
            raise TableError(Phrase("senders are called {twin!r} and {sender!r}, which are one "
                                    "folder on a disk that tells no cases apart", twin=twin,
                                    sender=sender.sender), "call one of them otherwise",
                             key=("sender", index, "sender"))
        for key, known in (("operators", operators), ("authorities", members)):
            for place, name in enumerate(getattr(sender, key)):
                if name not in known:
                    raise TableError(Phrase("sender {sender!r} speaks for {name!r}, which "
                                            "network.toml does not have", sender=sender.sender,
                                            name=name), "add it, or correct the name",
                                     expected=", ".join(known), key=("sender", index, key, place))
        check_files(sender, ("sender", index))


def _check_times(model: NetworkFile) -> None:
    start = model.day_starts_at
    if start.tzinfo is not None or start.microsecond:
        raise TableError(Phrase("day_starts_at is {start}", start=start), "write 04:00:00",
                         expected="a time of the civil clock", key=("day_starts_at",))
    if not EPOCH <= model.taps_from <= LAST_TAP_DAY:
        raise TableError(Phrase("taps_from is {taps_from}",
                                taps_from=model.taps_from), "correct the date",
                         expected=Phrase("a day from {epoch} to {last_tap_day}", epoch=EPOCH,
                                         last_tap_day=LAST_TAP_DAY), key=("taps_from",))
    if not 1 <= model.ride_limit_s <= RIDE_LIMIT_S_MOST:
        raise TableError(Phrase("ride_limit_s is {ride_limit_s}", ride_limit_s=model.ride_limit_s),
                         "write how long a ride can last at most",
                         expected=Phrase("seconds, from 1 to {ride_limit_s_most}",
                                         ride_limit_s_most=RIDE_LIMIT_S_MOST),
                         key=("ride_limit_s",))
    if model.recheck_after_days is not None and model.recheck_after_days < 0:
        raise TableError(Phrase("recheck_after_days is {recheck_after_days}",
                                recheck_after_days=model.recheck_after_days),
                         "write for how many days a checked fare table is taken to hold, or leave "
                         "the key out", expected="days, from 0 on", key=("recheck_after_days",))
    if not 0 <= model.clock_tolerance_s <= CLOCK_TOLERANCE_S_MOST:
        raise TableError(Phrase("clock_tolerance_s is {clock_tolerance_s}",
                                clock_tolerance_s=model.clock_tolerance_s),
                         "write by how much validators' clocks may be apart",
                         expected=Phrase("seconds, from 0 to {clock_tolerance_s_most}",
                                         clock_tolerance_s_most=CLOCK_TOLERANCE_S_MOST),
                         key=("clock_tolerance_s",))


def _check_currency(model: NetworkFile) -> None:
    for name in ("currency", "minor_unit"):
        if not getattr(model, name).strip():
            raise TableError(Phrase("{name} is blank", name=name), "name it, or leave it out",
                             expected="a name, such as yuan and fen", key=(name,))
    if model.currency_decimals not in CURRENCY_DECIMALS:
        raise TableError(
            Phrase("currency_decimals is {currency_decimals}",
                   currency_decimals=model.currency_decimals),
            "write 2 where amounts are hundredths, as of yuan, and 0 where they are whole",
            expected=Phrase("a number from {currency_decimals} to {currency_decimals_2}",
                            currency_decimals=CURRENCY_DECIMALS[0],
                            currency_decimals_2=CURRENCY_DECIMALS[-1]),
            key=("currency_decimals",))
    if model.currency_decimals == 0 and model.minor_unit != model.currency:
        raise TableError(
            Phrase("amounts without decimals are whole {currency}, and minor_unit is "
                   "{minor_unit!r}", currency=model.currency,
                   minor_unit=model.minor_unit), "correct minor_unit, or currency_decimals",
            expected=Phrase("minor_unit = {currency!r}",
                            currency=model.currency), key=("minor_unit",))


    code = model.currency_code
    if code is not None and not (len(code) == 3 and code.isascii() and code.isupper()):
        raise TableError(Phrase("currency_code is {code!r}",
                                code=code), "correct it, or leave it out",
                         expected="three capital letters of ISO 4217, such as CNY",
                         key=("currency_code",))
    code = model.money.code
    if code and model.currency_decimals > iso_decimals(code):
        raise TableError(
            Phrase("amounts have {currency_decimals} decimals, and {code} has {decimals}",
                   currency_decimals=model.currency_decimals, code=code,
                   decimals=iso_decimals(code)), "correct currency_decimals, or currency_code",
            expected=Phrase("{code} at most: banks take no more", code=iso_decimals(code)),
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
        yield Phrase("operator {code!r}: modes", code=operator.code), [
            (("operator", number, "modes", index), mode)
            for index, mode in enumerate(operator.modes)]
