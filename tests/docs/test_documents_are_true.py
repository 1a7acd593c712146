"""What the pages name exists: paths, links, columns, codes, commands, networks, folders."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from clearing.cli import COMMANDS
from clearing.intake import layout
from clearing.intake.formats.canonical import COLUMNS, REQUIRED
from ext.codes import Code
from network.refusals import WORDS
from tests.docs.pages import PAGES, ROOT, blocks_of, first_cells, quoted, read_page, sections_of

FOLDERS = "clearing|ext|fare_tables|network|settlement|tests|examples|benchmarks|docs"
TAP_FILE = sections_of(read_page("docs/tap-file.md"))


def without_blocks(page: str) -> str:
    """The prose and the tables of a page."""
    text = read_page(page)
    for block in blocks_of(text):
        text = text.replace(block.text, "")
    return text


def anchors_of(page: str) -> set[str]:
    """The headings of a page as GitHub links to them."""
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", read_page(page)) if "://" not in link]
    folder = (ROOT / page).parent
    for link in links:
        path, _, anchor = link.partition("#")
        target = (folder / path).resolve() if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target.relative_to(ROOT).as_posix()), link


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist(page: str) -> None:
    """Those in prose; blocks name files of whoever runs them, and files of the day they show."""
    text = re.sub(r"^(?: {4}|```).*$|\]\([^)]*\)", "", without_blocks(page), flags=re.MULTILINE)
    paths = [path.rstrip("/.-") for path in
             re.findall(rf"(?<![\w./-])((?:{FOLDERS})/[\w./-]+)", text)]
    missing = [path for path in paths if not any(
        (folder / f"{path}{end}").exists()
        for folder in (ROOT, (ROOT / page).parent) for end in ("", ".py", ".pyx", ".pxd"))]
    assert not missing


def test_the_tap_file_is_documented_column_by_column() -> None:
    rows = first_cells(TAP_FILE["onecard-taps/1"])
    documented = {column: need for names, need, _ in rows for column in quoted(names)}
    assert set(documented) == set(COLUMNS)
    assert {column for column, need in documented.items() if need == "required"} == set(REQUIRED)


def test_every_code_is_there_with_its_words() -> None:
    rows = first_cells(TAP_FILE["What becomes of a record"])
    disputes = sections_of(read_page("docs/settlement.md"))["Disputes"].split("| code")[1]
    rows += first_cells(disputes)
    assert {quoted(code)[0]: words for code, words in rows} == {
        code.name: words for code, words in WORDS.items() if code != Code.OK}


@pytest.mark.parametrize(("heading", "start", "struct"), [
    ("Other formats", "| key", layout.Layout), ("A source", "| key", layout.FieldSource),
    ("Records of one length", "| key", layout.Place)])
def test_the_keys_of_layouts_are_there(heading: str, start: str, struct: Any) -> None:
    page = read_page("docs/tap-file.md")
    section = TAP_FILE.get(heading) or sections_of(page, level=3)[heading]
    table = section.split(start)[1].split("\n\n")[0]
    rows = {quoted(cells[0])[0]: cells[1] for cells in first_cells(table)}
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    assert set(rows) == set(fields)
    required = {key for key, given in rows.items() if given == "required"}
    assert required == {name for name, field in fields.items() if field.required}


def test_every_command_is_on_a_page() -> None:
    text = "".join(map(read_page, PAGES))
    missing = [command for command in COMMANDS if f"onecard {command}" not in text]
    assert not missing


def test_every_benchmark_on_a_page_is_there() -> None:
    for page in PAGES:
        named = re.findall(r"python -m benchmarks (\w+)", read_page(page))
        assert all((ROOT / f"benchmarks/{name}.py").exists() for name in named), page


def test_every_word_has_one_meaning_and_its_chinese_term() -> None:
    section = sections_of(read_page("ARCHITECTURE.md"))["Glossary"]
    rows = [cells for cells in first_cells(section, "| ") if len(cells) == 3][1:]
    words = [word for word, _, _ in rows]
    assert len(words) == len(set(words)) >= 40
    assert all(re.search(r"[\u4e00-\u9fff]", term) and meaning for _, term, meaning in rows)
