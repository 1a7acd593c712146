"""A run, from files to a committed ledger: the only module that knows the order of the stages.

read and decode -> refuse files that are known -> clear partitions, writing entries meanwhile
-> refusals, flows, state, names, files -> commit
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from clearing import __version__
from clearing.book import Book, BookFile, Counts, OpenRun, Run
from clearing.book.native import join_records
from clearing.book.runs import Certificate
from clearing.book.schema import CERTIFICATES
from clearing.engine.archived import first_day_taken, floor_of
from clearing.engine.bills import Unpaid, bill_closing
from clearing.engine.context import ClearingContext, context_for, keep_context
from clearing.engine.judged_files import judge_files
from clearing.engine.period_fees import charge_closing
from clearing.engine.revenue_shares import flows_of_shares, share_closing, share_tables
from clearing.engine.stages import Stages
from clearing.engine.which import end_of
from clearing.intake.blocks import Source
from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.formats.raw import raw_records
from clearing.intake.intake import Intake
from clearing.intake.kept import Keeper
from clearing.intake.proof import KeyProvider
from clearing.intake.reader import Layouts, read_files
from clearing.intake.senders import Senders
from ext import records
from ext.codes import Code
from ext.records import Records
from network.civil import day_of
from network.errors import OnecardError
from network.language import Phrase
from network.progress import Progress, no_progress
from settlement.bills import flows_of_bills
from settlement.flows import rows_of_flows
from settlement.period_fees import flows_of_fees

# Whether a run that is written counts: asked last, before it is committed.
Decide = Callable[[Run], bool]

# What is missing of the windows from one service day to another, where that is asked.
Certify = Callable[[int, int], Sequence[Certificate]]

# Raises where a closing that posts these FLOW rows may not be.
Judge = Callable[[ClearingContext, Records], None]

# What a run takes besides its taps: the engine of a book above all. Measured with 100 M taps.
BESIDE_TAPS_BYTES = 1 << 30


@dataclass
class Report:
    """What a run did, for people and for acknowledgements."""

    run: Run                # the next one's, where this one is not committed
    files: list[BookFile]
    refusals: Counter[Code] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)     # by stage, as the clock went
    flows: Records = field(default_factory=lambda: np.zeros(0, records.FLOW))
    # REFUSAL rows of files of earlier runs: what was accepted then, and is not any more.
    carried: Records = field(default_factory=lambda: np.zeros(0, records.REFUSAL))
    is_committed: bool = True
    held: int = 0           # entries that it brought and that are not settled yet
    sources: dict[str, Source] = field(default_factory=dict)    # of its files, by SHA-256

    @property
    def is_all_accepted(self) -> bool:
        """Whether no record and no file was refused: each is accepted, or known."""
        return not self.refusals and not any(
            file.code not in (Code.OK, Code.DUPLICATE_FILE) for file in self.files)


def always(_: Run) -> bool:
    """Every run counts."""
    return True


@dataclass(frozen=True)
class Restated:
    """What changed tables make of closed windows."""

    run: Run | None     # None: nothing was posted
    entered: int
    taken_back: int
    flows: Records      # FLOW: the differences


def clear_files(paths: Sequence[Path], network: str, book: Book, *, threads: int,
                received_at: int, layout: Layouts = None, memory_bytes: int | None = None,
                progress: Progress = no_progress, decide: Decide = always,
                keeper: Keeper | None = None, senders: Senders = None,
                decides_claims: bool = False, keys: KeyProvider | None = None) -> Report:
    """Clear tap files into a book: all of it, or none where this raises.

    A run of which no file is taken leaves nothing in the book, nor does one that `decide` declines.

    network: a name or a folder; received_at: UTC seconds, later taps are refused as in the future.
    layout: of files that are not onecard-taps/1, by name; of all or by path, see read_files.
    keeper: keeps the files themselves; None: nobody does.
    senders: who handed them in, see clearing/intake/senders.py.
    keys: by which authentication codes are checked; None: they are not.
    decides_claims: the files say what becomes of claims that are held, see answers/held.py.
    memory_bytes: what the run may take besides what cards carry; taps beyond it wait on the disk.
    Raises OnecardError and TableError.
    """
    clock = _Clock()
    last = book.last_run()
    context = context_for(book, last, network)
    decoder_tables = DecoderTables(
        context, decides_claims=decides_claims,
        not_before=end_of(context, first_day_taken(floor_of(context, book)) - 1))
    with closing(read_files(
            paths, decoder_tables, threads=threads, received_at=received_at, layout=layout,
            mark_cards=last is not None,    # a new book has no state to look for
            keeper=keeper, persons=context.persons, senders=senders, keys=keys,
            memory_bytes=None if memory_bytes is None else memory_bytes - BESIDE_TAPS_BYTES,
    )) as intake:
        clock.lap("read and decode")
        report = _clear_intake(intake, context, book, last, clock, threads, progress, decide)
    report.seconds = clock.laps
    report.sources = {file.digest: file.source for file in intake.files if file.source is not None}
    return report


def _clear_intake(intake: Intake, context: ClearingContext, book: Book, last: Run | None,
                  clock: _Clock, threads: int, progress: Progress, decide: Decide) -> Report:
    """Clear what was read."""
    intake.refuse_crowded(context.names)
    taken, outcomes = judge_files(intake, context.network, book)
    latest = max([0, *(chunk.latest for chunk in intake.chunks if chunk.file_index in taken)])
    context.check_calendar(latest)
    digest = _digest(context, last, "clear", [
        f"{file.digest} {file.layout} {file.sender}" for file in intake.files])
    with book.begin(digest=digest, kind="clear",
                    records=sum(report.records for report in intake.files)) as run:
        check_parent(run, last)
        stages = Stages(context, book, run, threads, progress)
        intake.number_codes(context.numbers, {index: outcomes[index].file for index in taken})
        stages.clear(intake, is_first=last is None)
        clock.lap("clear and write entries")
        report = _finish(stages, intake, outcomes, taken,
                         lambda row: _keep(intake, outcomes, book, bool(taken) and decide(row)))
    clock.lap("write the rest and commit")
    return report


def _keep(intake: Intake, outcomes: list[BookFile], book: Book, is_committed: bool) -> bool:
    """Keep the files that the book names, before it does; whether the run is committed."""
    named = {} if is_committed else book.files_given({file.sha256 for file in outcomes})
    intake.keep(index for index, outcome in enumerate(outcomes)
                if is_committed or outcome.sha256 in named)
    return is_committed


def close_window(day: int, network: str, book: Book, *, threads: int = 1,
                 decide: Decide = always, progress: Progress = no_progress,
                 certify: Certify = lambda first, last: (),
                 judge: Judge = lambda context, flows: None,
                 unpaid: Unpaid | None = None) -> Report:
    """Close the windows up to a service day: rides open by its end end without an exit.

    day: days since 1970. Nothing is closed where `decide` declines.
    certify: says of the windows that close what is missing; judge: looks at what they add to the
    book's flows. What either raises closes nothing. unpaid: what bills need of archived windows.
    Raises OnecardError where the day is closed already.
    """
    check_open(book, day)
    last = book.last_run()
    context = context_for(book, last, network)
    digest = _digest(context, last, "close", [str(day)])
    with book.begin(digest=digest, kind="close",
                    records=book.count_records(last.closed_through if last else 0, day)) as run:
        check_parent(run, last)
        run.write_rows(CERTIFICATES, certify(last.closed_through + 1 if last else 1, day))
        stages = Stages(context, book, run, threads, progress)
        stages.close(day)
        _share_revenue(stages, last.closed_through + 1 if last else 1, day)
        _bill_funders(stages, last.closed_through + 1 if last else 1, day, unpaid)
        _charge_fees(stages, last.closed_through + 1 if last else 1, day)
        judge(context, stages.sums.rows())
        run.store_entries()
        run.write_window(day, book.root_of_window(
            day, run.number, context.names, context.network.digest, stages.sums.rows()))
        return _finish(stages, None, [], [], decide)


def _share_revenue(stages: Stages, first: int, last: int) -> None:
    """Post what operators share of the rides of the windows from one to another."""
    context = stages.context
    if not (tables := share_tables(context.network)):
        return
    stages.run.store_entries()
    shared = share_closing(stages.book, tables, context.names, first, last, stages.run.number)
    numbers = {one.code: one.number for one in context.members}
    stages.sums.merge(flows_of_shares(shared, numbers, last))


def _bill_funders(stages: Stages, first: int, last: int, unpaid: Unpaid | None) -> None:
    """Post what bills of months differ by that end when the windows from one to another close."""
    context = stages.context
    if all(one.difference == "told" for one in context.network.model.bill):
        return
    stages.run.store_entries()
    differences = bill_closing(stages.book, context, first, last, stages.sums.rows(),
                               stages.run.number, unpaid)
    numbers = {code: number for number, code in enumerate(context.names.codes("member"))}
    stages.sums.merge(rows_of_flows(flows_of_bills(differences), numbers, last))


def _charge_fees(stages: Stages, first: int, last: int) -> None:
    """Post what is charged by the window or month when the windows from one to another close."""
    model = stages.context.network.model
    numbers = {one.code: one.number for one in stages.context.members}
    charged = charge_closing(stages.book, model, numbers, first, last, stages.sums.rows())
    stages.sums.merge(flows_of_fees(charged, numbers, day_of(last)))


def check_open(book: Book, day: int) -> None:
    """Raise OnecardError where a service day is closed already."""
    closed = book.closed_through
    if closed is not None and day <= closed:
        raise OnecardError("the window is closed already", where=day_of(day).isoformat(),
                           expected="a service day after the last closed one",
                           remedy="look at it with `onecard show positions`")


def restate_windows(since: int, network: str, book: Book, *, threads: int, dry_run: bool,
                    progress: Progress = no_progress) -> Restated:
    """Clear closed windows from a service day on by the tables as they are now; post differences.

    since: days since 1970. dry_run: nothing is kept.
    Raises OnecardError and TableError.
    """
    last = book.last_run()
    context = context_for(book, last, network)
    floor = floor_of(context, book)
    if since <= floor:
        raise OnecardError(
            Phrase("window {day} and those behind it cannot be cleared again",
                   day=day_of(since).isoformat()), where=book.store.where,
            expected=Phrase("a day behind {day}: what is before it reaches into archived windows",
                            day=day_of(floor).isoformat()),
            remedy="name a later day")
    digest = _digest(context, last, "restate", [str(since)])
    with book.begin(digest=digest, kind="restate",
                    records=book.count_records(since - 1)) as run:
        check_parent(run, last)
        stages = Stages(context, book, run, threads, progress)
        stages.restate(since)
        return Restated(None if dry_run else _finish(stages, None, [], [], always).run,
                        stages.rides, stages.reversed, stages.sums.rows())


class _Clock:
    """Seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now


