"""Writes an imported feed as a network's folder. The same feed makes the same bytes."""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fare_tables.gtfs.days import Days
from fare_tables.gtfs.fare_rows import ZONES
from fare_tables.gtfs.feed import Feed, first_and_last_day
from fare_tables.gtfs.money import amount_text, decimals_of
from fare_tables.gtfs.notices import ASSUMED, MEANINGS, NOT_EXPRESSED, Notice
from fare_tables.gtfs.plan import Plan
from fare_tables.model import Table
from network.civil import Clock
from network.code_checks import UNSEEN
from network.errors import TableError
from network.language import Phrase

STOPS = "stops.csv"
REFERENCE = "https://gtfs.org/documentation/schedule/reference/"

# route_type, and the hundreds of the extended ones, as modes.
MODES = {0: "tram", 1: "metro", 2: "rail", 3: "bus", 4: "ferry", 5: "cable-tram", 6: "cable-car",
         7: "funicular", 11: "trolleybus", 12: "monorail"}
EXTENDED_MODES = {1: "rail", 2: "coach", 3: "rail", 4: "metro", 5: "metro", 6: "metro", 7: "bus",
                  8: "trolleybus", 9: "tram", 10: "ferry", 11: "air", 12: "ferry",
                  13: "cable-car", 14: "funicular", 15: "taxi"}
OTHER_MODE = "other"


def network_code(feed: Feed) -> str:
    """What the network is called: its first agency's name in plain letters."""
    plain = unicodedata.normalize("NFKD", feed.agency[0].agency_name).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")[:40] or "gtfs"


def operator_code(agency_id: str, feed: Feed) -> str:
    """The code of an agency; a feed of one may leave it out."""
    return agency_id or feed.agency[0].agency_id or network_code(feed)


