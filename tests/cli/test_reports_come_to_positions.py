"""A report says in sums what the ledger says; its page needs nothing else, and runs nothing."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest
from lxml import etree, html

from clearing.answers.documents.document import Marked
from clearing.answers.reports.period import BETWEEN_CITIES
from clearing.answers.reports.refusals import mark_wrong
from tests.cli.clerk import COLUMNS, FIRST, SECOND, clerks_network, tap
from tests.cli.conftest import Demo
from tests.run.command import accepted, refused, shown, write_csv

DAY = ("--window", "2024-11-25")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = "<script>alert(1)</script>$x$&"
CARD = "3105000020000000043"


class Page(NamedTuple):
    """A page's tables by title, each with its rows, and its pictures."""

    tables: dict[str, list[list[str]]]
    totals: dict[str, list[str]]
    pictures: list[bytes]
    tree: Any


def read(path: Path) -> Page:
    tree = html.fromstring(path.read_text("utf-8"))
    tables, totals = {}, {}
    for table in tree.iter("table"):
        title = table.findtext("caption")
        tables[title] = [[cell.text_content() for cell in row] for row in table.iter("tr")
                         if row.getparent().tag == "tbody"]
        totals[title] = [cell.text_content() for cell in table.iterfind("tfoot/tr/td")]
        totals[f"{title} columns"] = [cell.text_content() for cell in table.iter("th")]
    images = [base64.b64decode(image.get("src").removeprefix("data:image/svg+xml;base64,"))
              for image in tree.iter("img")]
    return Page(tables, totals, images, tree)


def fen(text: str) -> int:
    return int(text.replace(",", "").replace(".", ""))


