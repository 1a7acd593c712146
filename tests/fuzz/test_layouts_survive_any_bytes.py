"""Whatever bytes a file of any layout holds: all is accounted for, and comes back."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clearing.intake.formats import adapt
from clearing.intake.formats.adapt import Adapter
from clearing.intake.guess import guess_layout
from clearing.intake.layout import read_layout
from network.errors import OnecardError
from network.network import Network, load_network
from tests.fuzz.kept import kept
from tests.fuzz.test_intake_survives_any_bytes import check
from tests.intake import sender
from tests.intake import test_files_that_operators_send as sent
from tests.intake.test_reject_files_are_read_again import rejects_of
from tests.intake.test_shipped_layouts_read_real_bytes import centre, yangzhou, zibo

FUZZ = settings(max_examples=int(os.environ.get("ONECARD_FUZZ", "60")), deadline=None,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
HEAD = b"01\n00000120241126010264100010307" + b"F" * 20 + b"\n"
GOOD = {
    "titled": sent.titled(), "bare": sent.bare(), "plain": sent.plain().encode("utf-16"),
    "objects": sent.objects(), "book": sent.workbook(), "box": sent.box() * 3,
    "units": (sent.box() + b"\2") * 3, "yangzhou": yangzhou() * 2, "zibo": zibo() + zibo(3),
    "packed": msgspec.msgpack.encode([dict(zip(sent.NAMES, row, strict=True))
                                      for row in sent.ROWS]),
    "centre-fb": HEAD + centre(True) + b"\n", "tunion-18": bytes(46), "tunion-1e": bytes(96),
}
LAYOUTS = ("own", "old", "web", *GOOD)      # whose files are kept; the first is no layout
PARTS = st.binary(max_size=4) | st.sampled_from([
    b"\n", b"\r\n", b"\0", b'"', b",", b"|", b"\xff" * 9, b"{", b"]", b"\x81", b"\xff\xfe",
    b"\xef\xbb\xbf", b"PK\3\4", b"#trailer,", b"9" * 40, b"x" * 5000])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return town_in(tmp_path_factory.mktemp("fuzz"))


def town_in(folder: Path) -> Network:
    """A town that has all the layouts, written below a folder."""
    town = Path(shutil.copytree(sender.FOLDER, folder / "town"))
    for name, content in {**sent.LAYOUTS, **sent.BINARY}.items():
        (town / "layouts" / f"{name}.toml").write_text(content, "utf-8")
    return load_network(str(town))


def no_plan(*_: object) -> None:
    """A layout's plan where Python has to convert its records."""


@st.composite
def spoilt(draw: st.DrawFn, content: bytes) -> bytes:
    """A good file with a few changes, or cut."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 5)))
        content = content[:start] + draw(PARTS) + content[end:]
    return content[:draw(st.integers(0, len(content)))] if draw(st.integers(0, 3)) == 0 else content


@pytest.mark.parametrize("layout", GOOD)
@FUZZ
@given(data=st.data())
def test_spoilt_files(town: Network, layout: str, data: st.DataObject) -> None:
    """One by one its records are the same; what is refused comes back, and is refused again."""
    content = data.draw(spoilt(GOOD[layout]) | st.binary(max_size=120))
    is_planned = data.draw(st.booleans())
    hold(town, layout, content, data.draw(st.sampled_from([1, 29, 300])), is_planned=is_planned)


@pytest.mark.parametrize("layout", GOOD)
@pytest.mark.parametrize("is_planned", [False, True])
def test_files_that_are_kept(town: Network, layout: str, is_planned: bool) -> None:
    for path in kept(layout):
        hold(town, layout, path.read_bytes(), 29, is_planned=is_planned)


def hold(town: Network, layout: str | None, content: bytes, block_bytes: int, *, is_planned: bool
         ) -> None:
    """Hold a file to what is said of its records one by one, and given again."""
    with mock.patch.object(adapt, "compile_plan", adapt.compile_plan if is_planned else no_plan):
        intake: Any = check(content, layout, block_bytes, town)
    with (mock.patch.object(adapt, "compile_plan", no_plan), mock.patch.object(
            Adapter, "convert_many", lambda _, records: [None] * len(records))):
        alone: Any = check(content, layout, 300, town)
    assert alone.refusals(0).records.tobytes() == intake.refusals(0).records.tobytes()
    assert (alone.files[0].accepted, alone.files[0].paid) == (
        intake.files[0].accepted, intake.files[0].paid)
    [report] = intake.files
    if report.code or not report.refused:
        return
    again, codes = rejects_of(intake, content, town)
    with tempfile.TemporaryDirectory() as folder:
        [second] = sender.read(Path(folder), again, layout=layout, network=town).files
    assert (second.reason, second.accepted, second.refused) == ("", 0, len(codes)), again


@FUZZ
@given(data=st.data())
def test_guesses(data: st.DataObject) -> None:
    content = data.draw(spoilt(GOOD[data.draw(st.sampled_from(sorted(GOOD)))]))
    with suppress(OnecardError):
        read_guess(content, whole=data.draw(st.booleans()))


def read_guess(content: bytes, *, whole: bool) -> None:
    """Read the layout that is guessed of a file. Raises OnecardError where none is."""
    text = guess_layout(content, whole=whole, title='a"\\b').toml
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "guessed.toml"
        path.write_text(text, "utf-8")
        try:
            read_layout(path)
        except OnecardError as error:
            raise AssertionError(text) from error