def mode_of(route_type: int) -> str:
    """What a route's type is called as a mode."""
    return MODES.get(route_type) or EXTENDED_MODES.get(route_type // 100, OTHER_MODE)


def legal_basis(feed: Feed) -> str:
    """What a table refers to: the feed, whose it is, and its version."""
    info = feed.feed_info[0] if feed.feed_info else None
    whose = info.feed_publisher_name if info else feed.agency[0].agency_name
    version = f", version {info.feed_version}" if info and info.feed_version else ""
    return _one_line(f"GTFS feed of {whose}{version}")


def source_of(feed: Feed) -> str:
    """Where its publisher is found."""
    agency = feed.agency[0]
    return _one_line(agency.agency_fare_url or (
        feed.feed_info[0].feed_publisher_url if feed.feed_info else agency.agency_url))


class Folder:
    """A network's folder in the making: file names and their text, written all at once."""

    def __init__(self, feed: Feed, plan: Plan, days: Days) -> None:
        self.feed, self.plan, self.days = feed, plan, days
        self.files: dict[str, str] = {}

    def add_network(self) -> None:
        """network.toml, and the stops."""
        feed, code = self.feed, network_code(self.feed)
        first, _ = first_and_last_day(feed)
        modes = {mode_of(route.route_type): None for route in feed.routes}
        operators = []
        for agency in feed.agency:
            named = operator_code(agency.agency_id, feed)
            own = {mode_of(route.route_type): None for route in feed.routes
                   if operator_code(route.agency_id, feed) == named}
            operators.append({
                "code": named, "name": _one_line(agency.agency_name), "city": code,
                "modes": list(own or modes), "charged_by": {"default": "engine"}, "system": code,
                "stops": STOPS, "runs_from": first})
        title = _one_line(", ".join(agency.agency_name for agency in feed.agency))
        zone = feed.agency[0].agency_timezone
        midnight = Clock(zone, first).shows_once(0)     # some zones change their clocks then
        network: dict[str, Any] = {
            "network": code, "title": title, **_currency_of(feed),
            "time_zone": zone, "day_starts_at": datetime.time(0 if midnight else 4),
            "taps_from": first, "modes": list(modes),
            "card_kinds": self.plan.card_kinds, "media": self.plan.media,
            "province": [{"code": code, "name": title}],
            "city": [{"code": code, "name": title, "province": code}],
            "operator": operators,
            "issuer": [{"code": f"{code}-cards", "name": "Cards", "city": code,
                        "card_prefixes": [""]}],
        }
        named_classes = self._line_classes()
        if named_classes:
            network["line_class"] = named_classes
        if self.days.own:
            network["day"] = [{"date": day, "is_a": kind}
                              for day, kind in sorted(self.days.own.items())]
        self._add_toml("network.toml", network)
        names = {stop.stop_id: _one_line(stop.stop_name) for stop in feed.stops}
        self._add_csv(STOPS, ("stop", "name"), ((stop, names[stop]) for zone in self.plan.zones
                                                for stop in zone.stops))

    def add_tables(self, tables: Sequence[Table]) -> None:
        """A TOML file for each period."""
        for number, table in enumerate(tables, 1):
            name = "fares.toml" if len(tables) == 1 else f"fares-{number}.toml"
            self._add_toml(name, _without_defaults(table))
        if any(fare.zones for table in tables for fare in table.fare):
            self._add_csv(ZONES, ("stop", "zone"), ((stop, zone.name) for zone in self.plan.zones
                                                    for stop in zone.stops))

    def add_matrices(self, matrices: Mapping[tuple[tuple[str, str, int], ...], str]) -> None:
        """A CSV for each matrix."""
        for rows, name in matrices.items():
            self._add_csv(name, ("from", "to", "amount"), rows)

    def add_sources(self, notices: Sequence[Notice], assumed: Sequence[str]) -> None:
        """SOURCES.md: where all this is from, what is assumed, what could not be expressed."""
        feed, currency = self.feed, self.feed.currency
        one = amount_text(1, decimals_of(currency) or 0, currency)
        lines = [
            f"# {network_code(feed)}: sources", "",
            f"Imported from the {legal_basis(feed)}", f"({source_of(feed)}).", "",
            f"* The files that were read have the SHA-256 {feed.digest}.",
            f"* Formats: {REFERENCE}",
            f"* Amounts are in {currency}: 1 stands for {one}.",
            "* Province, city and issuer stand in for what a feed does not say.", "",
            "## Assumed", "", *[f"* {words}" for words in assumed], "",
            "## Not expressed", ""]
        lost = [notice for notice in notices if notice.code in NOT_EXPRESSED]
        lines += _table(("code", "file", "line", "reason"), (
            (notice.code, notice.file, str(notice.row or ""), notice.reason) for notice in lost)
        ) if lost else ["Nothing: every fare of the feed is in the tables."]
        guessed = [notice for notice in notices if notice.code in ASSUMED]
        if guessed:
            lines += ["", "## Assumed of single rows", ""]
            lines += _table(("code", "file", "line", "reason"), (
                (notice.code, notice.file, str(notice.row or ""), notice.reason)
                for notice in guessed))
        codes = sorted({notice.code for notice in (*lost, *guessed)})
        if codes:
            lines += ["", "## Codes", "", *[f"* {code}: {MEANINGS[code]}" for code in codes]]
        lines += ["", "## Names", "", *self._names()]
        self.files["SOURCES.md"] = "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Put the files into a folder, which must be new or empty.

        Raises TableError.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise TableError(Phrase("{folder} is not empty", folder=folder),
                                 "name a new folder with --out, or empty this one",
                                 code="UNREADABLE")
            for name, text in self.files.items():
                (folder / name).write_text(text, "utf-8", newline="\n")
        except OSError as error:
            raise TableError(Phrase("{folder} cannot be written: {strerror}", folder=folder,
                                    strerror=error.strerror), "name another folder "
                             "with --out", code="UNREADABLE") from None

    def _line_classes(self) -> list[dict[str, Any]]:
        """The line classes; none where every line is of the one there is."""
        if len(self.plan.lines) == 1:
            return []
        return [{"line_class": one.name,
                 "operators": list(dict.fromkeys(operator_code(operator, self.feed)
                                                 for operator, _ in one.lines)),
                 "lines": [line for _, line in one.lines]} for one in self.plan.lines]

    def _names(self) -> Iterable[str]:
        """What the codes of the feed stand for."""
        feed = self.feed
        known = [("card kind", row.rider_category_id, row.rider_category_name)
                 for row in feed.rider_categories]
        known += [("medium", row.fare_media_id, row.fare_media_name) for row in feed.fare_media]
        known += [("network", row.network_id, row.network_name) for row in feed.networks]
        known += [("area", row.area_id, row.area_name) for row in feed.areas]
        known += [("line", row.route_id, f"{row.route_short_name} {row.route_long_name}".strip())
                  for row in feed.routes]
        return _table(("what", "code", "name"), known)

    def _add_toml(self, name: str, content: dict[str, Any]) -> None:
        import tomli_w

        self.files[name] = tomli_w.dumps(content)

    def _add_csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)
        self.files[name] = text.getvalue()


def _currency_of(feed: Feed) -> dict[str, Any]:
    """What the feed's amounts are in, as network.toml says it."""
    decimals = decimals_of(feed.currency) or 0
    return {"currency": feed.currency, "currency_decimals": decimals,
            "minor_unit": f"1/{10 ** decimals} {feed.currency}" if decimals else feed.currency}


def _without_defaults(table: Table) -> dict[str, Any]:
    """A table as plain values, without what goes without saying."""
    def plain(value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            defaults = dict(zip(
                value.__struct_fields__[-len(value.__struct_defaults__):]
                if value.__struct_defaults__ else (), value.__struct_defaults__, strict=True))
            found = {}
            for key in value.__struct_fields__:
                one = getattr(value, key)
                if one is None or one == [] or one == {} or (
                        key in defaults and one == defaults[key]):
                    continue
                found[key] = plain(one)
            return found
        if isinstance(value, (list, tuple)):
            return [plain(one) for one in value]
        return value

    return plain(table)     # type: ignore[no-any-return]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    return lines + [
        "| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in row) + " |"
        for row in rows]


def _one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " "
                            for one in UNSEEN.sub("", text)).split())
