"""What the rows around the records say of them: how many there are, and what they come to.

`head` and `tail` of a layout are patterns; what they name (records, due, paid) must be so, or the
whole file is refused. A reject file repeats the rows at its top and has no last one, and is held to
neither.
"""

from __future__ import annotations

from clearing.intake.formats.written import scale_change
from clearing.intake.layout_model import Layout
from clearing.intake.patterns import Pattern
from clearing.intake.trailer import Content
from network.language import Phrase

SHOWN = 200         # characters of a row in a message


class Control:
    """The head and tail of one file, by its layout."""

    def __init__(self, layout: Layout, *, again: bool) -> None:
        """again: the file is a reject file."""
        self._layout, self._again = layout, again
        self._tail = Pattern(layout.tail) if layout.tail and not again else None
        self._stated: dict[str, str] = {}

    def read_head(self, rows: list[bytes]) -> str:
        """Take what the rows at the top say; "" or what is wrong with them."""
        if not self._layout.head or self._again:
            return ""
        text = "\n".join(self._decode(row) for row in rows)
        found = Pattern(self._layout.head).read(text)
        if found is None:
            return (Phrase("the first {number} rows read {text!r}, expected what head of layout "
                           "{name!r} says: {head}", number=len(rows), text=text[:SHOWN],
                           name=self._layout.name, head=self._layout.head))
        self._stated = found
        return ""

    def is_tail(self, line: bytes) -> bool:
        """Whether a line is the one that ends the file."""
        return self._tail is not None and self._tail.read(self._decode(line)) is not None

    def check(self, last: bytes, found: Content) -> str:
        """What does not agree between the rows around the records and these; "" where all does.

        last: the line that `is_tail`, without which a file that has to have one was cut.
        """
        if self._tail is None:
            return self._compare(self._stated, found, "top")
        stated = self._tail.read(self._decode(last))
        if stated is None:
            return (Phrase("the file does not end with a line as tail of layout {name!r} says: "
                           "{tail}", name=self._layout.name, tail=self._layout.tail))
        return "; ".join(filter(None, (self._compare(self._stated, found, "top"),
                                       self._compare(stated, found, "last row"))))

    def _compare(self, stated: dict[str, str], found: Content, where: str) -> str:
        faults = []
        for name, said in stated.items():
            if name != "records" and found.unread:
                continue            # as of any trailer: what cannot be read has no part in it
            scaled = (said if name == "records"
                      else scale_change(self._layout.decimals(name))(said.strip()))
            counted = getattr(found, name)
            if not _is_number(scaled) or int(scaled) != counted:
                faults.append(
                    Phrase("{counted} records found, the {where} says {said!r}", counted=counted,
                           where=where, said=said) if name == "records" else
                    Phrase("{counted} minor units of {name} found, the {where} says {said!r}",
                           counted=counted, name=name, where=where, said=said))
        return "; ".join(faults)

    def _decode(self, line: bytes) -> str:
        return line.rstrip(b"\r\n").decode(self._layout.encoding, "replace")


def _is_number(text: str) -> bool:
    digits = text.strip().removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < SHOWN