def check_parent(run: OpenRun, last: Run | None) -> None:
    """The dictionary was read before the writer's lock was held: nobody may have written since."""
    if run.number != (last.run if last else 0) + 1:
        raise OnecardError("another process wrote to the book meanwhile",
                           expected="one writer at a time",
                           remedy="run the same command again")


def _digest(context: ClearingContext, last: Run | None, kind: str, inputs: list[str]) -> str:
    """The identity of a run: all that decides its outcome."""
    what = [kind, __version__, context.network.digest, last.digest if last else "", sorted(inputs)]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def _finish(stages: Stages, intake: Intake | None, outcomes: list[BookFile], taken: list[int],
            decide: Decide) -> Report:
    """Write what is left of a run, and commit it where that is decided."""
    run, context = stages.run, stages.context
    refusals = _Refusals(stages, intake, outcomes, taken)
    flows = stages.sums.rows()
    run.write_flows(flows)
    run.write_names(context.names.unstored())
    if not stages.book.has_network(context.network.digest):
        run.write_network(context.network.digest, context.network.contents)
    run.write_files(refusals.outcomes)
    records_ = sum(outcome.records for outcome in refusals.outcomes)
    accepted = sum(outcome.accepted for outcome in refusals.outcomes)
    known = sum(outcome.known for outcome in refusals.outcomes)
    row = run.conclude(
        version=__version__, network=context.network.locator, network_digest=context.network.digest,
        tables=dict.fromkeys(context.versions, context.network.digest),
        counts=Counts(taps=records_, accepted=accepted, known=known,
                      refused=records_ - accepted - known, rides=stages.rides,
                      reversed=stages.reversed, open_rides=stages.open_rides))
    is_committed = decide(row)
    if is_committed:
        row = run.commit(row)
        keep_context(stages.book, row, context)
    return Report(row, refusals.outcomes, refusals.counts, {}, flows,
                  refusals.carried, is_committed, stages.held)


