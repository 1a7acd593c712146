"""Codes that become names: of files, of cells, of lines on a terminal."""

from __future__ import annotations

import unicodedata

CODE_BYTES_MOST = 64        # as on taps; the name of a file may have 255, and has more in it


def fault_of(code: str) -> str | None:
    """What keeps a code from being a part of a file's name; None: nothing."""
    if len(code.encode("utf-8", "surrogatepass")) > CODE_BYTES_MOST:
        return f"has more than {CODE_BYTES_MOST} bytes"
    if not code.isprintable():
        return "holds a character that nobody sees"
    if code != code.strip():
        return "begins or ends with a space"
    if any(sign in code for sign in "/\\") or code in (".", ".."):
        return "reads as a path"
    return None


def twin_key(code: str) -> str:
    """The same for codes whose files would be one on a disk that tells no cases apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", code).casefold())