@pytest.fixture(scope="module")
def day(made: Demo, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("report") / "day.html"
    done = accepted("report", "day", *DAY, "--html", path, "--book", made.book)
    assert done.out == f"written: {path}\n"
    return read(path)


def test_cities_and_members_come_to_their_positions(day: Page, demo: Demo) -> None:
    positions = {(row["level"], row["member"]): row for row in shown("positions", demo.book)}
    *_, is_owed, owes, net = range(len(day.tables[BETWEEN_CITIES][0]))
    nets = [fen(row[net]) for row in day.tables[BETWEEN_CITIES]]
    assert sorted(filter(None, nets)) == sorted(
        one["position"] for (level, _), one in positions.items()
        if level == "city" and one["position"])
    for row in day.tables[BETWEEN_CITIES]:
        assert sum(map(fen, row[1:is_owed])) == fen(row[owes])
        assert fen(row[is_owed]) - fen(row[owes]) == fen(row[net])
    by_member = {row[0]: list(map(fen, row[2:])) for row in
                 day.tables["positions of members, which add up to 0"]}
    assert by_member == {code: [one["is_owed"], one["owes"], one["position"]]
                         for (level, code), one in positions.items() if level == "member"}
    assert fen(day.totals[BETWEEN_CITIES][net]) == 0


def test_sums_are_those_of_the_rides(day: Page, demo: Demo) -> None:
    rides = shown("rides", demo.book)
    sums = [sum(row[name] for row in rides) for name in ("due", "paid")]
    for title in ("rides by operator", "rides by hour of the day", "windows"):
        columns = day.totals[f"{title} columns"]
        total = dict(zip(columns, day.totals[title], strict=True))
        assert fen(total["rides"]) == len(rides), title
        assert [fen(total["due"]), fen(total["paid"])] == sums, title
    at_eight = next(row for row in day.tables["rides by hour of the day"] if row[0] == "08:00")
    assert fen(at_eight[1]) == sum(
        (row["started_at"] or row["ended_at"])[11:13] == "08" for row in rides)
    total = dict(zip(day.totals["rides by operator columns"], day.totals["rides by operator"],
                     strict=True))
    assert fen(total["lacking_end"]) == sum(
        row["state"] in ("MISSING_IN", "MISSING_OUT") for row in rides) > 0
    conceded = "concessions and other discounts by funder"
    assert sum(map(fen, day.totals[conceded][-2:])) == sum(
        row["amount"] for row in shown("concessions", demo.book))


def test_a_page_needs_nothing_but_itself(day: Page) -> None:
    assert len(day.pictures) == 3
    for picture in day.pictures:
        drawn = etree.fromstring(picture)
        assert drawn.tag.endswith("svg")
        assert not [one.tag for one in drawn.iter() if str(one.tag).endswith("script")]
    assert "广州" in day.pictures[0].decode()
    for element in day.tree.iter():
        assert element.tag not in ("script", "link", "iframe", "object")
        assert all(not name.startswith("on") for name in element.attrib)
        assert element.get("src", "data:").startswith("data:")
        assert "href" not in element.attrib


def test_a_month_is_the_sum_of_its_windows(demo: Demo) -> None:
    day = accepted("report", "day", *DAY, "--book", demo.book).out.splitlines()
    month = accepted("report", "month", "--month", "2024-11", "--book", demo.book).out.splitlines()
    assert day[1:2] == month[1:2]
    assert day[6:] == month[6:]         # of one window: nothing but the head differs


def test_a_workbook_has_the_same_figures(day: Page, demo: Demo, tmp_path: Path) -> None:
    path = tmp_path / "day.xlsx"
    accepted("report", "day", *DAY, "--xlsx", path, "--book", demo.book)
    rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
    start = next(at for at, row in enumerate(rows) if row[0] == BETWEEN_CITIES)
    for row, told in zip(rows[start + 2:], day.tables[BETWEEN_CITIES], strict=False):
        assert row[0] == told[0]
        assert [round(value * 100) for value in row[1:len(told)]] == list(map(fen, told[1:]))


def test_a_corrected_variance_is_none(tmp_path: Path) -> None:
    """What was taken back is no variance to the other side, in whatever run it was."""
    book, network = tmp_path / "book", clerks_network(tmp_path / "network")
    wrong = [tap(CARD, seq, FIRST, card_kind="ordinary", paid=paid)
             for seq, paid in ((1, 180), (2, 150), (3, 190))]
    for name, rows in (("wrong", wrong), ("right", [
            {**row, "paid": 170, "correction": "replace", "revision": 1, "reason": "wrong_amount",
             "authorised_by": "hk-bus"} for row in wrong[:2]])):
        accepted("clear", write_csv(tmp_path / f"{name}.csv", rows, COLUMNS), "--network", network,
                 "--book", book)
    said = accepted("report", "variances", "--window", FIRST, "--book", book).out
    assert re.search(r"^ hk-bus +P1 +1 +0\.20 +0\.00 +0\.20$", said, re.MULTILINE), said


def test_variances_and_devices_come_to_the_rides(demo: Demo, tmp_path: Path) -> None:
    rides, path = shown("rides", demo.book), tmp_path / "page.html"
    varied = [row["variance"] for row in rides if row["variance"]]
    accepted("report", "variances", *DAY, "--html", path, "--book", demo.book)
    page = read(path)
    assert len(page.tables) == 2
    for title in page.tables:
        count, above, below, total = map(fen, page.totals[title][2:])
        assert (count, total) == (len(varied), sum(varied))
        assert above - below == sum(map(abs, varied))
    accepted("report", "devices", "--month", "2024-11", "--html", path, "--book", demo.book)
    (title, rows), = read(path).tables.items()
    assert title.startswith("devices")
    assert sum(fen(row[2]) for row in rows) == len(rides)
    lacking = [fen(row[8]) for row in rows]
    assert lacking == sorted(lacking, reverse=True)


def test_refused_records_are_marked_and_masked(demo: Demo, tmp_path: Path) -> None:
    path, sheet = tmp_path / "page.html", tmp_path / "list.xlsx"
    accepted("report", "refusals", "--run", "1", "--html", path, "--xlsx", sheet,
             "--book", demo.book)
    page, every = read(path), shown("refusals", demo.book)
    assert fen(page.totals["why"][1]) == len(every)
    assert {row[0]: fen(row[1]) for row in page.tables["why"]} == {
        code: sum(row["code"] == code for row in every) for code in {row["code"] for row in every}}
    title = next(title for title in page.tables if title.startswith("TIME_INVALID: "))
    wrong = [cell.text for cell in page.tree.xpath(
        '//table[starts-with(caption, "TIME_INVALID")]//span[@class="wrong"]')]
    assert wrong == ["2024-02-30T08:15:00"] * len(page.tables[title])
    text = path.read_text("utf-8")
    assert not [row for row in every if (card := row["record"].split(",")[0]).isdigit()
                and card in text]
    red = openpyxl.load_workbook(sheet, rich_text=True).active
    marked = [part.text for row in red.iter_rows() for cell in row if isinstance(cell.value, list)
              for part in cell.value if not isinstance(part, str) and part.font.b]
    assert marked.count("2024-02-30T08:15:00") == len(wrong)


@pytest.mark.parametrize(("raw", "field", "value", "wrong"), [
    ("a,b,c", 2, "", "b"), ("a,,c", 2, "", ""), ('"a,b",c', 2, "", "c"),
    ('"a,b",c', 1, "", '"a,b"'), ("a,b,", 3, "", ""), ("a,b", 0, "", "a,b"), ("a|x|c", 2, "x", "x"),
])
def test_the_wrong_cell_is_found(raw: str, field: int, value: str, wrong: str) -> None:
    marked = mark_wrong(raw, field, value, is_canonical=not value)
    assert isinstance(marked, Marked)
    assert marked == raw
    assert marked.parts[1] == wrong


@pytest.mark.parametrize(("raw", "field", "value", "is_canonical"), [
    ("a,b", 3, "", True),               # it has fewer cells
    ("x|x", 2, "x", False),             # it could be either
    ("a|b", 2, "", False),
])
def test_what_cannot_be_told_is_not_marked(raw: str, field: int, value: str, is_canonical: bool
                                           ) -> None:
    assert type(mark_wrong(raw, field, value, is_canonical=is_canonical)) is str


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book whose names and records were written to be obeyed."""
    folder = tmp_path_factory.mktemp("strangers")
    network = clerks_network(folder / "network")
    path = network / "network.toml"
    path.write_text(path.read_text("utf-8").replace('"=海口市财政局"', f'"{HOSTILE}"'), "utf-8")
    rows = (tap(CARD, 1, FIRST), tap(CARD, 2, FIRST, mode=HOSTILE),
            tap(CARD, 3, SECOND))
    accepted("clear", write_csv(folder / "taps.csv", rows, COLUMNS), "--network", network,
             "--book", folder / "book")
    return folder / "book"


def test_strangers_text_is_only_shown(strangers: Path, tmp_path: Path) -> None:
    for words in (("day", "--window", FIRST), ("refusals",)):
        path = tmp_path / f"{words[0]}.html"
        accepted("report", *words, "--html", path, "--book", strangers)
        page = read(path)
        assert not list(page.tree.iter("script"))
        assert HOSTILE in page.tree.text_content()
        for picture in page.pictures:
            assert "alert" not in {str(one.tag) for one in etree.fromstring(picture).iter()}
    day = read(tmp_path / "day.html")
    assert any(HOSTILE in "".join(etree.fromstring(one).itertext()) for one in day.pictures)


def test_a_month_has_its_windows(strangers: Path, tmp_path: Path) -> None:
    path = tmp_path / "month.html"
    accepted("report", "month", "--month", "2024-11", "--html", path, "--book", strangers)
    page = read(path)
    assert [row[:3] for row in page.tables["windows"]] == [
        [FIRST, "open", "1"], [SECOND, "open", "1"]]
    assert SECOND in page.pictures[-1].decode()
    assert not page.tables[BETWEEN_CITIES], "one city owes itself nothing"
    assert "is owed" not in page.pictures[0].decode(), "a picture of nothing"


def test_an_open_window_says_so(strangers: Path) -> None:
    out = accepted("report", "day", "--window", FIRST, "--book", strangers).out
    assert " state: not all closed: amounts can change\n" in out


@pytest.mark.parametrize(("words", "told"), [
    (("day",), "`report day` is asked with --window DAY"),
    (("day", "--month", "2024-11"), "--window DAY"),
    (("month", *DAY), "--month YYYY-MM"),
    (("variances", *DAY, "--month", "2024-11"), "--window DAY or --month YYYY-MM"),
    (("refusals", *DAY), "--run NUMBER, or nothing for all runs"),
    (("devices", *DAY, "--run", "1"), "nothing else"),
    (("refusals", "--run", "99"), "there is no run 99"),
    (("day", "--window", "2020-01-01"), "there is no window 2020-01-01"),
    (("week",), "'week' is not one of"),
])
def test_what_cannot_be_asked_is_told(demo: Demo, words: tuple[str, ...], told: str) -> None:
    assert told in refused("report", *words, "--book", demo.book).err


def test_a_page_that_cannot_be_written_is_told(demo: Demo, tmp_path: Path) -> None:
    for form in ("--html", "--xlsx"):
        done = refused("report", "refusals", form, tmp_path / "nowhere" / "page",
                       "--book", demo.book)
        assert "there is no such folder" in done.err


def in_browser(page: Path, folder: Path, *options: str) -> str:
    """What a browser prints that opens a page."""
    return subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1100,1200",
         f"--user-data-dir={folder / 'profile'}", *options, page.as_uri()],
        check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.mark.skipif(BROWSER is None, reason="no browser on this machine (Debian: chromium)")
def test_no_column_of_many_cities_is_beyond_the_page(demo: Demo, tmp_path: Path) -> None:
    """As wide as A4 has room for."""
    page = tmp_path / "day.html"
    accepted("report", "day", *DAY, "--html", page, "--book", demo.book)
    page.write_text(page.read_text("utf-8").replace("</body>", """<script>
        document.body.style.width = "174mm";
        document.title = [...document.querySelectorAll("table")].filter(one =>
            one.scrollWidth > document.body.clientWidth + 1).length + " are wider";
        </script></body>"""), "utf-8")
    assert "<title>0 are wider</title>" in in_browser(page, tmp_path, "--dump-dom")


@pytest.mark.skipif(BROWSER is None, reason="no browser on this machine (Debian: chromium)")
def test_a_browser_draws_the_pictures(demo: Demo, tmp_path: Path) -> None:
    from PIL import Image

    path, picture = tmp_path / "day.html", tmp_path / "day.png"
    accepted("report", "day", *DAY, "--html", path, "--book", demo.book)
    in_browser(path, tmp_path, f"--screenshot={picture}")
    with Image.open(picture) as drawn:
        colours = {colour[:3] for _, colour in drawn.getcolors(1 << 24)}
    assert (0x1f, 0x77, 0xb4) in colours        # the first place of the picture of bands
