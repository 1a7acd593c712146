"""A county's network from what a clerk knows of it: who runs, who pays, and what a ride costs.

What is written passes `onecard tables check`, with three taps to try it on.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearing.answers.check_tables import check_network
from clearing.answers.parse import parse_amount
from fare_tables.check.checks import Report
from network.city_codes import city_codes
from network.errors import OnecardError
from network.folder import list_networks
from network.language import Phrase
from network.money import PPM, Currency, part_of, percent_ppm

YUAN = Currency("yuan", "fen", 2, "CNY")
# Signs of a keyboard for Chinese, as the flags mean them.
PLAIN_SIGNS = str.maketrans({"，": ",", "：": ":", "＝": "=", "。": ".", "　": " "})
KINDS = {"elder": ("老年卡", "elders"), "student": ("学生卡", "students"),
         "disabled": ("残疾人卡", "disabled")}
LAYOUT, SAMPLE = "export", "taps/sample.csv"
MADE_UP = "made up by `onecard init`: replace it by the notice, its number and its day"


@dataclass(frozen=True, kw_only=True)
class CountyQuestion:
    """What is known of a county, as a clerk writes it."""

    county: str                     # CODE=NAME; the code is that on its cards
    province: str                   # CODE=NAME; "" where the county's code says it
    since: datetime.date
    operators: Sequence[str] = ()   # CODE=NAME
    funders: Sequence[str] = ()     # CODE=NAME
    fare: str = "2.00"              # yuan, on every line that has no fare of its own
    lines: Sequence[str] = ()       # CODE=FARE
    pays: Mapping[str, str]         # card kind -> percent of the fare, or "none"
    paid_by: Mapping[str, str]      # card kind -> CODE:PERCENT,…
    transfer: str = "60:1.00"       # minutes:yuan off, or "none"


@dataclass(frozen=True)
class _Named:
    code: str
    name: str


@dataclass(frozen=True)
class _Concession:
    kind: str
    percent: str
    shares: Sequence[tuple[str, str]]       # funder, percent


@dataclass(frozen=True)
class _County:
    """The same, read and checked."""

    place: _Named
    province: _Named
    since: datetime.date
    operators: Sequence[_Named]
    funders: Sequence[_Named]
    fare: int
    lines: Mapping[str, int]
    concessions: Sequence[_Concession]
    transfer: tuple[int, int] | None        # seconds, minor units


def init(asked: CountyQuestion, folder: Path) -> Report:
    """Write the county's network into a new or empty folder, once it has passed its check.

    Raises OnecardError for what cannot be read, with what to write; nothing is written then.
    """
    files = make_files(_read(asked))
    if str(folder) in list_networks():
        raise OnecardError("that is the name of a shipped network", where=str(folder),
                           expected="a folder of another name", remedy=Phrase("write my-{folder}",
                                                                              folder=folder))
    with tempfile.TemporaryDirectory() as trial:
        _write(files, Path(trial))
        report = check_network(trial)
    for finding in report.errors:
        raise OnecardError(finding.what, where="the network that would be written",
                           expected="one that passes `onecard tables check`",
                           remedy=finding.remedy)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OnecardError("there is something already", where=str(folder),
                               expected="a new folder, or an empty one",
                               remedy="name another folder")
        _write(files, folder)
    except OSError as error:
        raise OnecardError(Phrase("it cannot be written: {strerror}",
                                  strerror=error.strerror), where=str(folder),
                           remedy="name a folder that can be written") from None
    return report


def _write(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")


def _read(asked: CountyQuestion) -> _County:
    """What was said, held to what a network can have."""
    place = _place(asked.county)
    province = _province(asked.province, place)
    operators = [_named(one, "--operator") for one in asked.operators] or [
        _Named("bus", f"{place.name}公交公司")]
    funders = [_named(one, "--funder") for one in asked.funders] or [
        _Named("finance", f"{place.name}财政局"), _Named("civil", f"{place.name}民政局")]
    members = [one.code for one in (*operators, *funders)]
    for code in members:
        if members.count(code) > 1 or code == "card":
            raise OnecardError(Phrase("{code!r} names two members",
                                      code=code), where="--operator and --funder",
                               expected="a code of its own for each; `card` is the issuer's",
                               remedy="write another code before the =")
    concessions = []
    for kind in KINDS:
        percent = asked.pays[kind].translate(PLAIN_SIGNS).strip()
        if percent != "none":
            concessions.append(_Concession(
                kind, _percent(percent, f"--{kind}"),
                _shares(asked.paid_by.get(kind, ""), funders, f"--{kind}-funders")))
    return _County(
        place, province, asked.since, operators, funders, _amount(asked.fare, "--fare"),
        {one.code: _amount(one.name, "--line") for one in (
            _named(text, "--line") for text in asked.lines)},
        concessions, _transfer(asked.transfer))


def _place(text: str) -> _Named:
    """The county; of a city whose code is known the code is enough."""
    known = city_codes().get(text.strip())
    return _named(text, "--county") if known is None else _Named(known.code, known.name)


def _province(text: str, place: _Named) -> _Named:
    """Its province, which is known where the code of its cards is."""
    known = city_codes().get(place.code)
    if text or known is None:
        return _named(text, "--province")
    return _Named(known.province, known.province_name)


def _named(text: str, where: str) -> _Named:
    """A code and what stands behind the equals sign."""
    code, sign, name = (part.strip() for part in text.translate(PLAIN_SIGNS).partition("="))
    if not (code and sign and name):
        example = {"--line": "19=3.00", "--county": "3760=霍山县", "--province": "34=安徽",
                   "--operator": "bus=霍山县公交公司", "--funder": "finance=霍山县财政局"}[where]
        raise OnecardError(Phrase("{text!r} is not a code and a name", text=text), where=where,
                           expected="CODE=FARE" if where == "--line" else "CODE=NAME",
                           remedy=Phrase("write {example}", example=example))
    return _Named(code, name)


def _amount(text: str, where: str) -> int:
    return parse_amount(text.translate(PLAIN_SIGNS), YUAN, where)


def _percent(text: str, where: str) -> str:
    """A percent as it is written, which a network can have."""
    try:
        percent_ppm(text.removesuffix("%"))
    except OnecardError as error:
        raise OnecardError(Phrase("{text!r} is no share of the fare", text=text), where=where,
                           expected="what the rider pays, from 0 to 100 percent",
                           remedy="write 0 for free, 50 for half, or none for no concession"
                           ) from error
    return text.removesuffix("%")


def _shares(text: str, funders: Sequence[_Named], where: str) -> list[tuple[str, str]]:
    """Who pays a concession, in percents that add up to the whole."""
    known = [one.code for one in funders]
    shares = []
    for part in text.translate(PLAIN_SIGNS).split(",") if text else [f"{known[0]}:100"]:
        code, _, percent = (one.strip() for one in part.partition(":"))
        if code not in (*known, "operator"):
            raise OnecardError(Phrase("{code!r} is no funder", code=code), where=where,
                               expected=Phrase("one of {known}",
                                               known=", ".join((*known, "operator"))),
                               remedy=Phrase("write {known}:100, or add --funder {code}=NAME",
                                             known=known[0], code=code or "CODE"))
        shares.append((code, _percent(percent or "100", where)))
    total = sum(percent_ppm(percent) for _, percent in shares)
    if total != PPM:
        raise OnecardError(Phrase("{text!r} adds up to {total:.2%}", text=text,
                                  total=total / PPM), where=where,
                           expected="percents that add up to 100",
                           remedy=Phrase("write for example {known}:60,{known_2}:40",
                                         known=known[0], known_2=known[-1]))
    return shares


def _transfer(text: str) -> tuple[int, int] | None:
    text = text.translate(PLAIN_SIGNS).strip()
    if text == "none":
        return None
    minutes, _, off = text.partition(":")
    if not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes[:6]) <= 24 * 60):
        raise OnecardError(Phrase("{text!r} is no transfer", text=text), where="--transfer",
                           expected="MINUTES:OFF, up to 1,440 minutes",
                           remedy="write 60:1.00 for one yuan off within 60 minutes, or none")
    return int(minutes) * 60, _amount(off, "--transfer")


def make_files(county: _County) -> dict[str, str]:
    """The network's files, by their paths in its folder."""
    return {
        "network.toml": "\n".join(_network(county)) + "\n",
        "bus.toml": "\n".join(_table(county)) + "\n",
        f"layouts/{LAYOUT}.toml": _LAYOUT.replace("OPERATOR", county.operators[0].code),
        SAMPLE: "\n".join(_taps(county)) + "\n",
        "SOURCES.md": "\n".join(_sources(county)) + "\n",
    }


