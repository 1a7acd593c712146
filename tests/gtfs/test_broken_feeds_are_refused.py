"""What is wrong with a feed is said with its file, its line and a code; nothing is written then."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fare_tables.gtfs import archive, import_feed, rows
from fare_tables.gtfs.notices import REFUSALS, FeedRefused, Notices
from fare_tables.gtfs.tables import make_tables
from network.errors import TableError
from network.language import translated, use
from tests.gtfs.riders import BASE, SHARED, codes, needs_shared, refused, write_feed

GOOD = {**BASE, "fare_products.txt": "fare_product_id,amount,currency\np,2.50,EUR",
        "fare_leg_rules.txt": "leg_group_id,fare_product_id\ng,p"}
V1 = {**BASE, "fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers\n"
                                     "f,2.50,EUR,0,0", "fare_rules.txt": "fare_id,route_id\nf,red"}
TRANSFERS = ("from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,duration_limit_type,"
             "fare_transfer_type\n")


FAULTS_V2 = [
    ({"agency.txt": ""}, "GTFS_FILE_MISSING", "agency.txt"),
    ({"stops.txt": ""}, "GTFS_FILE_MISSING", "stops.txt"),
    ({"routes.txt": ""}, "GTFS_FILE_MISSING", "routes.txt"),
    ({"calendar.txt": ""}, "GTFS_FILE_MISSING", "calendar.txt"),
    ({"fare_leg_rules.txt": ""}, "GTFS_NO_FARES", "feed"),
    ({"stops.txt": "stop_name\nPark"}, "GTFS_COLUMN_MISSING", "stops.txt:1"),
    ({"stops.txt": "stop_id,stop_id\nP,P"}, "GTFS_COLUMN_MISSING", "stops.txt:1"),
    ({"stops.txt": "stop_id,stop_name\nP,Park,x"}, "GTFS_CELLS", "stops.txt:2"),
    ({"stops.txt": "stop_id,stop_name\n,Park"}, "GTFS_VALUE_MISSING", "stops.txt:2"),
    ({"stops.txt": "stop_id\nP\nP"}, "GTFS_TWICE", "stops.txt:3"),
    ({"stops.txt": "stop_id,parent_station\nP,S"}, "GTFS_REFERENCE", "stops.txt:2"),
    ({"stops.txt": "stop_id,location_type\nP,9"}, "GTFS_VALUE", "stops.txt:2"),
    ({"stops.txt": 'stop_id,stop_name\nP,"Park'}, "GTFS_UNREADABLE", "stops.txt:2"),
    ({"calendar.txt": BASE["calendar.txt"].replace("20240101", "2024-1-1", 1)}, "GTFS_VALUE",
     "calendar.txt:2"),
    ({"calendar.txt": BASE["calendar.txt"].replace("20240101", "20240230", 1)}, "GTFS_VALUE",
     "calendar.txt:2"),
    ({"calendar.txt": BASE["calendar.txt"].replace("weekend,", "daily,")}, "GTFS_TWICE",
     "calendar.txt:4"),
    ({"agency.txt": BASE["agency.txt"].replace("Tokyo", "Atlantis")}, "GTFS_VALUE", "agency.txt:2"),
    ({"agency.txt": BASE["agency.txt"].replace("Asia/Tokyo", "../../etc/passwd")}, "GTFS_VALUE",
     "agency.txt:2"),
    ({"fare_products.txt": "fare_product_id,amount,currency\np,2.505,EUR"}, "GTFS_AMOUNT",
     "fare_products.txt:2"),
    ({"fare_products.txt": "fare_product_id,amount,currency\np,2.50,JPY"}, "GTFS_AMOUNT",
     "fare_products.txt:2"),
    ({"fare_products.txt": "fare_product_id,amount,currency\np,1e3,EUR"}, "GTFS_AMOUNT",
     "fare_products.txt:2"),
    ({"fare_products.txt": "fare_product_id,amount,currency\np,٢,EUR"}, "GTFS_AMOUNT",
     "fare_products.txt:2"),
    ({"fare_products.txt": "fare_product_id,amount,currency\np,99999999999,EUR"}, "GTFS_AMOUNT",
     "fare_products.txt:2"),
    ({"fare_products.txt": "fare_product_id,amount,currency\np,1.00,QQQ"}, "GTFS_CURRENCY",
     "fare_products.txt:2"),
    ({"fare_products.txt": "fare_product_id,amount,currency\np,1.00,EUR\nq,1.00,USD"},
     "GTFS_CURRENCY", "fare_products.txt:3"),
    ({"fare_leg_rules.txt": "fare_product_id\nnowhere"}, "GTFS_REFERENCE", "fare_leg_rules.txt:2"),
    ({"fare_leg_rules.txt": "fare_product_id,network_id\np,nowhere"}, "GTFS_REFERENCE",
     "fare_leg_rules.txt:2"),
    ({"fare_leg_rules.txt": "fare_product_id,from_area_id\np,nowhere"}, "GTFS_REFERENCE",
     "fare_leg_rules.txt:2"),
    ({"fare_leg_rules.txt": "fare_product_id,rule_priority\np,-1"}, "GTFS_VALUE",
     "fare_leg_rules.txt:2"),
    ({"networks.txt": "network_id\nx"}, "GTFS_FORBIDDEN", "networks.txt"),
    ({"routes.txt": "route_id,route_type"}, "GTFS_VALUE_MISSING", "routes.txt"),
    ({"calendar.txt": BASE["calendar.txt"].split("daily")[0]}, "GTFS_VALUE_MISSING",
     "calendar.txt"),
    ({"calendar.txt": BASE["calendar.txt"].replace("20241231", "99991231")}, "GTFS_VALUE",
     "calendar.txt"),
    ({"timeframes.txt": "timeframe_group_id,start_time,end_time,service_id\nt,08:00:00,,daily"},
     "GTFS_VALUE_MISSING", "timeframes.txt:2"),
    ({"timeframes.txt": "timeframe_group_id,start_time,end_time,service_id\n"
                        "t,08:00:00,24:00:01,daily"}, "GTFS_VALUE", "timeframes.txt:2"),
    ({"timeframes.txt": "timeframe_group_id,start_time,end_time,service_id\n"
                        "t,08:00:00,10:00:00,daily\nt,09:00:00,11:00:00,daily"},
     "GTFS_OVERLAP", "timeframes.txt:3"),
    ({"timeframes.txt": "timeframe_group_id,service_id\nt,nowhere"}, "GTFS_REFERENCE",
     "timeframes.txt:2"),
    ({"fare_transfer_rules.txt": TRANSFERS + "g,g,,,,0"}, "GTFS_VALUE_MISSING",
     "fare_transfer_rules.txt:2"),
    ({"fare_transfer_rules.txt": TRANSFERS + "g,g,0,,,0"}, "GTFS_VALUE",
     "fare_transfer_rules.txt:2"),
    ({"fare_transfer_rules.txt": TRANSFERS + "g,g,1,60,,0"}, "GTFS_VALUE_MISSING",
     "fare_transfer_rules.txt:2"),
    ({"fare_transfer_rules.txt": TRANSFERS + "g,g,1,,1,0"}, "GTFS_FORBIDDEN",
     "fare_transfer_rules.txt:2"),
    ({"fare_transfer_rules.txt": TRANSFERS + "g,g,1,60,4,0"}, "GTFS_VALUE",
     "fare_transfer_rules.txt:2"),
    ({"fare_transfer_rules.txt": TRANSFERS + "g,nowhere,,,,0"}, "GTFS_REFERENCE",
     "fare_transfer_rules.txt:2"),
    ({"fare_transfer_rules.txt": TRANSFERS + "g,g,1,,,3"}, "GTFS_VALUE",
     "fare_transfer_rules.txt:2"),
]


@pytest.mark.parametrize(("files", "code", "place"), FAULTS_V2)
def test_fares_v2(files: dict[str, str], code: str, place: str, tmp_path: Path) -> None:
    error = refused(write_feed(tmp_path / "feed", GOOD, files), tmp_path)
    assert [(one.code, one.text.partition(": ")[0]) for one in error.notices
            if one.code in REFUSALS] == [(code, place)]
    assert f"{place}: " in str(error)
    assert f"[{code}]" in str(error)
    assert error.code == code


FAULTS_V1 = [
    ({"fare_attributes.txt": V1["fare_attributes.txt"].replace("2.50", "-2.50")}, "GTFS_AMOUNT",
     "fare_attributes.txt:2"),
    ({"fare_attributes.txt": V1["fare_attributes.txt"].replace("0,0", "0,3")}, "GTFS_VALUE",
     "fare_attributes.txt:2"),
    ({"fare_rules.txt": "fare_id,route_id\nf,nowhere"}, "GTFS_REFERENCE", "fare_rules.txt:2"),
    ({"fare_rules.txt": "fare_id\nnowhere"}, "GTFS_REFERENCE", "fare_rules.txt:2"),
]


@pytest.mark.parametrize(("files", "code", "place"), FAULTS_V1)
def test_fares_v1(files: dict[str, str], code: str, place: str, tmp_path: Path) -> None:
    error = refused(write_feed(tmp_path / "feed", V1, files), tmp_path)
    assert [(one.code, one.text.partition(": ")[0]) for one in error.notices] == [(code, place)]


NO_TEXT = [
    ("stop_id\nP\n".encode("utf-16"), "GTFS_ENCODING", 1),
    (b"stop_id\nP\nB\xe4r\n", "GTFS_ENCODING", 3),
    (b"stop_id\nP\n\0\n", "GTFS_NUL", 3),
    (b"stop_id\rP\r", "GTFS_LINE_END", 1),
    (b"stop_id\r\nP\r\r\n", "GTFS_LINE_END", 2),
    (b"", "GTFS_FILE_EMPTY", 1),
]


@pytest.mark.parametrize(("content", "code", "line"), NO_TEXT)
def test_bytes_that_are_no_text(content: bytes, code: str, line: int, tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed", GOOD)
    (feed / "stops.txt").write_bytes(content)
    assert [(one.code, one.file, one.row) for one in refused(feed, tmp_path).notices] == [
        (code, "stops.txt", line)]


def test_what_is_wrong_is_said_in_chinese(tmp_path: Path) -> None:
    """Every fault of the lists above; what a Python library says of a file stays as it is."""
    listed = [(GOOD, *one) for one in FAULTS_V2] + [(V1, *one) for one in FAULTS_V1]
    wrong = [refused(write_feed(tmp_path / str(number), base, files), tmp_path)
             for number, (base, files, *_) in enumerate(listed)]
    use("zh")
    try:
        english = [one.text for error in wrong for one in error.notices
                   if translated(one.reason) == one.reason]
    finally:
        use("en")
    assert not english


def test_a_byte_order_mark_and_crlf_are_fine(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed", GOOD)
    for path in feed.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert import_feed(feed, tmp_path / "network").notices == []


def zipped(path: Path, entries: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name, content.strip() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("name", ["../stops.txt", "/stops.txt", "a/../../b.txt", "C:\\stops.txt"])
def test_names_that_lead_out_of_a_zip(name: str, tmp_path: Path) -> None:
    feed = zipped(tmp_path / "feed.zip", {**GOOD, name: "x"})
    assert "GTFS_ZIP_PATH" in codes(refused(feed, tmp_path).notices)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["feed.zip"]


def test_a_feed_in_a_folder_of_the_zip(tmp_path: Path) -> None:
    feed = zipped(tmp_path / "feed.zip", {f"feed/{name}": text for name, text in GOOD.items()})
    assert "must be at the root" in str(refused(feed, tmp_path))


def test_a_zip_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FILE_BYTES_MOST", 1 << 20)
    bomb = b"stop_id\n" + b"P" * (200 << 20)
    feed = zipped(tmp_path / "feed.zip", {**GOOD, "stops.txt": bomb})
    assert feed.stat().st_size < 1 << 20
    assert [(one.code, one.file) for one in refused(feed, tmp_path).notices] == [
        ("GTFS_TOO_LARGE", "stops.txt")]


def test_a_file_of_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ROWS_MOST", 100)
    stops = "stop_id\n" + "".join(f"{n}\n" for n in range(101))
    feed = write_feed(tmp_path / "feed", GOOD, {"stops.txt": stops})
    assert codes(refused(feed, tmp_path).notices) == {"GTFS_TOO_LARGE"}


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no zip", b"text"])
def test_a_file_that_is_no_zip(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    path.write_bytes(content)
    assert codes(refused(path, tmp_path).notices) == {"GTFS_UNREADABLE"}


def damaged(path: Path, name: str) -> Path:
    """A zip in which one file's packed bytes are spoilt."""
    zipped(path, {**GOOD, name: "stop_id\n" + "P" * 5000})
    whole = bytearray(path.read_bytes())
    place = whole.index(name.encode()) + len(name) + 4
    whole[place:place + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(whole)
    return path


def test_a_zip_whose_bytes_are_damaged(tmp_path: Path) -> None:
    path = damaged(tmp_path / "feed.zip", "stops.txt")
    assert codes(refused(path, tmp_path).notices) == {"GTFS_UNREADABLE"}


@pytest.mark.parametrize("name", ["stop_times.txt", "shapes.txt"])
def test_files_that_fares_do_not_need_are_not_looked_at(name: str, tmp_path: Path) -> None:
    imported = import_feed(damaged(tmp_path / "feed.zip", name), tmp_path / "network")
    assert imported.notices == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed", GOOD)
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "mine.toml").write_text("")
    with pytest.raises(TableError, match="is not empty"):
        import_feed(feed, tmp_path / "network")


