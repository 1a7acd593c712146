"""What layouts say and do: checked, tried on a file, guessed from one, and a file told by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from clearing.intake.convert import Converted, OpenFile, open_file
from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.formats.canonical import FORMAT, HeaderInvalid, is_canonical, split_header
from clearing.intake.guess import Guess, guess_layout
from clearing.intake.layout import SHIPPED, list_layouts, load_layout, read_layout
from clearing.intake.layout_model import Layout
from clearing.intake.reader import read_files
from ext.codes import Code
from network.cards import mask_card
from network.errors import OnecardError, TableError
from network.folder import find_folder
from network.language import Phrase
from network.names import Names
from network.network import Network, load_network
from network.numbering import number_network

SHIPPED_NAME = "shipped"       # what the layouts that come with the engine are asked for by
DEFAULT_NETWORK = "demo"        # by whose civil time files are read
SAMPLE_BYTES = 1 << 20          # of a file that a layout is guessed from
WHOLE_BYTES = 64 << 20          # of one that cannot be looked at in part
EXAMPLES = 1_000                # records in which an example of each column is looked for


class Checked(NamedTuple):
    """One layout, or what is wrong with it."""

    path: Path
    layout: Layout | None
    error: OnecardError | None


def check_layouts(target: str) -> list[Checked]:
    """Every layout of a network, by name or folder, or of SHIPPED_NAME, or the one in a file.

    Raises OnecardError where there is no such network.
    """
    if target.endswith(".toml"):
        paths = [Path(target)]
    else:
        folder = SHIPPED if target == SHIPPED_NAME else find_folder(target) / "layouts"
        paths = [folder / f"{name}.toml" for name in list_layouts(folder)]
    found = []
    for path in paths:
        try:
            found.append(Checked(path, read_layout(path), None))
        except TableError as error:
            found.append(Checked(path, None, error))
    return found


def find_layout(name: str | None, network: Network) -> Layout | None:
    """A layout of a network by name, or any by its path; the network's own where none is named."""
    if name is not None and name.endswith(".toml"):
        return read_layout(Path(name))
    name = name or network.model.default_layout
    return None if name is None else load_layout(network.folder.path, name)


def fitting_layouts(path: Path, network: str) -> list[str]:
    """The layouts of a network, by name, whose columns a file has: those with a header only."""
    found, fitting = load_network(network), list[str]()
    for name in list_layouts(found.folder.path / "layouts"):
        layout = load_layout(found.folder.path, name)
        if layout.format not in ("csv", "xlsx") or layout.header:
            continue
        with suppress(OnecardError), open_file(path, layout, found.clock):
            fitting.append(name)
    return fitting


def guess(path: Path) -> Guess:
    """A layout for a file. Raises OnecardError and OSError."""
    with path.open("rb") as file:
        data = file.read(SAMPLE_BYTES)
        more = file.read(WHOLE_BYTES)
    if more and data[:1] in (b"P", b"{", b"["):     # a workbook or JSON is looked at whole
        data, more = data + more, b""
    try:
        return guess_layout(data, whole=not more, title=path.stem)
    except OnecardError as error:
        error.where = str(path)
        raise


@contextmanager
def layout_for(path: Path, name: str | None, network: Network) -> Iterator[tuple[
        Layout | None, list[Phrase]]]:
    """The layout of a file, guessed where none is named and it is not onecard-taps/1.

    With what was assumed in guessing it.
    """
    layout = find_layout(name, network)
    if layout is not None or _is_canonical(path):
        yield layout, []
        return
    found = guess(path)
    with TemporaryDirectory() as folder:
        guessed = Path(folder) / "guessed.toml"
        guessed.write_text(found.toml, "utf-8")
        yield read_layout(guessed), found.assumed


def _is_canonical(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            return is_canonical(split_header(file.readline(1 << 14)))
        except (HeaderInvalid, UnicodeDecodeError):
            return False


class Tried(NamedTuple):
    """One record, and what becomes of it in a network; OK where none was named."""

    record: Converted
    code: Code
    column: str


def try_layout(path: Path, layout: Layout | None, network: Network, rows: int, received_at: int, *,
               judged: bool) -> list[Tried]:
    """The first records of a file by a layout.

    judged: ask the network, too, whether they are good. Raises OnecardError.
    """
    with open_file(path, layout, network.clock) as opened:
        records = list(islice(opened.records(), rows))
    refused = _refusals(path, layout, network, received_at) if judged else {}
    return [Tried(one, *refused.get(one.line, (one.code, ""))) for one in records]


def _refusals(path: Path, layout: Layout | None, network: Network, received_at: int
              ) -> dict[int, tuple[Code, str]]:
    """The refused records of a file, by line."""
    intake = read_files([path], DecoderTables(number_network(network, Names())),
                        received_at=received_at, layout={path: layout} if layout else None)
    [report] = intake.files
    try:
        if report.code:
            raise OnecardError(f"{report.reason} [{report.code.name}]", where=str(path))
        return {int(row["line"]): (Code(int(row["code"])),
                                   report.columns[int(row["field"]) - 1] if row["field"] else "")
                for row in intake.refusals(0).records}
    finally:
        intake.close()


@dataclass
class Description:
    """What a file holds."""

    layout: str
    sources: dict[str, list[str]] = field(default_factory=dict)     # by column of the format
    examples: dict[str, str] = field(default_factory=dict)          # by column of the file
    values: dict[str, str] = field(default_factory=dict)            # the same, as it is read
    records: int = 0
    unreadable: Counter[Code] = field(default_factory=Counter)


def describe(opened: OpenFile, layout: Layout | None) -> Description:
    """Count a file's records, and find an example of each column."""
    columns = opened.adapter.shape.columns
    told = Description(opened.detected.layout)
    for column in columns:
        told.sources[column] = [column] if opened.detected.layout == FORMAT or layout is None else [
            one for source in layout.list_sources(column) for one in source.reads()] or (
            [column] if layout.is_canonical else [])
    for record in opened.records():
        told.records += 1
        if record.code != Code.OK:
            told.unreadable[record.code] += 1
        if told.records > EXAMPLES:
            continue
        for column, value in record.values.items():
            if value and column not in told.values:
                told.values[column] = mask_card(value) if column == "card" else value
                told.examples[column] = " ".join(
                    mask_card(one) if column == "card" else one
                    for one in (record.written.get(name, "") for name in told.sources[column])
                    if one)
    return told