def _text(text: str) -> str:
    """A text as TOML has it."""
    return json.dumps(text, ensure_ascii=False)


def _number(percent: str) -> str:
    """A percent as TOML has it: in quotes where it has decimals."""
    return str(int(percent)) if percent.isdigit() else _text(percent)


def _list(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)


def _network(county: _County) -> Iterator[str]:
    """network.toml: who takes part."""
    place, kinds = county.place, ["ordinary", *(one.kind for one in county.concessions)]
    yield from (
        "# Who takes part: every key is explained in docs/fare-tables.md. Codes are short and",
        "# stay; names are for people. After every change: onecard tables check",
        "", f"network = {_text(place.code)}", f"title = {_text(place.name)}",
        'time_zone = "Asia/Shanghai"', "day_starts_at = 03:00:00",
        f"taps_from = {county.since}", "recheck_after_days = 365",
        'modes = ["bus"]', f"card_kinds = {_list(kinds)}", 'media = ["card", "qr"]',
        'calendar = "mainland"', f"default_layout = {_text(LAYOUT)}", "",
        f"province = [{{ code = {_text(county.province.code)}, "
        f"name = {_text(county.province.name)} }}]",
        f"city = [{{ code = {_text(place.code)}, name = {_text(place.name)}, "
        f"province = {_text(county.province.code)} }}]")
    for one in county.operators:
        yield from ("", "# Cards are charged by the validator, QR codes by the engine.",
                    "[[operator]]", *_member(one, place), 'modes = ["bus"]',
                    'charged_by = { card = "validator", default = "engine" }')
    yield from ("", "# Whose cards ride: a tap that names no issuer is of this one.", "[[issuer]]",
                *_member(_Named("card", f"{place.name}一卡通"), place), 'card_prefixes = [""]')
    for one in county.funders:
        yield from ("", "[[funder]]", *_member(one, place))
    for amount, lines in _by_fare(county).items():
        yield from ("", "[[line_class]]", f"line_class = {_text(_class_of(amount))}",
                    f"operators = {_list([one.code for one in county.operators])}",
                    f"lines = {_list(lines)}")