def test_each_thing_is_said_once_and_under_a_known_code() -> None:
    notices = Notices()
    for _ in range(2):
        notices.say("GTFS_VALUE", "f", 1, "r")
    assert len(notices.listed()) == 1
    with pytest.raises(AssertionError):
        notices.say("GTFS_ELSE", "f", 1, "r")


CELLS = st.sampled_from(["", "p", "g", "P", "red", "metro", "daily", "EUR", "JPY", "1", "-1",
                         "2.50", "99:00:00", "08:00:00", "20240101", "x\ny", '"', "�", "0" * 50])


@settings(max_examples=150, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(GOOD)), row=st.lists(CELLS, max_size=12),
       head=st.booleans(), raw=st.binary(max_size=40), use_raw=st.booleans())
def test_whatever_a_file_says_there_is_no_traceback(
    name: str, row: list[str], head: bool, raw: bytes, use_raw: bool, tmp_path: Path
) -> None:
    """A feed is read, or refused in words."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for one, text in GOOD.items():
            content = text.strip().encode() + b"\n"
            if one == name:
                added = raw if use_raw else ",".join(row).encode() + b"\n"
                content = added + content if head else content + added
            out.writestr(one, content)
    path = tmp_path / "feed.zip"
    path.write_bytes(packed.getvalue())
    with contextlib.suppress(FeedRefused):
        make_tables(path)


# Feeds that others broke on purpose.

@needs_shared
@pytest.mark.parametrize(("name", "said"), [
    ("bad_fare_leg_rules", {("GTFS_VALUE_MISSING", "fare_leg_rules.txt"),
                            ("GTFS_REFERENCE", "fare_leg_rules.txt")}),
    ("bad_fare_products", {("GTFS_VALUE_MISSING", "fare_products.txt"),
                           ("GTFS_CELLS", "fare_products.txt")}),
    ("bad_fare_transfer_rules", {("GTFS_REFERENCE", "fare_transfer_rules.txt"),
                                 ("GTFS_VALUE", "fare_transfer_rules.txt"),
                                 ("GTFS_VALUE_MISSING", "fare_transfer_rules.txt"),
                                 ("GTFS_FORBIDDEN", "fare_transfer_rules.txt")}),
    ("bad_gtfs_simple", {("GTFS_TWICE", "areas.txt"), ("GTFS_VALUE_MISSING", "stop_areas.txt"),
                         ("GTFS_REFERENCE", "stop_areas.txt"),
                         ("GTFS_COLUMN_MISSING", "timeframes.txt")}),
    ("required_fields_test", {("GTFS_COLUMN_MISSING", f"{file}.txt") for file in (
        "areas", "calendar", "calendar_dates", "fare_leg_rules", "fare_products",
        "fare_transfer_rules", "rider_categories", "stop_areas", "timeframes")}),
    ("warnings_test_gtfs", {("GTFS_COLUMN_MISSING", f"{file}.txt") for file in (
        "calendar", "fare_products", "fare_transfer_rules", "routes", "timeframes")}),
])
def test_broken_fares_v2(name: str, said: set[tuple[str, str]], tmp_path: Path) -> None:
    error = refused(SHARED / "faresv2_validator_negative" / name, tmp_path)
    assert said <= {(one.code, one.file) for one in error.notices}


# What is left of these feeds here are their fare files, in most of them sound ones.
MISSING = {"agency.txt", "calendar.txt", "routes.txt", "stops.txt"}


@needs_shared
@pytest.mark.parametrize("path", sorted(
    one for one in (SHARED / "transitfeed_negative").glob("*") if one.is_dir()
    and not (one / "agency.txt").exists()), ids=lambda path: path.name)
def test_broken_feeds_of_which_only_fares_are_here(path: Path, tmp_path: Path) -> None:
    error = refused(path, tmp_path)
    assert {one.file for one in error.notices if one.code == "GTFS_FILE_MISSING"} == MISSING
    others = {(one.code, one.file) for one in error.notices if one.file not in MISSING}
    both = ("fare_attributes.txt", "fare_rules.txt")
    assert others == {
        "utf16": {("GTFS_ENCODING", file) for file in both},
        "unrecognized_columns": {("GTFS_COLUMN", file) for file in both},
        "googletransit": {("GTFS_NO_FARES", "googletransit")},
    }.get(path.name, set())


@needs_shared
def test_a_stray_carriage_return(tmp_path: Path) -> None:
    error = refused(SHARED / "transitfeed_negative" / "bad_eol.zip", tmp_path)
    assert [(one.code, one.file, one.row) for one in error.notices] == [
        ("GTFS_LINE_END", "routes.txt", 5)]
