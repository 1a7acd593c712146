"""The network as arrays to draw from: which line, which stop, which table, what fare.

Operators, cities and card kinds are numbered as in the network's lists, lines, vehicles and stops
one after the other over all operators.
"""

from __future__ import annotations

import datetime

import numpy as np
from numpy.typing import NDArray

from clearing.sample import town
from clearing.sample.prices import Prices, Track, fare_of, read_track, word_of
from clearing.sample.shape import draw_table, zipf_table
from fare_tables.source import load_tables
from network.model import Operator
from network.network import Network

GATES = 8               # of one metro stop
SPEED_MM = 109          # thousandths of a second per metre: 33 km/h, stops included
NEAR = 6                # a stop of one's own lines is so many times as likely to be ridden to


class NetworkDay:
    """Everything about a network's day that no card decides."""

    def __init__(self, network: Network, day: datetime.date) -> None:
        """Take a network, shipped or one's own; the town's shares must name its members."""
        self.network, self.model = network, network.model
        self.day = day
        self.operators = self.model.operator
        self.number = {operator.code: index for index, operator in enumerate(self.operators)}
        self._cities = {city.code: index for index, city in enumerate(self.model.city)}
        self.prices = Prices(self.model, load_tables(network.folder.path), day)
        self._read_people()
        self._read_lines()
        self._read_stops()
        self.dues = self.prices.dues()
        self.price = self.prices.prices()
        self.credit = self.prices.credits()
        self.transfer_within = self.prices.transfer_within(self.operators)

    def _read_people(self) -> None:
        """Where cards live, of what kind they are, and what they ride where they are."""
        plans = {plan.code: plan for plan in town.CITIES}
        cities = [plans[city.code] for city in self.model.city]
        self.city_of = draw_table([city.cards for city in cities])
        kinds = self.model.card_kinds
        self.kind_of = np.stack([
            draw_table([city.kinds[kind] for kind in kinds]).astype(np.uint8) for city in cities
        ])
        self.operator_of = np.stack([
            draw_table([city.rides.get(operator.code, 0) for operator in self.operators])
            .astype(np.uint8) for city in cities
        ])
        self.is_metro = np.array(["metro" in operator.modes for operator in self.operators])

    def _read_lines(self) -> None:
        """Number every bus line; what a ride on it costs and how its vehicles are numbered."""
        self.lines: list[tuple[int, str, str]] = []     # operator, mode, line
        self.first_vehicle: list[int] = []
        self.line_table: list[int] = []
        self.line_due: list[int] = []
        self.bus_stops = max(bus.stops for bus in town.BUSES)
        # A draw to the line, or the stop, at which riders of an operator board.
        self.board_of = np.zeros((len(self.operators), 1 << 16), np.uint16)
        self.stop_of = np.zeros((len(self.operators), 1 << 16), np.uint16)
        self.vehicles_of = np.ones(len(self.operators), np.uint16)
        vehicle = 0
        for bus in town.BUSES:
            operator, first = self.number[bus.operator], len(self.lines)
            for mode, lines in bus.lines.items():
                for line in lines:
                    table = self.prices.find_table(bus.operator, mode, line)
                    amount = self.prices.tables[table].fare[0].amount or 0
                    self.lines.append((operator, mode, line))
                    self.first_vehicle.append(vehicle)
                    self.line_table.append(table)
                    self.line_due.append(self.prices.due_class(amount))
                    vehicle += bus.vehicles
            self.board_of[operator] = first + zipf_table(len(self.lines) - first, operator)
            self.stop_of[operator] = zipf_table(bus.stops, operator + 100)
            self.vehicles_of[operator] = bus.vehicles
        self.vehicles = vehicle

    def _read_stops(self) -> None:
        """Number every metro stop; who has its gates, what each way costs and how long it takes."""
        metros = [operator for operator in self.operators if operator.links]
        system_of = self.network.system_of
        tracks = {system_of(operator.code): read_track(self.network, operator.code)
                  for operator in metros}
        self.stops: list[tuple[int, str]] = []          # operator with the gates, stop
        count = sum(len(track.stops) for track in tracks.values())
        self.pair_due = np.zeros((count, count), np.uint8)
        self.pair_s = np.zeros((count, count), np.int32)
        self.lone_due: list[int] = []                   # of an exit without its way in
        self.stop_table: list[int] = []
        self.to_of = np.zeros((len(self.operators), 1 << 16), np.uint16)
        for system, track in tracks.items():
            members = [operator for operator in metros if system_of(operator.code) == system]
            first = len(self.stops)
            self._read_gates(members, track)
            self._price_pairs(track, first)
            for operator in members:
                self._spread_riders(operator, track, first)

    def _read_gates(self, members: list[Operator], track: Track) -> None:
        general = next(operator.code for operator in members if operator.code not in town.GATES)
        for stop in track.stops:
            owners = [code for code, prefixes in town.GATES.items() if stop.startswith(prefixes)
                      and code in [operator.code for operator in members]]
            owner = (owners or [general])[0]
            self.stops.append((self.number[owner], stop))
            self.stop_table.append(self.prices.find_table(owner, "metro", ""))

    def _price_pairs(self, track: Track, first: int) -> None:
        """Fill in what each way costs by the table of its exit."""
        size = len(track.stops)
        block = slice(first, first + size)
        self.pair_s[block, block] = track.metres * SPEED_MM // 1000
        for to in range(size):
            fare = self.prices.tables[self.stop_table[first + to]].fare[0]
            fares = [fare_of(fare, int(metres)) for metres in track.metres[:, to]]
            classes = [self.prices.due_class(amount) for amount in fares]
            others = fares[:to] + fares[to + 1:]
            assert not isinstance(fare.same_station, list), "no table of the sample day has steps"
            classes[to] = self.prices.due_class(word_of(fare.same_station, others, fares[to]))
            self.pair_due[block, first + to] = classes
            self.lone_due.append(self.prices.due_class(word_of(fare.missing_in, others, 0)))

    def _spread_riders(self, operator: Operator, track: Track, first: int) -> None:
        """Where an operator's riders board, and where they go."""
        number, size = self.number[operator.code], len(track.stops)
        ranks = np.bincount(zipf_table(size, number), minlength=size)
        own = np.array([stop.startswith(town.BOARDING[operator.code]) for stop in track.stops])
        self.board_of[number] = first + draw_table((ranks * own).tolist())
        self.to_of[number] = first + draw_table((ranks * np.where(own, NEAR, 1)).tolist())

    def prefix_of(self, city: str) -> str:
        """How the numbers of a city's cards begin."""
        return next(issuer.card_prefixes[0] for issuer in self.model.issuer
                    if issuer.city == city)

    def array(self, numbers: list[int]) -> NDArray[np.int32]:
        """A list as an array to look up in."""
        return np.array(numbers, np.int32)
