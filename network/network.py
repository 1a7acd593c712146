"""A network as every floor above takes it: network.toml, and the files beside it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from network.calendars import Kind, kind_of
from network.checks import check_model
from network.civil import Clock, seconds_of
from network.errors import OnecardError, TableError
from network.file_names import FileNames
from network.folder import (
    SHIPPED,
    Contents,
    Links,
    NetworkFolder,
    StopDays,
    Stops,
    digest_of,
    find_folder,
    read_contents,
)
from network.language import Phrase
from network.model import (
    AccumulatorSpec,
    Approver,
    Issuer,
    NetworkFile,
    Operator,
    RevenueShare,
    Sender,
)
from network.register import RegisterFile
from network.revenue_shares import ShareRow, read_shares


@dataclass
class Network:
    """What network.toml says, and its folder, whose files are read when something asks for them.

    What needs a file raises TableError where that cannot be taken.
    """

    model: NetworkFile
    folder: NetworkFolder = field(default_factory=NetworkFolder)

    @cached_property
    def operators(self) -> dict[str, Operator]:
        """The operators by their codes."""
        return {one.code: one for one in self.model.operator}

    @cached_property
    def issuers(self) -> dict[str, Issuer]:
        """The issuers by their codes."""
        return {one.code: one for one in self.model.issuer}

    @cached_property
    def approvers(self) -> dict[str, Approver]:
        """Who may release what is held, by their codes."""
        return {one.code: one for one in self.model.approver}

    @cached_property
    def senders(self) -> dict[str, Sender]:
        """Who hands files in, by their names."""
        return {one.sender: one for one in self.model.sender}

    @cached_property
    def file_names(self) -> dict[str, list[FileNames]]:
        """What the files of each sender with contracts are called, by its name."""
        return {one.sender: [FileNames(contract, one.sender) for contract in one.files]
                for one in self.model.sender if one.files}

    @cached_property
    def accumulators(self) -> dict[str, AccumulatorSpec]:
        """The accumulators by their names."""
        return {one.accumulator: one for one in self.model.accumulator}

    @cached_property
    def provinces(self) -> dict[str, str]:
        """The province of each city."""
        return {one.code: one.province for one in self.model.city}

    @cached_property
    def line_classes(self) -> dict[str, frozenset[tuple[str, str]]]:
        """The lines of each class, each after its operator."""
        return {one.line_class: frozenset((operator, line) for operator in one.operators
                                          for line in one.lines)
                for one in self.model.line_class}

    @cached_property
    def own_days(self) -> dict[datetime.date, Kind]:
        """What the network itself says that days are."""
        return {one.date: one.is_a for one in self.model.day}

    @cached_property
    def clock(self) -> Clock:
        """The civil clock.

        Raises OnecardError where there is no such zone, or its clocks do not show `day_starts_at`
        once on every day.
        """
        clock = Clock(self.model.time_zone, self.model.taps_from)
        if not clock.shows_once(self.day_starts_s):
            raise OnecardError(
                Phrase("clocks of {time_zone!r} do not show {day_starts_at} on every day, or show "
                       "it twice", time_zone=self.model.time_zone,
                       day_starts_at=self.model.day_starts_at),
                expected="service days that begin when clocks are put neither forward nor back",
                remedy="write an hour such as 03:30:00 as day_starts_at")
        return clock

    @property
    def day_starts_s(self) -> int:
        """The second of the civil day at which service days begin."""
        return seconds_of(self.model.day_starts_at)

    def register_file(self) -> RegisterFile | None:
        """The card register, read anew each time; None where the network has none."""
        name = self.model.card_register
        return None if name is None else RegisterFile(
            self.folder.file(name), self.model.card_kinds, self.clock, self.day_starts_s)

    @cached_property
    def contents(self) -> Contents:
        """Every file of the network that decides something, as it was when first asked for."""
        return read_contents(self.folder.path, self.model.card_register)

    @cached_property
    def digest(self) -> str:
        """Of these files: by it a run says what it cleared by."""
        return digest_of(self.contents)

    @property
    def locator(self) -> str:
        """What finds the network again: a shipped one's name, or the folder's path."""
        path = self.folder.path
        return path.name if path.parent == SHIPPED else str(path.resolve())

    def system_of(self, operator: str) -> str:
        """Who shares stops and a paid area with an operator: a system, or itself alone."""
        return self.operators[operator].system or operator

    def operators_of(self, system: str) -> tuple[str, ...]:
        """The operators that share a system."""
        return tuple(code for code in self.operators if self.system_of(code) == system)

    def charged_by_validator(self, operator: str, medium: str) -> bool:
        """Whether the validator's amount is what the rider paid."""
        charged_by = self.operators[operator].charged_by
        return charged_by.get(medium, charged_by.get("default")) == "validator"

    def kind_of_day(self, day: datetime.date) -> Kind:
        """Whether a day is a workday, a restday or a holiday here.

        Raises TableError for a year whose holidays are not known.
        """
        return kind_of(day, self.model.calendar, self.own_days)

    def is_of_class(self, line: tuple[str, str], names: Sequence[str]) -> bool:
        """Whether a line (its operator, its code) is of one of the line classes."""
        return line[1] != "" and any(line in self.line_classes.get(name, ()) for name in names)

    def stops_of(self, operator: str) -> Stops | None:
        """The stops of an operator with their names; None where any stop will do."""
        name = self.operators[operator].stops
        return None if name == "any" else self.folder.stops_in(name)

    def stop_days_of(self, operator: str) -> StopDays:
        """On which days each stop of an operator is there; none where any stop will do."""
        name = self.operators[operator].stops
        return {} if name == "any" else self.folder.stop_days_in(name)

    def links_of(self, operator: str) -> Links:
        """The track of an operator between neighbouring stops."""
        name = self.operators[operator].links
        return {} if name is None else self.folder.links_in(name)

    def line_stops_of(self, operator: str, name: str | None = None) -> dict[str, dict[str, int]]:
        """How far along its line each stop of an operator is, by line; none where not known.

        name: of a file, where it is not the operator's own.
        """
        name = name or self.operators[operator].line_stops
        return {} if name is None else self.folder.line_stops_in(name)

    def shares_of(self, share: RevenueShare) -> list[ShareRow]:
        """What a revenue share's file says. Raises TableError."""
        return read_shares(self.folder.file(share.file), share, self.stops_of(share.operators[0]))

    def systems(self) -> dict[str, Operator]:
        """One operator of each system, the first, for the stops and track that all of it share."""
        first: dict[str, Operator] = {}
        for operator in self.model.operator:
            first.setdefault(self.system_of(operator.code), operator)
        return first


def load_network(name: str) -> Network:
    """A shipped network by name, or one's own by folder.

    Raises TableError for a network.toml that cannot be.
    """
    folder = NetworkFolder(find_folder(name))
    folder.network_toml.check_texts()
    model = folder.network_toml.convert(NetworkFile)
    try:
        check_model(model)
    except TableError as error:
        error.location = folder.network_toml.location(error.key)
        raise
    return Network(model, folder)
