"""Whether card numbers are told in full: masked, unless somebody asks and the network lets him."""

from __future__ import annotations

from collections.abc import Callable

from clearing.answers.session import Session
from network.cards import abridge_card
from network.errors import OnecardError
from network.language import Phrase


def card_writer(session: Session, *, in_full: bool) -> Callable[[str], str]:
    """How documents write card numbers: masked, or in full where the network lets them.

    Raises OnecardError where it does not.
    """
    if in_full:
        check_cards_in_full(session)
        return str
    return abridge_card


def check_cards_in_full(session: Session, told_by: str = "--cards full") -> None:
    """Pass where the network lets card numbers be listed in full. Raises OnecardError.

    told_by: the option that has them in full.
    """
    if session.described().model.card_numbers == "masked":
        raise OnecardError("card numbers are not listed in full",
                           where=session.described().locator,
                           expected="masked ones: card_numbers = \"masked\" in network.toml",
                           remedy=Phrase("leave out {told_by}; explain and trace take masked ones",
                                         told_by=told_by))
