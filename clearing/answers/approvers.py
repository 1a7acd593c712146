"""Who may decide what the engine does not: the approvers of a network."""

from __future__ import annotations

from clearing.answers.session import Session
from network.errors import OnecardError
from network.language import Phrase, joined
from network.network import load_network


def check_approver(session: Session, by: str) -> None:
    """Raise OnecardError where the network as it is now has no such person."""
    approvers = load_network(session.locator()).approvers
    if by not in approvers:
        raise OnecardError(
            Phrase("{by!r} is no approver", by=by), where=session.locator(),
            expected=Phrase("an approver of the network: {codes}", codes=joined(", ", approvers))
            if approvers else "an approver of the network: it has none",
            remedy="enter the person as [[approver]] in network.toml, with a code and a name")
