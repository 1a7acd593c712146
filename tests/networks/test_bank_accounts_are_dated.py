"""Money goes to the account that is in force on the day, and to no bank that cannot be.

A wrong digit in a bank's code sends a day's takings elsewhere; two accounts at once would leave it
to the order of lines in a file where they go.
"""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from network.bank_accounts import check_digit, find_account
from network.errors import TableError
from network.network import load_network
from tests.run.command import REPOSITORY, onecard

# Head offices and clearing accounts, as banks publish them.
CODES = ("102100099996", "103100000026", "104100000004", "105100000017", "301290000007",
         "308584000013", "001100001509", "403100000004")
GOOD = {"member": '"zs-bus"', "bank": '"102100099996"', "account": '"6222-01"',
        "name": '"中山公交"'}


def network_with(folder: Path, *accounts: dict[str, str]) -> Path:
    """The network of examples/ with these accounts, and none of its own."""
    place = folder / "network"
    shutil.copytree(REPOSITORY / "examples/network", place, dirs_exist_ok=True)
    text = (REPOSITORY / "examples/network/network.toml").read_text("utf-8")
    text = text[:text.index("# Where money goes")]
    for account in accounts:
        text += "\n[[bank_account]]\n" + "".join(f"{key} = {value}\n"
                                                 for key, value in account.items() if value)
    (place / "network.toml").write_text(text, "utf-8")
    return place


@pytest.mark.parametrize("code", CODES)
def test_codes_of_banks_have_this_check_digit(code: str) -> None:
    assert check_digit(code[:-1]) == int(code[-1])
    other = [f"{code[:place]}{(int(code[place]) + 1) % 10}{code[place + 1:-1]}"
             for place in range(len(code) - 1)]
    assert int(code[-1]) not in map(check_digit, other)


@pytest.mark.parametrize(("change", "told"), [
    ({"bank": '"102100099969"'}, "its check digit is 9"),
    ({"bank": '"10210009999"'}, "expected: 12 digits"),
    ({"bank": '"１０２１０００９９９９６"'}, "12 digits"),
    ({"bank": "102100099996"}, 'write it in quotes: "102100099996"'),
    ({"bank": ""}, "bank"),
    ({"account": '""'}, "1 to 34 characters"),
    ({"account": '"6222 01"'}, "digits, letters and hyphens"),
    ({"account": f'"{"1" * 35}"'}, "1 to 34 characters"),
    ({"name": '" 中山公交"'}, "without blanks"),
    ({"name": r'"中山\n公交"'}, "1 to 140 characters"),
    ({"name": f'"{"中" * 141}"'}, "1 to 140 characters"),
    ({"member": '"zs-tram"'}, "member 'zs-tram', which network.toml does not have"),
    ({"in_force_from": "2025-01-02", "in_force_until": "2025-01-01"}, "is in force from"),
    ({"since": "2025-01-02"}, "since"),
])
def test_what_cannot_be_an_account_is_found_with_its_line(
        change: dict[str, str], told: str, tmp_path: Path) -> None:
    network = network_with(tmp_path, GOOD | change)
    done = onecard("tables", "check", network)
    assert done.code == 1, done
    words = " ".join((done.out + done.err).split())
    assert told.removeprefix("expected: ") in words
    assert "network.toml:" in words


def test_two_at_once_are_found(tmp_path: Path) -> None:
    old = GOOD | {"in_force_until": "2025-01-31"}
    new = GOOD | {"account": '"6222-02"', "in_force_from": "2025-01-31"}
    with pytest.raises(TableError, match="two bank accounts on 2025-01-31: 6222-01 and 6222-02"):
        load_network(str(network_with(tmp_path, old, new)))
    with pytest.raises(TableError, match="the settlement account has two bank accounts"):
        load_network(str(network_with(tmp_path, GOOD | {"member": ""}, GOOD | {"member": ""})))


def test_the_account_of_a_day_is_the_one_in_force(tmp_path: Path) -> None:
    network = load_network(str(network_with(
        tmp_path, GOOD | {"in_force_from": "2025-01-01", "in_force_until": "2025-01-31"},
        GOOD | {"account": '"6222-02"', "in_force_from": "2025-02-01"},
        GOOD | {"member": "", "account": '"9000"'})))

    def account(member: str | None, day: str) -> str | None:
        found = find_account(network.model, member, datetime.date.fromisoformat(day))
        return found and found.account

    assert [account("zs-bus", day) for day in (
        "2024-12-31", "2025-01-01", "2025-01-31", "2025-02-01", "2099-01-01")] == [
        None, "6222-01", "6222-01", "6222-02", "6222-02"]
    assert account(None, "2025-01-31") == "9000"
    assert account("hk-bus", "2025-01-31") is None


@pytest.mark.parametrize(("line", "told"), [
    ('currency_code = "cny"', "three capital letters"),
    ('currency_code = "JPY"', "JPY has 0"),
    ('currency_code = "KWD"', ""),
])
def test_the_currency_is_one_of_iso_4217(line: str, told: str, tmp_path: Path) -> None:
    network = network_with(tmp_path)
    text = (network / "network.toml").read_text("utf-8")
    (network / "network.toml").write_text(text.replace('title =', f"{line}\ntitle ="), "utf-8")
    done = onecard("tables", "check", network)
    assert (told in done.out + done.err) if told else done.code == 0, done
