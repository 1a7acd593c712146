"""The forms in which files write moments, and which of them a column's values have."""

from __future__ import annotations

import functools

from clearing.intake.formats.written import COUNTED, read_moment, tidy

DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日", "%d/%m/%Y", "%m/%d/%Y",
        "%d-%m-%Y", "%d.%m.%Y", "%y-%m-%d", "%y/%m/%d", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y",
        "%d-%m月-%y")
CLOCKS = ("%H:%M:%S", "%H%M%S", "%H:%M", "%H时%M分%S秒", "%H时%M分", "%H点%M分", "%H.%M.%S",
          "%H:%M:%S.%f", "%H:%M:%S:%f", "%H:%M:%S,%f", "%H%M%S%f",
          "%I:%M:%S %p", "%I:%M %p", "%p %I:%M:%S", "%p%I:%M:%S", "%p %I:%M", "%p%I:%M",
          "%I.%M.%S.%f %p", "%I:%M:%S%p", "%I:%M%p")
MOMENTS = (*(f"{day}{between}{clock}" for clock in CLOCKS for day in DAYS
             for between in (" ", "T", "")),
           "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S%z", *COUNTED)
FORMS_MOST = 4              # of one column
LOOKED_AT = 50              # values, to choose a form by
LEAST_TIMES = 2             # of three values, that some form reads


def choose_forms(values: list[str], forms: tuple[str, ...]) -> list[str]:
    """The forms by which all values are read that any reads; none where too few are.

    Of forms that read as many the first; where the day could be the month, one way for all.
    """
    left, found = list(dict.fromkeys(map(tidy, values))), list[str]()
    first = len(left)
    while left and len(found) < FORMS_MOST:
        few = left[:LOOKED_AT]
        form = max(forms, key=lambda form: sum(_reads(one, form) for one in few))
        read = [one for one in left if _reads(one, form)]
        if not read:
            break
        found.append(form)
        left = [one for one in left if one not in read]
        forms = tuple(one for one in forms if not ({form[:5], one[:5]} >= {"%d/%m", "%m/%d"}))
    return found if (first - len(left)) * 3 >= first * LEAST_TIMES else []


def could_be_either(values: list[str]) -> bool:
    """Whether all of them are days whether or not the month stands first."""
    plain = [tidy(one) for one in values]
    return all(any(_reads(one, form) for form in MOMENTS if form.startswith(way))
               for way in ("%d/%m/%Y", "%m/%d/%Y") for one in plain)


def are_times(values: list[str], forms: tuple[str, ...]) -> bool:
    """Whether a form reads most of the values."""
    return bool(values) and bool(choose_forms(values, forms))


def unread(values: list[str], forms: list[str]) -> list[str]:
    """The values that none of the forms reads."""
    return [one for one in dict.fromkeys(values)
            if not any(_reads(tidy(one), form) for form in forms)]


@functools.lru_cache(100_000)
def _reads(value: str, form: str) -> bool:
    try:
        read_moment(value, form)
    except ValueError:
        return False
    return True
