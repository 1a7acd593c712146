"""Patterns of the rows around a file's records, matched in time that grows with the row alone.

A layout is a colleague's, the row that it is held to a stranger's: with `re` a pattern such as
`(.*,)*sum` needs longer than anyone waits for a row of forty commas. RE2 has neither references
back nor looks ahead, and therefore no such rows.
"""

from __future__ import annotations

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False         # they are said by the exception


class PatternInvalid(ValueError):
    """What is no pattern, in RE2's words."""


class Pattern:
    """A compiled pattern; `names` are those of its groups."""

    def __init__(self, text: str) -> None:
        """PatternInvalid: text is none, or asks for what RE2 does not do."""
        try:
            self._compiled = re2.compile(text, _OPTIONS)
        except re2.error as error:
            said = error.args[0]
            raise PatternInvalid(said.decode("utf-8", "replace") if isinstance(said, bytes)
                                 else said) from None
        self.names = frozenset(self._compiled.groupindex)

    def read(self, row: str) -> dict[str, str] | None:
        """What the groups of a row say; None where it is not as the pattern has it."""
        found = self._compiled.fullmatch(row)
        return None if found is None else {
            name: said for name, said in found.groupdict().items() if said is not None}
