"""The format onecard-taps/1 once more, in plain Python from its description, to check the kernel.

It imports nothing of the intake. Where the two differ, the format's text decides.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from typing import Any
from zoneinfo import ZoneInfo

from network.model import NetworkFile, Operator

ORDER = ("card", "card_seq", "kind", "operator", "mode", "tapped_at", "in_at", "stop",
         "in_stop", "line", "vehicle", "direction", "device", "device_seq", "medium",
         "card_kind", "issuer", "due", "paid", "balance_before", "distance_m", "tac",
         "key_version", "algorithm", "born_on", "reviewed_until", "correction", "revision",
         "reason", "authorised_by")
REASONS = ("wrong_time", "wrong_place", "wrong_amount", "wrong_rider", "not_a_ride", "refund",
           "dispute", "other")
UNSEEN = {*map(chr, (*range(0x21), *range(0x7F, 0xA1), *range(0x2000, 0x2010),
                     *range(0x2028, 0x2030), 0x2060, 0x3000, 0xFEFF))}
IGNORED = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2060-\u206f\u3164"
                     "\ufdd0-\ufdef\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffe\uffff"
                     "\U00013430-\U0001343f]")
DECISIONS = ("released", "rejected")        # no file may say so
TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)|"
                  r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(Z|[+-]\d\d:\d\d)?", re.ASCII)


class Refused(Exception):
    """A record with its code and column."""

    def __init__(self, code: str, column: str = "") -> None:
        super().__init__(code, column)
        self.code, self.column = code, column


class PlainDecoder:
    """Decodes the records of one file."""

    def __init__(self, network: NetworkFile, stops: dict[str, set[str]], received_at: int) -> None:
        """`stops` are the listed stops by system or operator."""
        self.network, self.stops, self.received_at = network, stops, received_at
        self.operators = {operator.code: operator for operator in network.operator}

    def decode(self, content: bytes) -> list[dict[str, Any] | tuple[str, str]]:
        """Each record as values, or as its code and column."""
        head, _, rest = content.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
        columns = head.removesuffix(b"\r").decode().split(",")
        found: list[dict[str, Any] | tuple[str, str]] = []
        lines = rest.split(b"\n")
        for place, line in enumerate(lines):
            ended = place < len(lines) - 1
            if not ended and not line:
                break
            try:
                if not ended:
                    raise Refused("TRUNCATED_LINE")
                found.append(self.decode_line(columns, line))
            except Refused as refused:
                found.append((refused.code, refused.column))
        return found

    def decode_line(self, columns: list[str], line: bytes) -> dict[str, Any]:
        """One line's values; raises Refused."""
        line = line.removesuffix(b"\r")
        if len(line) > 4096:
            raise Refused("LINE_TOO_LONG")
        if 0 in line:
            raise Refused("NUL_BYTE")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise Refused("BAD_ENCODING") from None
        if not text.strip(","):
            raise Refused("EMPTY_RECORD")
        fields = split_fields(text)
        if len(fields) != len(columns):
            raise Refused("COLUMN_COUNT")
        values = dict.fromkeys(ORDER, "") | dict(zip(columns, fields, strict=True))
        result: dict[str, Any] = {}
        for column in ORDER:
            try:
                result[column] = getattr(self, f"read_{column}")(values[column], values, result)
            except Refused as refused:
                at = refused.column or column
                code = refused.code
                if code != "CARD_SPREADSHEET" and padded(values[at]):
                    code = "PADDED_VALUE"
                raise Refused(code, at if at in columns else "") from None
        return result

    def operator(self, values: dict[str, str]) -> Operator:
        return self.operators[values["operator"]]

    def read_card(self, text: str, *_: Any) -> str:
        need(text)
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?[eE]\+[0-9]+", text) or re.fullmatch(
                r"'.*|\t.*|.*\t|=\".*\"", text, re.DOTALL):
            raise Refused("CARD_SPREADSHEET")
        if not re.fullmatch(r"[0-9]{1,20}|[0-9A-Za-z]{1,16}", text):
            raise Refused("CARD_INVALID")
        return text

    def read_card_seq(self, text: str, *_: Any) -> int:
        return number(need(text), 2**32 - 1)

    read_device_seq = read_card_seq

    def read_kind(self, text: str, *_: Any) -> str:
        known(need(text), ("single", "in", "out", "ride", "top_up", "lock", "refund"), "KIND")
        return "single" if text == "refund" else text

    def read_operator(self, text: str, *_: Any) -> str:
        return known(need(text), self.operators, "OPERATOR")

    def read_mode(self, text: str, values: dict[str, str], _: Any) -> str:
        known(need(text), self.network.modes, "MODE")
        if text not in self.operator(values).modes:
            raise Refused("MODE_NOT_RUN")
        return text

    def read_tapped_at(self, text: str, values: dict[str, str], _: Any) -> int | None:
        if not text and values["kind"] == "ride" and not values["stop"]:
            return None
        return self.moment(need(text))

    def read_in_at(self, text: str, values: dict[str, str],
                        result: dict[str, Any]) -> int | None:
        no_way_out = values["kind"] == "ride" and not values["stop"]
        if not text:
            if no_way_out:
                raise Refused("MISSING_VALUE")
            return None
        entered = self.moment(text)
        if result["tapped_at"] is None:
            result["tapped_at"] = entered
        if entered - result["tapped_at"] > self.network.clock_tolerance_s:
            raise Refused("ENTRY_AFTER_EXIT")
        if no_way_out and entered != result["tapped_at"]:
            raise Refused("MISSING_VALUE", "stop")
        return entered

    def moment(self, text: str) -> int:
        """UTC seconds of a time; raises Refused."""
        match = TIME.fullmatch(text)
        if not match:
            raise Refused("TIME_INVALID")
        parts = [int(part) for part in (match.groups()[:6] if match[1] else match.groups()[6:12])]
        try:
            civil = datetime.datetime(*parts)  # type: ignore[arg-type]
        except ValueError:
            raise Refused("TIME_INVALID") from None
        offset = civil.replace(tzinfo=ZoneInfo(self.network.time_zone)).utcoffset()
        if match[13] == "Z":
            offset = datetime.timedelta()
        elif match[13]:
            hours, minutes = int(match[13][1:3]), int(match[13][4:6])
            if hours > 23 or minutes > 59:
                raise Refused("TIME_INVALID")
            offset = datetime.timedelta(hours=hours, minutes=minutes)
            offset = -offset if match[13][0] == "-" else offset
        assert offset is not None
        epoch = datetime.datetime(1970, 1, 1)
        seconds = (civil - epoch) // datetime.timedelta(seconds=1) - int(offset.total_seconds())
        first = datetime.datetime.combine(
            self.network.taps_from, datetime.time(), ZoneInfo(self.network.time_zone))
        if seconds < first.timestamp():
            raise Refused("TIME_TOO_EARLY")
        if seconds > self.received_at + 600:
            raise Refused("TIME_IN_FUTURE")
        return seconds

    def read_stop(self, text: str, values: dict[str, str], _: Any) -> str:
        if not text:
            if values["kind"] in ("single", "in", "out") and self.operator(values).stops != "any":
                raise Refused("MISSING_VALUE")
            return ""
        return self.stop(text, values)

    def read_in_stop(self, text: str, values: dict[str, str], _: Any) -> str:
        if not text:
            if values["kind"] == "ride" and not values["stop"]:
                raise Refused("MISSING_VALUE")
            return ""
        return self.stop(text, values)

    def stop(self, text: str, values: dict[str, str]) -> str:
        """A stop that the operator may name; raises Refused."""
        short(text)
        operator = self.operator(values)
        if operator.stops != "any":
            known(text, self.stops[operator.system or operator.code], "STOP")
        return text

    def read_line(self, text: str, *_: Any) -> str:
        return short(text)

    read_vehicle = read_line

    def read_direction(self, text: str, *_: Any) -> int:
        return ["", "up", "down"].index(known(text, ("", "up", "down"), "DIRECTION"))

    def read_device(self, text: str, *_: Any) -> str:
        return short(need(text))

    def read_medium(self, text: str, *_: Any) -> str:
        if not text:
            return "card" if "card" in self.network.media else need("")
        return known(text, self.network.media, "MEDIUM")

    def read_card_kind(self, text: str, *_: Any) -> str:
        return known(text, self.network.card_kinds, "CARD_KIND") if text else (
            self.network.card_kinds[0])

    def read_issuer(self, text: str, values: dict[str, str], _: Any) -> str:
        if text:
            return known(text, [issuer.code for issuer in self.network.issuer], "ISSUER")
        fitting = [(len(prefix), issuer.code) for issuer in self.network.issuer
                   for prefix in issuer.card_prefixes if values["card"].startswith(prefix)]
        if not fitting:
            raise Refused("UNKNOWN_ISSUER")
        return max(fitting)[1]

    def read_due(self, text: str, values: dict[str, str], _: Any) -> int | None:
        boards = values["kind"] in ("single", "in", "ride", "refund")
        back = values["paid"].startswith("-") and values["paid"][1:].strip("0") != ""
        return amount(text, negative=boards and (back or values["kind"] == "refund"))

    def read_paid(self, text: str, values: dict[str, str], _: Any) -> int | None:
        paid = amount(text, negative=values["kind"] not in ("top_up", "lock"))
        if values["kind"] != "refund":
            return paid
        if not paid:
            raise Refused("MISSING_VALUE")
        return -abs(paid)

    def read_balance_before(self, text: str, *_: Any) -> int | None:
        return amount(text, negative=True)

    def read_distance_m(self, text: str, *_: Any) -> int | None:
        return number(text, 2**32 - 1) if text else None

    def read_tac(self, text: str, *_: Any) -> int | None:
        if not text:
            return None
        if not re.fullmatch("[0-9A-Fa-f]{8}", text):
            raise Refused("TAC_MALFORMED")
        return int(text, 16)

    def read_key_version(self, text: str, *_: Any) -> int:
        return number(text, 255) if text else 0

    read_algorithm = read_key_version

    def read_born_on(self, text: str, _: Any, result: dict[str, Any]) -> datetime.date | None:
        today = datetime.datetime.fromtimestamp(result["tapped_at"],
                                                ZoneInfo(self.network.time_zone)).date()
        return date(text, datetime.date(1900, 1, 2), min(today, datetime.date(2079, 6, 6)))

    def read_reviewed_until(self, text: str, *_: Any) -> datetime.date | None:
        return date(text, datetime.date(1970, 1, 2), datetime.date(2149, 6, 6))

    def read_correction(self, text: str, values: dict[str, str], _: Any) -> str:
        if not text and (values["revision"] or values["reason"] or values["authorised_by"]):
            raise Refused("MISSING_VALUE")
        return known(text, ("", "replace", "cancel"), "CORRECTION")

    def read_revision(self, text: str, values: dict[str, str], _: Any) -> int:
        if not values["correction"]:
            return 0
        revision = number(text, 255) if text else 1
        if revision == 0:
            raise Refused("NUMBER_INVALID")
        return revision

    def read_reason(self, text: str, values: dict[str, str], _: Any) -> str:
        if values["correction"] and text in DECISIONS:
            raise Refused("CLAIM_DECISION")
        return known(need(text), REASONS, "REASON") if values["correction"] else ""

    def read_authorised_by(self, text: str, values: dict[str, str], _: Any) -> str:
        if not values["correction"]:
            return ""
        network = self.network
        members = (*network.operator, *network.issuer, *network.funder, *network.centre)
        known(need(text), [member.code for member in members], "AUTHORITY")
        if text in self.operators and text != values["operator"]:
            raise Refused("FOREIGN_AUTHORITY")
        return text


