"""Clear tap files into a book, and tell their senders what became of every record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clearing.answers import acknowledgements
from clearing.answers.claimed import check_folder
from clearing.answers.named_views import keep_named_views
from clearing.answers.session import Session
from clearing.answers.stale import stale_tables
from clearing.answers.variances import TotalVariance, variances_beyond
from clearing.book import Run
from clearing.engine.run import Decide, Report, always, clear_files
from clearing.intake.kept import Keeper
from clearing.intake.proof import KeyProvider
from clearing.intake.reader import Layouts
from clearing.intake.senders import Senders
from network.errors import OnecardError
from network.language import Phrase
from network.money import Currency
from network.progress import Progress, no_progress


@dataclass(frozen=True)
class Clearing:
    """A run, committed where a file was taken, and the files that acknowledge it."""

    report: Report
    acknowledgement: Path
    earlier: list[Path]     # acknowledgements of earlier runs, which were missing
    currency: Currency
    warning: str | None     # about tables that were checked long ago
    beyond: list[TotalVariance]     # operators whose variances come to more than they may

    @property
    def is_all_accepted(self) -> bool:
        """Whether no record and no file was refused: each is accepted, or known."""
        return self.report.is_all_accepted


def clear(session: Session, files: Sequence[Path], *, received_at: int, threads: int = 1,
          layout: Layouts = None, memory_bytes: int | None = None, folder: Path | None = None,
          keep: Path | None = None, progress: Progress = no_progress,
          decide: Decide = always, senders: Senders = None, decides_claims: bool = False,
          keys: KeyProvider | None = None) -> Clearing:
    """Clear files in one run, all or nothing, and write what their senders get back.

    received_at: UTC seconds; layout, memory_bytes, senders, decides_claims, keys: see
    clearing.engine.run.clear_files.
    keep: where the files themselves are kept; None: nowhere, see also Session.kept.
    decide: whether a run that took a file counts, see clearing.engine.run.Decide.
    folder: where acknowledgements and reject files go; None: beside the book.
    Raises OnecardError and TableError. Where the folder cannot be written, the run is committed
    all the same, and acknowledgements.write_again writes what is missing.
    """
    target = folder or session.beside(acknowledgements.FOLDER)
    check_folder(session, target)
    warnings: list[str | None] = []

    def look(row: Run) -> bool:
        """See what priced the run before it counts."""
        warnings.append(stale_tables(session, row.run))
        return decide(row)

    report = clear_files(files, session.locator(), session.book, threads=threads,
                         received_at=received_at, layout=layout, memory_bytes=memory_bytes,
                         progress=progress, decide=look, senders=senders,
                         decides_claims=decides_claims, keys=keys,
                         keeper=None if keep is None else Keeper(keep, session.called(keep)))
    keep_named_views(session)
    try:
        answers = acknowledgements.Answers(session, target, report.sources)
        return Clearing(report, answers.acknowledge(report), answers.acknowledge_again(report),
                        session.described().model.money,
                        warnings[0] if warnings and report.is_committed else None,
                        variances_beyond(session, report.run.run) if report.is_committed else [])
    except OSError as error:
        raise OnecardError(
            Phrase("the acknowledgements cannot be written: {strerror}",
                   strerror=error.strerror), where=str(target),
            expected=Phrase("run {run} is committed and stays so", run=report.run.run),
            remedy="write them with `onecard book acknowledge`, elsewhere by --acknowledgements"
            ) from None


def takes_something(row: Run) -> bool:
    """Whether a run brings anything that was not there; what is refused again is no news."""
    return bool(row.accepted or row.rides or row.reversed)