class _Refusals:
    """Every refused record of a run, decoding's and the partitions': written file by file."""

    def __init__(self, stages: Stages, intake: Intake | None, outcomes: list[BookFile],
                 taken: list[int]) -> None:
        self.counts: Counter[Code] = Counter()
        self.outcomes = list(outcomes)
        fresh, self.carried = _judged(stages)
        for index in taken:
            assert intake is not None
            report = intake.files[index]
            own = fresh[fresh["file"] == outcomes[index].file]
            is_copy = own["code"] == Code.DUPLICATE
            known, extra = int(np.count_nonzero(is_copy)), own[~is_copy]
            decoded = intake.refusals(index, outcomes[index].file)
            raw = [decoded.raw(place) for place in range(len(decoded))]
            assert report.source is not None, "what is taken was read"
            raw += raw_records(report.source, report.read_by, extra["offset"].tolist())
            rows = np.concatenate([decoded.records, extra])
            order = np.argsort(rows["offset"], kind="stable")
            stages.run.write_refusals(rows[order], [raw[place] for place in order])
            self.outcomes[index] = outcomes[index]._replace(
                accepted=report.accepted - known - len(extra), known=known,
                refused=report.refused + len(extra))
            for code, count in zip(*np.unique(rows["code"], return_counts=True), strict=True):
                self.counts[Code(int(code))] += int(count)
        stages.run.write_refusals(self.carried, [b""] * len(self.carried))
        for code in self.carried["code"].tolist():
            self.counts[Code(code)] += 1
        for outcome in outcomes:
            if outcome.code not in (Code.OK, Code.DUPLICATE_FILE):
                self.counts[Code(outcome.code)] += outcome.records


def _judged(stages: Stages) -> tuple[Records, Records]:
    """What partitions did not accept, copies among it; and what the book had and nobody was told.

    Those were accepted when they came; what came since can contradict them, and what is known of a
    ride by now can have no fare.
    """
    if not stages.refused:
        return np.zeros(0, records.REFUSAL), np.zeros(0, records.REFUSAL)
    rows = join_records([rows for rows, _ in stages.refused], records.REFUSAL)
    carried = np.concatenate([carried for _, carried in stages.refused])
    return rows[~carried], _not_told(stages.book, rows[carried], rows[~carried])


def _not_told(book: Book, refusals: Records, fresh: Records) -> Records:
    """Those that no earlier run has told already, nor this one of a copy in the same file."""
    places = _places(refusals)
    told = {*(book.find_refusals(set(places)) if places else ()), *_places(fresh)}
    left: Records = refusals[np.array([place not in told for place in places], dtype=bool)]
    return left


def _places(refusals: Records) -> list[tuple[int, int]]:
    """File and line of each."""
    return list(zip(refusals["file"].tolist(), refusals["line"].tolist(), strict=True))