def split_fields(text: str) -> list[str]:
    """RFC 4180, on one line; raises Refused."""
    fields, rest = [], text
    while True:
        match = re.match(r'"((?:[^"]|"")*)"(,|$)|([^",]*)(,|$)', rest, re.DOTALL)
        if not match:
            raise Refused("BAD_QUOTING")
        quoted = match[1] is not None
        fields.append(match[1].replace('""', '"') if quoted else match[3])
        rest = rest[match.end():]
        if not (match[2] if quoted else match[4]):
            return fields


def need(text: str) -> str:
    if not text:
        raise Refused("MISSING_VALUE")
    return text


def known(text: str, among: Any, what: str) -> str:
    if text not in among:
        raise Refused(f"UNKNOWN_{what}")
    return text


def short(text: str) -> str:
    if len(text.encode()) > 64:
        raise Refused("CODE_TOO_LONG")
    if padded(text):
        raise Refused("PADDED_VALUE")
    if any(map(unseen, text)):
        raise Refused("CONTROL_CHARACTER")
    return text


def unseen(sign: str) -> bool:
    """Whether it is a control, format or private character, or one that is there to be ignored."""
    return (unicodedata.category(sign) in ("Cc", "Cf", "Co", "Zl", "Zp") or ord(sign) >= 0xE0000
            or IGNORED.match(sign) is not None)


def padded(text: str) -> bool:
    """Whether a value begins or ends with a character that nobody sees."""
    return text != "" and not {text[0], text[-1]}.isdisjoint(UNSEEN)


def number(text: str, most: int) -> int:
    if not re.fullmatch("[0-9]+", text):
        raise Refused("NUMBER_INVALID")
    if int(text) > most:
        raise Refused("NUMBER_OVERFLOW")
    return int(text)


def date(text: str, first: datetime.date, last: datetime.date) -> datetime.date | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise Refused("DATE_INVALID")
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError:
        raise Refused("DATE_INVALID") from None
    if not first <= found <= last:
        raise Refused("DATE_INVALID")
    return found


def amount(text: str, *, negative: bool) -> int | None:
    if not text:
        return None
    if not re.fullmatch("-?[0-9]+", text):
        raise Refused("AMOUNT_INVALID")
    if text[0] == "-" and not negative:
        raise Refused("AMOUNT_NEGATIVE")
    if abs(int(text)) > 2_000_000_000:
        raise Refused("AMOUNT_OVERFLOW")
    return int(text)
