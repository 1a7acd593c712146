"""What this process has committed, for who tells people how a command ended early.

That outlives the book: what fails can be the printing of what was done, when it is closed again.
"""

from __future__ import annotations

from network.language import Phrase


class _Here:
    """The runs of this process; one writes at a time."""

    committed: list[int] = []
    in_doubt: int = 0           # whose commit row was sent, and was not found since; 0: none


def forget() -> None:
    """Begin another command."""
    _Here.committed, _Here.in_doubt = [], 0


def note_sent(run: int) -> None:
    """The commit row of a run is on its way, and may be stored at any moment."""
    _Here.in_doubt = run


def note_found(run: int, *, is_committed: bool) -> None:
    """The commit row of a run was looked for: it is there, or will never be."""
    _Here.in_doubt = 0
    if is_committed:
        _Here.committed.append(run)


def say_outcome() -> Phrase:
    """What is in the book of a command that ended early."""
    runs = _Here.committed
    if _Here.in_doubt:
        return Phrase("whether run {run} is committed is not known: look with `onecard show runs`",
                      run=_Here.in_doubt)
    if not runs:
        return Phrase("nothing of the unfinished run is in the book")
    if len(runs) == 1:
        return Phrase("run {run} is committed and stays so", run=runs[0])
    return Phrase("runs {first} to {last} are committed and stay so", first=runs[0], last=runs[-1])
