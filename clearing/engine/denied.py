"""Deny lists go on from those that a book was cleared by: what a tap was held to holds for ever."""

from __future__ import annotations

from clearing.book import Book, Run
from clearing.engine.kept_networks import kept_network
from network.civil import civil_text
from network.deny_lists import since_of
from network.errors import OnecardError
from network.language import Phrase
from network.network import Network


def check_deny_lists(book: Book, last: Run | None, network: Network) -> None:
    """Pass where a network's versions are those that the book's last run had, and later ones.

    Raises OnecardError where one was changed or left out, or a new one holds since a moment of
    which the book has taps already: which of them were held to it would be chance.
    """
    if last is None or last.network_digest == network.digest:
        return
    with kept_network(book, last.network_digest) as before:
        known = before.model.deny_list
    lists = network.model.deny_list
    for place, one in enumerate(known):
        if place >= len(lists) or lists[place] != one:
            raise OnecardError(
                Phrase("version {version} of the deny list goes backwards: taps were held to "
                       "another one", version=one.version), where=network.locator,
                expected="every [[deny_list]] as it was when the book was cleared last",
                remedy="restore it in network.toml, and add what is new as a version behind it")
    for one in lists[len(known):][:1]:      # those behind it are later
        latest = book.latest_tap()
        if since_of(one, network.clock) <= latest:
            raise OnecardError(
                Phrase("version {version} of the deny list comes too late: the book has taps up "
                       "to {latest}", version=one.version,
                       latest=civil_text(latest, network.clock)), where=network.locator,
                expected="a later on_validators_at: what was tapped before it is the issuer's",
                remedy="correct on_validators_at; next time add the version before taps of its "
                       "time are cleared")
