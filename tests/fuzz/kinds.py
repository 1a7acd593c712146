"""Kinds of files that a stranger can send, and what is held of each: by number, for a fuzzer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from network.errors import OnecardError
from tests.fuzz import test_any_answer_of_a_bank as answers
from tests.fuzz import test_layouts_survive_any_bytes as layouts
from tests.fuzz import test_networks_survive_any_text as networks
from tests.fuzz.kept import CORPUS, kept

BLOCKS_BYTES = (1, 29, 300)


class Kind(NamedTuple):
    """A kind of file."""

    folder: str                             # of the corpus
    ending: str                             # of a file's name there
    hold: Callable[[bytes], None]           # raises where something does not hold

    def files(self) -> Iterator[Path]:
        """Those that are kept."""
        return (path for path in kept(self.folder) if path.name.endswith(self.ending))

    def place(self, name: str) -> Path:
        """Where one is kept."""
        return CORPUS / self.folder / f"{name}{self.ending}"


def list_kinds() -> list[Kind]:
    """All kinds; their order is their number. Writes a town into a folder of its own."""
    town = layouts.town_in(Path(tempfile.mkdtemp()))

    def in_layout(layout: str) -> Callable[[bytes], None]:
        def hold(content: bytes) -> None:
            layouts.hold(town, None if layout == "own" else layout, content,
                         BLOCKS_BYTES[len(content) % len(BLOCKS_BYTES)],
                         is_planned=len(content) % 2 == 0)
            if len(content) % 5 == 0:
                guess(content)
        return hold

    def of_network(name: str) -> Callable[[bytes], None]:
        return lambda content: networks.check({**networks.SOUND, name: content})

    return [*(Kind(layout, "", in_layout(layout)) for layout in layouts.LAYOUTS),
            Kind("answers", "", answers.read),
            *(Kind("network", "", of_network(name)) if name == "network.toml" else
              Kind("beside", f".{name}", of_network(name)) for name in networks.SOUND)]


def guess(content: bytes) -> None:
    """Guess a layout, or be told why not."""
    with suppress(OnecardError):
        layouts.read_guess(content, whole=len(content) % 2 == 0)