def _member(one: _Named, place: _Named) -> tuple[str, ...]:
    return f"code = {_text(one.code)}", f"name = {_text(one.name)}", f"city = {_text(place.code)}"


def _by_fare(county: _County) -> dict[int, list[str]]:
    """The lines that have another fare than the rest, by it."""
    lines: dict[int, list[str]] = {}
    for line, amount in county.lines.items():
        if amount != county.fare:
            lines.setdefault(amount, []).append(line)
    return lines


def _class_of(amount: int) -> str:
    return f"fare-{YUAN.plain(amount)}"


def _table(county: _County) -> Iterator[str]:
    """bus.toml: what a ride costs, and who pays what is taken off."""
    place = county.place
    yield from (
        "# What a ride costs. Amounts are fen: write 200 for 2.00 yuan. Of the rows of each kind",
        "# the first that fits a ride decides. What others write: docs/cookbook.md.", "",
        'table = "bus"', f"title = {_text(f'{place.name}公交')}", f"city = {_text(place.code)}",
        f"operators = {_list([one.code for one in county.operators])}",
        f"legal_basis = {_text(MADE_UP)}", 'source = "SOURCES.md#bus"',
        f"in_force_from = {county.since}",
        "# The day on which somebody last held this to its source.", f"checked_on = {county.since}",
        f"assumed = [{_text(f'every figure: {MADE_UP}')}]")
    if county.concessions:
        yield from ("", "# Who pays a concession, in percent: written once, named below.",
                    "[funder_splits]")
        for one in county.concessions:
            shares = ", ".join(f"{{ funder = {_text(code)}, percent = {_number(percent)} }}"
                               for code, percent in one.shares)
            yield f"{KINDS[one.kind][1]} = [{shares}]"
    for amount in _by_fare(county):
        yield from ("", "[[fare]]", f"rule = {_text(_class_of(amount))}",
                    f"line_classes = [{_text(_class_of(amount))}]", 'basis = "flat"',
                    f"amount = {amount}")
    yield from ("", "[[fare]]", 'rule = "every-other-line"' if _by_fare(county) else
                'rule = "every-line"', 'basis = "flat"', f"amount = {county.fare}")
    for one in county.concessions:
        yield from ("", "[[concession]]", f"rule = {_text(f'{one.kind}-card')}",
                    f"card_kinds = [{_text(one.kind)}]", 'media = ["card"]',
                    f"pays_percent = {_number(one.percent)}",
                    f"funders = {_text(KINDS[one.kind][1])}")
    if county.transfer is not None:
        within_s, off = county.transfer
        yield from ("", "[[transfer]]", 'rule = "change"', f"within_s = {within_s}",
                    f"credit = {off}", 'funders = [{ funder = "operator" }]')
    yield from ("", "# A validator that says more is not believed: such a ride is held.",
                "[[claim_limit]]", f"amount_most = {max([county.fare, *county.lines.values()])}")


