"""Codes that become names: of files, of cells, of lines on a terminal."""

from __future__ import annotations

import re
import unicodedata

from network.language import Phrase

# What nobody sees: what a terminal obeys, formats, private characters, what is there to be ignored;
# not a text's tabs and ends of lines. Letters of planes that are newer than this Python are none.
UNSEEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f"
    "\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U0010ffff]")
CODE_BYTES_MOST = 64        # as on taps; the name of a file may have 255, and has more in it


def fault_of(code: str) -> str | None:
    """What keeps a code from being a part of a file's name; None: nothing."""
    if not code:
        return "is blank"
    if len(code.encode("utf-8", "surrogatepass")) > CODE_BYTES_MOST:
        return Phrase("has more than {most} bytes", most=CODE_BYTES_MOST)
    if not code.isprintable() or UNSEEN.search(code) is not None:
        return "holds a character that nobody sees"
    if code != code.strip():
        return "begins or ends with a space"
    if any(sign in code for sign in "/\\") or code in (".", ".."):
        return "reads as a path"
    return None


def twin_key(code: str) -> str:
    """The same for codes whose files would be one on a disk that tells no cases apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", code).casefold())
