"""Whatever bytes a file holds, every record is accounted for and nothing crashes or hangs.

Files are good ones with bytes changed, cut and repeated, and plain noise. Two ways of cutting one
file into blocks must agree. A failure prints the file.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.intake.intake import Intake
from clearing.intake.trailer import write_trailer
from ext.codes import Code
from network.names import Names
from network.network import Network
from tests.fuzz.kept import kept
from tests.intake.sender import (
    NETWORK,
    RAIL,
    RIDE,
    all_taps,
    file_of,
    line_of,
    outcomes,
    read,
)

FUZZ = settings(max_examples=int(os.environ.get("ONECARD_FUZZ", "250")), deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
LINES = [line_of(due="200", paid="160"), line_of(**RAIL), line_of(**RIDE),
         line_of(device='"a,""b"'), line_of(tapped_at="2024-11-25T07:30:00+08:00", tac="0123ABCD"),
         line_of(line="332(观澜)"), line_of() + "\r", "", ",,,"]
CHUNKS = st.sampled_from([b"\n", b"\r\n", b",", b'"', b"\0", b"\xff", b"\xef\xbb\xbf", b"#trailer,",
                          b"-1", b"9" * 30, b"x" * 100, b"x" * 4096, b"\xe7\xab", "站".encode(),
                          b"E+14"]) | st.binary(max_size=4)


@st.composite
def spoilt_files(draw: st.DrawFn) -> bytes:
    """A good file, with a trailer or without, and a few changes."""
    content = file_of(draw(st.lists(st.sampled_from(LINES), max_size=8)))
    if draw(st.booleans()):
        content += write_trailer(content.count(b"\n") - 1, 0, 0,
                                 hashlib.sha256(content).hexdigest())
    # The header mostly stays, or nothing else would ever be looked at.
    first = draw(st.sampled_from([content.index(b"\n") + 1] * 4 + [0]))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(first, len(content)))
        end = draw(st.integers(start, min(len(content), start + 5)))
        content = content[:start] + draw(CHUNKS) + content[end:]
    if draw(st.integers(0, 3)) == 0:
        content = content[:draw(st.integers(first, len(content)))]
    return content


def check(content: bytes, layout: str | None, block_bytes: int,
          network: Network = NETWORK) -> Intake:
    """Read a file whole and in pieces: all accounted for, and the same both times."""
    found = []
    for size in (1 << 20, block_bytes):
        names = Names()
        with tempfile.TemporaryDirectory() as folder:
            intake = read(Path(folder), content, names=names, layout=layout, block_bytes=size,
                          partitions=4, network=network)
        report = intake.files[0]
        assert report.digest == hashlib.sha256(content).hexdigest()
        assert report.size_bytes == len(content)
        assert report.accepted + report.refused == report.records
        taps = all_taps(intake, names)
        assert len(taps) == report.accepted
        if report.code:
            assert report.reason
            assert (report.accepted, len(intake.refusals(0))) == (0, 0)
        else:
            if network is NETWORK:      # whose records begin in the second line
                assert len(outcomes(intake)) == report.records
            in_text = layout == "packed" or content.startswith(
                (b"PK", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            check_places(None if in_text else len(content), intake.refusals(0).records.tolist())
        found.append((report.code, report.records, taps.tobytes(),
                      intake.refusals(0).records.tobytes(), names.unstored()))
    assert found[0] == found[1]
    return intake


def check_places(size: int | None, refusals: list[tuple[int, ...]]) -> None:
    """Refusals come in the order of their places, each within the file, where they count that."""
    lines = [refusal[1] for refusal in refusals]
    assert lines == sorted(set(lines))
    for offset, _, _, length, code, _, _ in refusals:
        assert size is None or offset + length <= size
        assert Code(code)


@pytest.mark.parametrize("path", kept("own"), ids=lambda path: path.name)
def test_files_that_are_kept(path: Path) -> None:
    for block_bytes in (1, 17, 100):
        check(path.read_bytes(), None, block_bytes)


@pytest.mark.parametrize("path", [*kept("old"), *kept("web")], ids=lambda path: path.name)
def test_files_of_other_layouts_that_are_kept(path: Path) -> None:
    check(path.read_bytes(), path.parent.name, 29)


@FUZZ
@given(spoilt_files(), st.sampled_from([1, 17, 100]))
def test_spoilt_files(content: bytes, block_bytes: int) -> None:
    check(content, None, block_bytes)


@FUZZ
@given(st.binary(max_size=300), st.sampled_from([None, "old", "web"]))
def test_noise(content: bytes, layout: str | None) -> None:
    check(content, layout, 16)


@FUZZ
@given(st.binary(max_size=300))
def test_noise_behind_a_header(noise: bytes) -> None:
    check(file_of([]) + noise, None, 16)


OLD = "卡号;时间;机号;站;线路;金额\n".encode("gb18030")
OLD_LINE = "3100000000000001;2024/11/25 07:30:00;A001;-;B1;200\n".encode("gb18030")


@FUZZ
@given(st.lists(st.sampled_from([OLD_LINE, OLD_LINE, b";;\n"]) | CHUNKS, max_size=10))
def test_spoilt_files_of_another_layout(parts: list[bytes]) -> None:
    check(OLD + b"".join(parts), "old", 29)


WEB = (b'{"card":"3100000000000001","in":"20241125070000","out":"20241125073000","n":1,'
       b'"from":"S1","to":"S2","fen":1}')


@FUZZ
@given(st.lists(st.sampled_from([WEB, b",", b"{}", b"null", b"1e999", b'"\\u0000"', b"[", b"]"])
                | CHUNKS, max_size=10), st.booleans())
def test_spoilt_json(parts: list[bytes], listed: bool) -> None:
    body = b",".join(parts) if listed else b"".join(parts)
    check(b'{"answer":{"rides":[' + body + b"]}}", "web", 29)
