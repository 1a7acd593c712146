"""A network's layouts, by name: read from layouts/<name>.toml and checked; some come with us."""

from __future__ import annotations

from pathlib import Path

import msgspec

from clearing.intake.layout_checks import check_layout
from clearing.intake.layout_model import FieldSource, Layout, Place
from network.errors import OnecardError
from network.files import TomlFile, explain_mismatch
from network.language import Phrase, joined

SHIPPED = Path(__file__).parent / "layouts"


def load_layout(folder: Path, name: str) -> Layout:
    """Read a layout of a network's folder, or else one that comes with the engine.

    Raises OnecardError and TableError, with file, line and remedy; also where it holds no taps.
    """
    layout = _load(folder, name)
    if layout.fate is not None and layout.fate.of == "file":
        raise OnecardError(Phrase("layout {name!r} is of answers, and holds no taps", name=name),
                           where=str(folder), expected="a layout with fields",
                           remedy="name the layout of the file that was sent")
    return layout


def _load(folder: Path, name: str) -> Layout:
    path = folder / "layouts" / f"{name}.toml"
    shipped = SHIPPED / path.name
    if Path(name).name != name or not (path.is_file() or shipped.is_file()):
        raise OnecardError(Phrase("there is no layout {name!r}", name=name), where=str(path),
                           expected=Phrase(
                               "the network's layouts: {known}; shipped: {shipped}",
                               known=joined(", ", list_layouts(folder / "layouts")
                                            or [Phrase("none")]),
                               shipped=joined(", ", list_layouts(SHIPPED))),
                           remedy="name one of these, or write the file")
    return read_layout(path if path.is_file() else shipped)


def answer_forms(folder: Path, layout: Layout) -> list[Layout]:
    """The forms in which who sends files of a layout is answered. Raises as load_layout."""
    forms = [_load(folder, name) for name in layout.answers]
    for form in forms:
        if form.fate is None or form.encoding != layout.encoding:
            raise OnecardError(
                Phrase("layout {name!r} is no answer to {layout!r}", name=form.name,
                       layout=layout.name), where=str(folder / "layouts"),
                expected=Phrase("a layout with a table [fate], in {encoding}",
                                encoding=layout.encoding),
                remedy=Phrase("correct `answers` of {layout}.toml", layout=layout.name))
    return forms


def list_layouts(folder: Path) -> list[str]:
    """The names of the layouts in a folder."""
    return sorted(each.stem for each in folder.glob("*.toml"))


def read_layout(path: Path) -> Layout:
    """Read a layout by its path.

    Raises TableError, with file, line and remedy.
    """
    file = TomlFile(path)
    _check_rows(file)
    layout = file.convert(Layout)
    layout.name = path.stem
    check_layout(file, layout)
    return layout


def _check_rows(file: TomlFile) -> None:
    """Pass where each row of columns and fields is one: msgspec does not say which one is not."""
    for table, shape in (("columns", Place), ("fields", FieldSource | list[FieldSource])):
        rows = file.keys.get(table)
        for name, row in rows.items() if isinstance(rows, dict) else ():
            try:
                msgspec.convert(row, shape)
            except msgspec.ValidationError as error:
                at = (table, name)
                raise explain_mismatch(error, Layout, lambda path, at=at:   # type: ignore[misc]
                                       file.location((*at, *path))) from None
