"""A record with a ride code is taken where certificate, issuer and rider have signed it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from benchmarks.ride_codes import (
    AUTHORITY,
    CARD,
    ISSUER,
    RIDER,
    SHOWN_AT,
    STRANGER,
    compressed,
    make_certificate,
    make_code,
    network_text,
    sign,
)
from clearing.intake import ride_codes
from clearing.intake.layout import read_layout
from clearing.intake.ride_codes import RideCode, Signature, read_ride_code
from clearing.intake.sm2 import HEAD, SIZE, is_signed, serve
from network.errors import OnecardError
from network.network import Network, load_network
from tests.fares.folder import write
from tests.intake.sender import COLUMNS, file_of, line_of, outcomes, read

# GB/T 32918.5-2017, annex A.2: a public key (x and y), r and s over "message digest".
STANDARD = [bytes.fromhex(text) for text in (
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020",
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13",
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3",
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return load_network(str(write(tmp_path_factory.mktemp("network"), network=network_text())))


def line(code: bytes | str, **values: str) -> str:
    """A record of a code, shown a moment before."""
    return line_of(**{"card": CARD, "issuer": "gz-card", "medium": "qr", "paid": "200",
                      "device": "D1", "tapped_at": "20241125073001",
                      "ride_code": code if isinstance(code, str) else code.hex(), **values})


GOOD = make_code()
WIDTHS = {"ride_code": 700}     # else 24
FORGED = bytes.fromhex("01" * 64)
CASES = [
    # the record                                                        what becomes of it
    (line(GOOD),                                                        "OK"),
    (line(GOOD.hex().upper()),                                          "OK"),
    (line(make_code(own=b"")),                                          "OK"),
    (line(make_code(own=bytes(255))),                                   "OK"),
    (line(""),                                                          "OK"),
    (line(GOOD, vehicle='"a, b"'),                                      "OK"),
    (line(GOOD[:-1]),                                                   "RIDE_CODE_MALFORMED"),
    (line(GOOD + b"\0"),                                                "RIDE_CODE_MALFORMED"),
    (line(b"\x81"),                                                     "RIDE_CODE_MALFORMED"),
    (line("x" + GOOD.hex()[1:]),                                        "RIDE_CODE_MALFORMED"),
    (line(GOOD.hex()[1:]),                                              "RIDE_CODE_MALFORMED"),
    (line(make_code(make_certificate(form=0x13))),                      "RIDE_CODE_MALFORMED"),
    (line(make_code(make_certificate(month="1326"))),                   "RIDE_CODE_MALFORMED"),
    (line(make_code(make_certificate(month="0A26"))),                   "RIDE_CODE_MALFORMED"),
    (line(make_code(make_certificate(index=6))),                        "RIDE_CODE_CA_UNKNOWN"),
    (line(make_code(make_certificate(by=STRANGER))),                    "RIDE_CODE_CERTIFICATE"),
    (line(make_code(make_certificate()[:-64] + FORGED)),                "RIDE_CODE_CERTIFICATE"),
    (line(make_code(make_certificate(month="1024"))),           "RIDE_CODE_CERTIFICATE_EXPIRED"),
    (line(make_code(make_certificate(month="1124"))),                   "OK"),
    (line(make_code(issuer=STRANGER)),                                  "RIDE_CODE_ISSUER"),
    (line(make_code(rider=STRANGER)),                                   "RIDE_CODE_USER"),
    (line(GOOD[:-64] + FORGED),                                         "RIDE_CODE_USER"),
    (line(GOOD[:-64] + bytes(64)),                                      "RIDE_CODE_USER"),
    (line(GOOD[:-64] + b"\xff" * 64),                                   "RIDE_CODE_USER"),
    (line(GOOD, card="3105000020000000036"),                            "RIDE_CODE_CARD"),
    (line(make_code(until=SHOWN_AT)),                                   "RIDE_CODE_EXPIRED"),
    (line(make_code(until=SHOWN_AT + 1)),                               "OK"),
    (line(GOOD, tapped_at="20241125073100"),                            "OK"),
    (line(GOOD, tapped_at="20241125073101"),                            "RIDE_CODE_WINDOW"),
    (line(GOOD, tapped_at="20241125072859"),                            "RIDE_CODE_WINDOW"),
    (line(GOOD, tapped_at="20241125072900"),                            "OK"),
    (line(GOOD, paid="1000"),                                           "OK"),
    (line(GOOD, paid="1001"),                                           "RIDE_CODE_CAP"),
    (line(GOOD, paid=""),                                               "OK"),
    (line(GOOD, paid="never"),                                          "AMOUNT_INVALID"),
]


@pytest.mark.parametrize("block_bytes", [4200, 1 << 20])
def test_records_are_held_to_their_codes(tmp_path: Path, network: Network, block_bytes: int,
                                         capfd: pytest.CaptureFixture[str]) -> None:
    content = file_of([text for text, _ in CASES])
    intake = read(tmp_path, content, network=network, block_bytes=block_bytes, threads=2)
    assert [code for code, _ in outcomes(intake)] == [code for _, code in CASES]
    assert {column for code, column in outcomes(intake)
            if code.startswith("RIDE_CODE")} == {"ride_code"}
    assert capfd.readouterr() == ("", "")       # the library tells of each, to nobody
    # Where the network lists no authority codes are carried, and not looked at.
    other = load_network(str(write(tmp_path)))
    told = [code for code, _ in outcomes(read(tmp_path, content, network=other))]
    assert told.count("OK") == len(CASES) - 1


def test_any_byte_that_is_another_is_found(network: Network) -> None:
    """Each is signed by somebody, but for the form that the last signature says it has."""
    codes = ride_codes.RideCodes(network.model.ride_code_authority, network.clock, 1)
    checker = ride_codes._Checker()
    try:
        for at in range(len(GOOD)):
            spoilt = GOOD[:at] + bytes([GOOD[at] ^ 0x11]) + GOOD[at + 1:]
            try:
                code = read_ride_code(spoilt)
            except ValueError:
                continue
            if code.authority == 5:
                is_right = all(checker.ask(codes._signatures(code)))
                assert is_right == (at == len(GOOD) - 65), at
    finally:
        checker.close()


@settings(max_examples=200, deadline=None, phases=[Phase.generate])
@given(st.binary(max_size=600) | st.builds(
    lambda data, at: GOOD[:at] + data + GOOD[at + len(data):], st.binary(max_size=40),
    st.integers(0, len(GOOD))))
def test_whatever_was_scanned_is_a_code_or_none(data: bytes) -> None:
    try:
        assert isinstance(read_ride_code(data), RideCode)
    except ValueError:
        assert data != GOOD


def test_the_standards_own_signature() -> None:
    x, y, r, s = STANDARD
    key = bytes([2 + y[31] % 2]) + x
    assert is_signed(key, r + s, b"message digest")
    wrong = [(key, s + r, b"message digest"), (key, r + s, b"message digests"),
             (bytes([5 - key[0]]) + x, r + s, b"message digest"),
             (b"\2" + b"\xff" * 32, r + s, b"message digest"),
             (b"\7" + x, r + s, b"message digest"), (key, bytes(64), b"message digest")]
    assert not any(is_signed(*one) for one in wrong)


def test_the_process_answers_each_in_its_place() -> None:
    signed = [(RIDER, RIDER, b"a"), (RIDER, STRANGER, b"b"), (ISSUER, ISSUER, b""),
              (AUTHORITY, RIDER, b"c" * 500)]
    data = b"".join(HEAD.pack(compressed(key), sign(by, text), len(text)) + text
                    for key, by, text in signed)
    target = io.BytesIO()
    serve(io.BytesIO((SIZE.pack(len(data)) + data) * 2 + SIZE.pack(0)), target)
    assert target.getvalue() == bytes([1, 0, 1, 0]) * 2


def test_a_process_that_was_ended_is_told_of() -> None:
    checker = ride_codes._Checker()
    one = Signature(compressed(RIDER), sign(RIDER, b"a"), b"a")
    try:
        assert checker.ask([one]) == b"\1"
        assert checker._process is not None
        checker._process.kill()
        checker._process.wait()     # what it is asked stays unwritten, to the end
        with pytest.raises(OnecardError, match="the process that checks ride codes has ended"):
            checker.ask([one])
    finally:
        checker.close()


def test_without_the_library(tmp_path: Path, network: Network,
                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ride_codes, "find_spec", lambda _: None)
    with pytest.raises(OnecardError, match=r"is not installed") as error:
        read(tmp_path, file_of([line(GOOD)]), network=network)
    assert "onecard-clearing[ride-codes]" in str(error.value)


@pytest.mark.parametrize(("old", "new", "words"), [
    ("index = 5", "index = 256", "has the number of one before it, or none of a byte"),
    ('key = "', 'key = "0', "has no key"),
    ("[[ride", network_text() + "[[ride", "has the number of one before it"),
])
def test_authorities_that_are_written_wrong(tmp_path: Path, old: str, new: str, words: str) -> None:
    folder = write(tmp_path, network=network_text().replace(old, new))
    with pytest.raises(OnecardError, match=words):
        load_network(str(folder))


def test_codes_come_through_a_layout(tmp_path: Path, network: Network) -> None:
    """Whoever reads the refusal finds the layout's own column."""
    record = dict(zip(COLUMNS, line(GOOD[:-64] + FORGED).split(","), strict=True))
    layout = tmp_path / "mine.toml"
    layout.write_text('title = "x"\nformat = "csv"\ndelimiter = ";"\n[fields]\n' + "".join(
        f'{name} = {{ column = "my-{name}" }}\n' for name, value in record.items() if value)
        + 'stop = { constant = "" }\n', "utf-8")
    named = {f"my-{name}": value for name, value in record.items() if value}
    intake = read(tmp_path, (";".join(named) + "\n" + ";".join(named.values()) + "\n").encode(),
                  network=network, layout={tmp_path / "0.csv": read_layout(layout)})
    assert outcomes(intake) == [("RIDE_CODE_USER", "my-ride_code")]


def test_codes_have_a_place_in_records_of_one_length(tmp_path: Path, network: Network) -> None:
    record = dict(zip(COLUMNS, line(GOOD[:-64] + FORGED).split(","), strict=True))
    named = {name: value for name, value in record.items() if value or name == "stop"}
    assert [*named][-1] == "ride_code"
    starts = [24 * at for at in range(len(named))]
    layout = tmp_path / "mine.toml"
    columns = "".join(f"{name} = {{ start = {start}, width = {WIDTHS.get(name, 24)} }}\n"
                      for name, start in zip(named, starts, strict=True))
    layout.write_text(f'title = "x"\nformat = "fixed"\nrecord_bytes = {starts[-1] + 700}\n'
                      f"[columns]\n{columns}", "utf-8")
    text = "".join(f"{value:24}" for value in named.values())
    intake = read(tmp_path, f"{text:{starts[-1] + 700}}\n".encode(), network=network,
                  layout={tmp_path / "0.csv": read_layout(layout)})
    assert outcomes(intake) == [("RIDE_CODE_USER", "ride_code")]
