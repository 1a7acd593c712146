"""Members' bank accounts: what cannot be one, and which of them is in force on a day.

A bank is named by its CNAPS code: 12 digits, the last of which is the check digit of the others by
ISO 7064 MOD 11,10.
"""

from __future__ import annotations

import datetime

from network.dates import holds_on
from network.errors import TableError
from network.language import Phrase
from network.locations import KeyPath
from network.model import BankAccount, NetworkFile

BANK_DIGITS = 12
# As much as messages of ISO 20022 hold.
ACCOUNT_MOST, NAME_MOST = 34, 140


def check_digit(digits: str) -> int:
    """The digit behind these, by ISO 7064 MOD 11,10."""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (11 - product) % 10


def whose(member: str | None) -> str:
    """Whose account it is, in words; None: the settlement account."""
    return "the settlement account" if member is None else f"member {member!r}"


def find_account(model: NetworkFile, member: str | None, day: datetime.date
                 ) -> BankAccount | None:
    """A member's account on a day; None, of the member: the settlement account."""
    return next((one for one in model.bank_account if one.member == member
                 and holds_on(one, day)), None)


def check_accounts(model: NetworkFile) -> None:
    """Pass where accounts can be, are of members, and never two of one are in force.

    Raises TableError, whose key is of network.toml.
    """
    members = [*(one.code for one in model.operator), *(one.code for one in model.issuer),
               *(one.code for one in model.funder), *(one.code for one in model.centre)]
    seen: list[BankAccount] = []
    for index, one in enumerate(model.bank_account):
        here = "bank_account", index
        if one.member is not None and one.member not in members:
            raise TableError(
                Phrase("a bank account is of member {member!r}, which network.toml does not have",
                       member=one.member),
                "correct the code; leave it out for the settlement account",
                expected=", ".join(members), key=(*here, "member"))
        _check_bank(one, here)
        for key, most in (("account", ACCOUNT_MOST), ("name", NAME_MOST)):
            _check_text(one, key, most, here)
        _check_days(one, seen, here)
        seen.append(one)


def _check_bank(one: BankAccount, here: KeyPath) -> None:
    bank, key = one.bank, (*here, "bank")
    if not (len(bank) == BANK_DIGITS and bank.isascii() and bank.isdigit()):
        raise TableError(Phrase("the bank of {member} is {bank!r}", member=whose(one.member),
                                bank=bank),
                         "write its CNAPS code as text, in quotes",
                         expected=Phrase("{bank_digits} digits", bank_digits=BANK_DIGITS), key=key)
    expected = check_digit(bank[:-1])
    if int(bank[-1]) != expected:
        raise TableError(
            Phrase("the bank of {member} is {bank}, which no bank is: its check digit is {bank_2}",
                   member=whose(one.member), bank=bank,
                   bank_2=bank[-1]), "look the code up again; a digit is wrong, or two are swapped",
            expected=Phrase("{expected} behind {bank}, by ISO 7064 MOD 11,10", expected=expected,
                            bank=bank[:-1]), key=key)


def _check_text(one: BankAccount, key: str, most: int, here: KeyPath) -> None:
    text = getattr(one, key)
    if not (0 < len(text) <= most and text == text.strip() and text.isprintable()):
        raise TableError(Phrase("the {key} of {member} is {text!r}", key=key,
                                member=whose(one.member), text=text), "correct it",
                         expected=Phrase("1 to {most} characters, without blanks around them",
                                         most=most),
                         key=(*here, key))
    if key == "account" and not (text.isascii() and text.replace("-", "").isalnum()):
        raise TableError(Phrase("the account of {member} is {text!r}", member=whose(one.member),
                                text=text), "correct it",
                         expected="digits, letters and hyphens", key=(*here, key))


def _check_days(one: BankAccount, before: list[BankAccount], here: KeyPath) -> None:
    first, last = _days(one)
    if first > last:
        raise TableError(Phrase("the bank account of {member} is in force from {first} until "
                                "{last}", member=whose(one.member), first=first,
                                last=last), "correct one of the days",
                         expected="a first day that is not after the last",
                         key=(*here, "in_force_until"))
    for other in before:
        if other.member != one.member:
            continue
        start, end = _days(other)
        if first <= end and start <= last:
            day = max(first, start)
            when = "" if day == datetime.date.min else Phrase(" on {day}", day=day)
            raise TableError(
                Phrase("{member} has two bank accounts{when}: {account} and {account_2}",
                       member=whose(one.member), when=when, account=other.account,
                       account_2=one.account),
                "say until when the old one is in force (in_force_until), and from when on the "
                "new one (in_force_from)", expected="one on each day", key=here)


def _days(one: BankAccount) -> tuple[datetime.date, datetime.date]:
    return one.in_force_from or datetime.date.min, one.in_force_until or datetime.date.max
