"""A network: who runs, issues, funds and clears, in which cities, by which fare tables.

A network is a folder: network.toml (these structs), one fare table per other *.toml, stops and
links as CSV, input layouts in layouts/*.toml, and SOURCES.md.
"""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

from network.members import Language
from network.money import Currency, Rounding


class NetworkFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """network.toml as it is written."""

    network: str
    title: str
    time_zone: str
    day_starts_at: datetime.time            # civil time at which a service day begins
    taps_from: datetime.date                # taps before this day are refused
    modes: list[str]
    card_kinds: list[str]
    media: list[str]
    province: list[Province]
    city: list[City]
    operator: list[Operator]
    issuer: list[Issuer]
    funder: list[Funder] = []
    centre: list[Centre] = []
    approver: list[Approver] = []
    sender: list[Sender] = []
    admission: list[Admission] = []         # none: every issuer of the network is admitted
    deny_list: list[DenyList] = []
    ride_code_authority: list[RideCodeAuthority] = []   # none: ride codes are not looked at
    agreement: list[Agreement] = []
    bank_account: list[BankAccount] = []
    bill: list[BillTerms] = []
    no_agreement: Literal["no_fees", "hold"] = "no_fees"    # what a ride has that none holds for
    agreements_overlap: Literal["first", "hold"] = "first"  # and one that several hold for
    completeness: Completeness | None = None    # None: a window closes whatever is missing
    dispute_terms: list[DisputeTerms] = []
    revenue_share: list[RevenueShare] = []
    period_fee: list[PeriodFee] = []
    settlement_cycle: list[SettlementCycle] = []
    bank_holiday: list[BankHoliday] = []
    netting: list[Netting] = []             # none: all pay into the settlement account, and get
    debit_limit: list[DebitLimit] = []
    accumulator: list[AccumulatorSpec] = []
    line_class: list[LineClass] = []
    calendar: Literal["mainland", "own"] = "own"    # whose holidays and make-up workdays hold
    day: list[OwnDay] = []                          # before that calendar, or in place of one
    ride_limit_s: int = 6 * 3600            # longest gate-in to gate-out that is one ride
    # After a table's `checked_on`; rides of later days are warned of. None: never.
    recheck_after_days: int | None = None
    clock_tolerance_s: int = 120            # that clocks may contradict the cards' counters by
    currency: str = "yuan"                  # what people read amounts in
    currency_decimals: int = 2
    currency_code: str | None = None        # of ISO 4217, for banks; CNY where it is the yuan
    minor_unit: str = "fen"                 # what every amount is a whole number of
    terminals: str | None = None            # a CSV (operator,device,...): where devices are
    unknown_terminals: Literal["taken", "refused"] = "taken"    # what such a list does not have
    card_register: str | None = None        # a CSV (card,...): what cards are, and since when
    # Whether accumulators begin anew with a card that the register says replaces another one.
    totals_follow: Literal["card", "person"] = "card"
    card_numbers: Literal["full", "masked"] = "full"    # masked: no list has them in full
    default_layout: str | None = None       # for files that are not onecard-taps/1

    @property
    def money(self) -> Currency:
        """What amounts are in."""
        code = self.currency_code or ("CNY" if self.currency == "yuan" else "")
        return Currency(self.currency, self.minor_unit, self.currency_decimals, code)


