"""How people and spreadsheets write amounts, times and numbers, read as what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# Moments as they are counted: since 1970-01-01T00:00:00Z, where of a second only the whole counts;
# and in days since 1899-12-30 of civil time, as a spreadsheet shows a moment that it has no form
# for: the second nearest to it.
COUNTED = {"unix_s": re.compile(r"([0-9]{9,10})(?:\.[0-9]*)?"),
           "unix_ms": re.compile(r"([0-9]{9,10})[0-9]{3}(?:\.[0-9]*)?"),
           "excel_days": re.compile(r"([1-9][0-9]{4})(?:\.([0-9]{1,15}))?")}
HALVES = {"上午": "AM", "下午": "PM"}
_EPOCH, _SHEET = datetime(1970, 1, 1, tzinfo=UTC), datetime(1899, 12, 30)
_DAY_SECONDS = 86_400
# Full-width letters, digits and signs to plain ones, and the wide space.
_NARROW = {**{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}, 0x3000: " "}
_MARKED = re.compile(r"""=\s*"(?P<quoted>[^"]*)"|'(?P<marked>.*)""", re.DOTALL)
_MONEY = re.compile(r"(?P<open>\()?(?P<sign>[-+]?)(?:[¥￥$€£]|RMB|CNY|HK\$)?\s?(?P<minus>-?)"
                    r"(?P<number>[0-9.,]+)\s?[元圆]?(?P<close>\))?")


def read_moment(value: str, form: str) -> datetime:
    """A moment by a format of strptime, or by the name of a count. Raises ValueError."""
    counted = COUNTED.get(form)
    if counted is None:
        if "%p" in form:
            for word, half in HALVES.items():
                value = value.replace(word, half)
        return datetime.strptime(value, form)
    found = counted.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is not {form}")
    if form != "excel_days":
        return _EPOCH + timedelta(seconds=int(found[1]))
    parts = found[2] or "0"
    unit = 10 ** len(parts)
    half_up_seconds = (2 * int(parts) * _DAY_SECONDS + unit) // (2 * unit)
    return _SHEET + timedelta(days=int(found[1]), seconds=half_up_seconds)


def tidy(value: str) -> str:
    """A value without what a hand or a spreadsheet did to it; its letters and digits stay."""
    plain = value.translate(_NARROW).strip()
    found = _MARKED.fullmatch(plain)
    return plain if found is None else (found["quoted"] or found["marked"] or "").strip()


def scale_change(decimals: int) -> Callable[[str], str]:
    """Amounts as 2.00 to minor units; what has more decimals stays as it is, to be refused."""
    shape = re.compile(rf"(-?[0-9]+)(?:\.([0-9]{{1,{decimals}}})0*)?" if decimals
                       else "(-?[0-9]+)()")
    whole = "[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+"
    forms = [re.compile(rf"({whole})\.?()")]
    if decimals:
        forms.append(re.compile(rf"((?:{whole})?)\.([0-9]{{1,{decimals}}})0*"))

    def change(value: str) -> str:
        found = shape.fullmatch(value)
        if found is not None:
            return found[1] + (found[2] or "").ljust(decimals, "0")
        money = _MONEY.fullmatch(value)
        if money is None or bool(money["open"]) != bool(money["close"]):
            return value
        signs = (money["open"] or "") + money["sign"] + money["minus"]
        number = next(filter(None, (form.fullmatch(money["number"]) for form in forms)), None)
        if number is None or len(signs) > 1:
            return value
        digits = number[1].replace(",", "") or "0"
        return ("" if signs in ("", "+") else "-") + digits + number[2].ljust(decimals, "0")

    return change
