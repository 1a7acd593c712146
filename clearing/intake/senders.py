"""Who handed a file in: its sender may speak for its own operators and devices, and no others.

A network without [[sender]] believes every file. With them, each file is of one: the one that is
named, or the one that the file's folder is called after, as an inbox with a folder for each has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from network.errors import OnecardError
from network.language import Phrase, joined
from network.network import Network

# The sender of all files, or of each by path ("": nobody's, as the book has it); None: see above.
Senders = str | Mapping[Path, str] | None
NO_SENDER = ""


def senders_of(paths: Sequence[Path], network: Network, senders: Senders) -> list[str]:
    """The sender of each file; NO_SENDER where the network has none.

    Raises OnecardError for a file that is nobody's.
    """
    if isinstance(senders, Mapping):
        return [senders.get(path, NO_SENDER) for path in paths]
    if senders is None and not network.senders:
        return [NO_SENDER] * len(paths)
    return [_known(senders or _sender_above(path, network), path, network) for path in paths]


def _sender_above(path: Path, network: Network) -> str:
    """The folder that a file is in; not one that another sender has made in its own folder."""
    own, *others = [folder.name for folder in path.absolute().parents]
    above = next((name for name in others if name in network.senders and name != own), None)
    if above is not None and own in network.senders:
        raise OnecardError(
            Phrase("the file is in a folder of {own} within one of {above}", own=own, above=above),
            where=str(path), expected="a folder of one sender",
            remedy="name the sender with --sender, or move the file to that sender's own folder")
    return own


def _known(sender: str, path: Path, network: Network) -> str:
    if sender not in network.senders:
        raise OnecardError(
            Phrase("the network has no sender {sender!r}", sender=sender), where=str(path),
            expected=Phrase("one of {known}", known=joined(", ", network.senders))
            if network.senders else "none: it has no [[sender]]",
            remedy="name the sender with --sender, put the file in a folder of the sender's name, "
                   "or enter the sender in network.toml")
    return sender