class Province(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: str
    name: str


class City(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: str
    name: str
    province: str


class Operator(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A member that runs lines and owns validators."""

    code: str
    name: str
    city: str
    modes: list[str]
    charged_by: dict[str, Literal["validator", "engine"]]   # by medium; "default" for the rest
    on_variance: Literal["report", "hold"] = "report"
    window_variance_most: int | None = None     # of a window's rides together, either way
    system: str | None = None       # operators of one system share stops and one paid area
    stops: str = "any"              # a CSV in the network's folder (stop,name), or "any"
    links: str | None = None        # a CSV (from,to,metres): track between neighbouring stops
    line_stops: str | None = None   # a CSV (line,stop,metres): how far along its line a stop is
    runs_from: datetime.date | None = None  # the first day that needs a fare; None: taps_from
    language: Language = "zh"       # of what it is sent


class LineClass(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Lines of one sort (express, night, air-conditioned), for the rows of tables to name."""

    line_class: str
    operators: list[str]
    lines: list[str]


class OwnDay(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a day is in this network, whatever the calendar says."""

    date: datetime.date
    is_a: Literal["workday", "restday", "holiday"]


class AccumulatorSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A running total per card, or person: what it counts, and when it starts again."""

    accumulator: str
    period: Literal["day", "week", "month", "year", "days"] = "month"
    days: int | None = None     # of "days": so many, from the first ride that is counted on
    # rides: of counts_to, and uses of quotas; credit: what rows take off by a carried credit
    counts: Literal["paid", "due", "rides", "credit"] = "paid"


class Issuer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A member whose cards ride: it holds their money and owes what they pay."""

    code: str
    name: str
    city: str
    card_prefixes: list[str] = []   # tells the issuer where a tap does not; "" fits every card
    language: Language = "zh"       # of what it is sent


class Funder(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A member that pays for discounts: a finance bureau, civil affairs, a sponsor."""

    code: str
    name: str
    city: str
    language: Language = "zh"       # of what it is sent


class Centre(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A member that clears for others and may take a fee; without a city, for more than one."""

    code: str
    name: str
    city: str | None = None
    province: str | None = None
    language: Language = "zh"       # of what it is sent


FlowCause = Literal["fare", "concession", "promotion", "transfer", "tier", "cap", "clearing_fee",
                    "issuer_fee", "acquirer_fee", "period_fee", "tax"]
CycleCause = FlowCause | Literal["dispute_held", "dispute_award", "revenue_share",
                                 "bill_difference"]


class PeriodFee(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What members pay another one when a window closes, or the last one of a month."""

    period_fee: str
    payers: list[str]                   # each by its own flows
    payee: str
    every: Literal["window", "month"] = "month"
    cause: Literal["period_fee", "tax"] = "period_fee"      # of the flow that it makes
    of: list[FlowCause] = []            # causes of the payer's flows that it goes by
    counterparties: list[str] | None = None     # of these flows; None: all
    ppm: int = 0                        # of what they come to
    per_ride: int = 0                   # for what they count
    tier: list[VolumeTier] = []         # other rates for more rides
    lump: int = 0
    least: int | None = None            # of all together; None: no bound
    most: int | None = None
    rounding: Rounding = "half_up"
    in_force_from: datetime.date | None = None      # last windows of periods, inclusive
    in_force_until: datetime.date | None = None


class VolumeTier(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The rate of a period in which there are so many rides, for all of them."""

    from_rides: int
    ppm: int = 0
    per_ride: int = 0


class SettlementCycle(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How often members are settled with, by when windows close, and when money moves."""

    settlement_cycle: str
    members: list[str] | None = None        # None: every member that no other cycle names
    # With whom it is, where it is only for what they and `members` pay each other.
    counterparties: list[str] | None = None
    # What for, where it is only for that: such flows are netted apart. Else for all others.
    causes: list[CycleCause] | None = None
    every: Literal["day", "week", "month"] = "day"      # a week begins on Monday
    cut_off_at: datetime.time               # civil time, on the first bank day behind a window
    value_days: int = 1                     # bank days behind the last window of the period


class Netting(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who settles with whom. Of `members`, `cities` and `provinces` one says whose netting it is.

    A member settles in the netting that names it, else its city, else its province, else in the one
    that names none of these.
    """

    netting: str
    members: list[str] | None = None
    cities: list[str] | None = None
    provinces: list[str] | None = None
    method: Literal["multilateral", "bilateral", "gross"] = "multilateral"
    centre: str | None = None       # whom its members pay; None: the settlement account
    through: str | None = None      # the netting above, in which its centre settles for all of it
    directly: list[str] = []        # others of the same `through` that its centre settles with
    pay_from: int = 0               # what is less is carried forward, a month's last payment apart

    @property
    def is_for_the_rest(self) -> bool:
        """Whether those settle in it that no other netting names."""
        return self.members is None and self.cities is None and self.provinces is None


class DebitLimit(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a member may come to owe when windows close; what is above is reported."""

    member: str
    debit_cap: int | None = None    # minor units; None: no bound
    prefunded: int | None = None    # what it has laid in beforehand; None: nothing is asked for
    stops: bool = False             # whether a window that exceeds it stays open


class BankHoliday(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A day on which banks do not work, whatever the calendar says."""

    date: datetime.date
    members: list[str] | None = None        # those whose banks do not; None: all


class Approver(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A person who may release what is held, or reject it: owes nobody, and is owed nothing."""

    code: str
    name: str


class Completeness(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may be missing of a window's records when it closes."""

    gaps: Literal["named", "none"]      # named: an approver says why it closes all the same
    # Whose counters, and whether each sender's files.
    of: list[Literal["validators", "cards", "files"]] = msgspec.field(
        default_factory=lambda: ["validators"])


class FileContract(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Files that a sender hands in: their names, which of them are owed, what is let pass."""

    name: str                       # a pattern, see network/file_names.py
    sequence: Literal["daily", "running"] | None = None     # begins anew each day, or goes on
    first: int = 1                  # the number with which a sequence begins
    daily: int = 0                  # files of each service day that are owed
    # What is not named here refuses the file.
    allows: list[Literal["rows", "gaps", "other_content", "other_name"]] = []


class Sender(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who hands files in, and whom those may speak for. Without any, every file is believed."""

    sender: str
    operators: list[str]            # whose records it may send
    devices: str | None = None      # a CSV (operator,device) of the only ones that may be in them
    authorities: list[str] = []     # members besides these that its corrections may name
    files: list[FileContract] = []  # none: any file is taken, record by record


class Admission(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """From when until when an issuer's cards ride: a line of the white list (白名单, BN)."""

    issuer: str
    in_force_from: datetime.date | None = None      # service days, inclusive
    in_force_until: datetime.date | None = None


class DenyList(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A version of the cards that validators have to stop."""

    version: int
    on_validators_at: datetime.datetime     # civil time; from then on an operator bears their rides
    file: str               # a CSV (card, or card,to, or card,to,change) in the folder deny
    sha256: str             # of that file, in hex: it is no part of what a book keeps
    changes: int | None = None      # the version that it changes; None: the list is full


class RideCodeAuthority(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A key of who certifies the issuers of ride codes (乘车码)."""

    index: int              # as certificates name it
    key: str                # of SM2, compressed: 66 hexadecimal digits


FEES = ("clearing", "issuer", "acquirer")       # of an agreement, as its keys begin


class Agreement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the operator pays for the clearing of a ride. The first that holds for it decides.

    A fee is parts per million of what the rider paid, rounded, and an amount for every ride, within
    its bounds; amounts are minor units.
    """

    agreement: str
    clearing_ppm: int = 0
    clearing_per_ride: int = 0
    clearing_least: int = 0
    clearing_most: int | None = None
    issuer_ppm: int = 0
    issuer_per_ride: int = 0
    issuer_least: int = 0
    issuer_most: int | None = None
    acquirer_ppm: int = 0
    acquirer_per_ride: int = 0
    acquirer_least: int = 0
    acquirer_most: int | None = None
    rounding: Rounding = "half_up"                  # of the parts per million, each
    centre: str | None = None                       # takes the clearing fee
    acquirer: str | None = None                     # who collects these rides, and takes its fee
    # What it holds for; what is not given is no condition.
    between: Literal["city", "province", "nation"] | None = None    # same city; province; further
    issuers: list[str] | None = None
    operators: list[str] | None = None
    modes: list[str] | None = None
    media: list[str] | None = None
    card_kinds: list[str] | None = None
    in_force_from: datetime.date | None = None      # service days, inclusive
    in_force_until: datetime.date | None = None


class RevenueShare(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How operators of one paid area share what rides between two stops bring one of them."""

    revenue_share: str
    operators: list[str]
    by: Literal["table", "distance"] = "table"
    file: str                       # a CSV (from,to,operator,weight): pairs, or links in metres
    in_force_from: datetime.date | None = None      # service days, inclusive
    in_force_until: datetime.date | None = None


class DisputeTerms(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """By when rides are disputed and answered for, and who bears it. The first that hold decide."""

    dispute_terms: str
    centre: str                     # holds what is charged back, and decides exceptions
    open_days: int                  # bank days behind the ride's service day
    answer_days: int                # bank days behind the other side's step
    borne_by: list[Bearer]
    # What they hold for; what is not given is no condition.
    claimants: list[str] | None = None
    operators: list[str] | None = None
    in_force_from: datetime.date | None = None      # service days, inclusive
    in_force_until: datetime.date | None = None


class Bearer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who bears a part of what a dispute awards."""

    bearer: str                     # "operator", "claimant", or a member's code
    weight: int = 1


class BillTerms(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a funder is billed for a month. Without any: what its rides fell short of their price.

    Amounts are minor units.
    """

    bill: str                                       # what the terms are called
    funder: str
    basis: Literal["shortfall", "unit_price", "lump_sum"] = "shortfall"
    amount: int | None = None                       # of a ride with a concession; of a lump sum
    per: Literal["month", "year"] = "month"         # of a lump sum; a year's is in twelve parts
    ceiling: int | None = None                      # that bills do not go beyond
    ceiling_per: Literal["month", "year"] = "month"
    above: Literal["operators", "carried"] = "operators"    # who bears what lies above it
    recognises: Literal["everyone", "province", "city"] = "everyone"    # whose cards' rides
    difference: Literal["told", "posted"] = "told"      # between it and what windows settled
    budgets: list[Budget] = []                      # that pay it together
    in_force_from: datetime.date | None = None      # windows, whole months
    in_force_until: datetime.date | None = None


class Budget(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A budget that pays a part of a funder's bills."""

    budget: str
    weight: int = 1


class BankAccount(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where a member's money is, from a day on; without a member, the settlement account.

    All that members pay goes into the settlement account, and all that they receive comes from it.
    """

    bank: str                                       # its CNAPS code (联行号), 12 digits
    account: str                                    # its number at the bank
    name: str                                       # of whom the bank says that it is
    member: str | None = None
    in_force_from: datetime.date | None = None      # days on which banks are to pay, inclusive
    in_force_until: datetime.date | None = None