_LAYOUT = """\
# How the validators' export is read: a CSV with these headings. Another one: onecard layouts guess.
title = "What the validators' program exports"
format = "csv"

[fields]
card = { column = "卡号", strip = true }
card_seq = { column = "卡计数" }
tapped_at = { column = "刷卡时间", time = ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"] }
operator = { column = "单位", default = "OPERATOR" }
device = { column = "终端" }
device_seq = { column = "终端流水" }
mode = { constant = "bus" }
kind = { constant = "single" }
stop = { constant = "" }
line = { column = "线路" }
card_kind = { column = "卡类", map = MAP }
due = { column = "票价(元)", decimals = 2 }
paid = { column = "实收(元)", decimals = 2 }
""".replace("MAP", "{ " + ", ".join(
    f'"{name}" = "{kind}"' for kind, name in
    [("ordinary", "普通卡"), *((kind, names[0]) for kind, names in KINDS.items())]) + " }")


def _taps(county: _County) -> Iterator[str]:
    """Three taps as the validators would write them, of the first day, at what the table says."""
    yield "卡号,卡计数,刷卡时间,单位,终端,终端流水,线路,卡类,票价(元),实收(元)"
    line = next(iter(county.lines), "1")
    fare = county.lines.get(line, county.fare)
    riders = [("普通卡", "100"), *((KINDS[one.kind][0], one.percent)
                                   for one in county.concessions), ("普通卡", "100")]
    for number, (kind, percent) in enumerate([*riders, *riders][:3], 1):
        paid = part_of(fare, percent_ppm(percent), "half_up")
        yield (f"3100000000000000{number:03},{number},{county.since} 08:0{number}:00,"
               f"{county.operators[0].code},P01,{number},{line},{kind},{YUAN.plain(fare)},"
               f"{YUAN.plain(paid)}")


def _sources(county: _County) -> Iterator[str]:
    """SOURCES.md: where each figure is to be from."""
    rows = [(f"The fare is {YUAN.text(county.fare)} yuan", MADE_UP)]
    rows += [(f"Line {line} costs {YUAN.text(amount)} yuan", MADE_UP)
             for line, amount in county.lines.items()]
    rows += [(f"{KINDS[one.kind][0]} pay {one.percent} %; " + ", ".join(
        f"{code} pays {percent} % of the rest" for code, percent in one.shares), MADE_UP)
        for one in county.concessions]
    if county.transfer is not None:
        rows.append((f"A change within {county.transfer[0] // 60} minutes takes "
                     f"{YUAN.text(county.transfer[1])} yuan off", MADE_UP))
    yield from (f"# Where the figures of {county.place.name} come from", "",
                "Every table names a section of this page in `source`. When a notice changes a",
                "fare, add a version of the table from its first day on, let the one before end",
                "the day before, and write the notice here.",
                "", "## bus", "", "| Fact | From |", "|---|---|",
                *(f"| {fact} | {source} |" for fact, source in rows))
