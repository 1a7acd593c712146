"""onecard tables: check, print, compare or import the fare tables of a network."""

from __future__ import annotations

import datetime
import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from clearing.cli import REFUSED
from clearing.cli.pages import in_pages
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from fare_tables.check.checks import Report
    from fare_tables.check.findings import Finding

# Commands in files of their own, imported when they are called: name, module, what it does.
ELSEWHERE = {
    "diff": ("clearing.cli.tables_diff", "Say what a new version of a table changes, for whom"),
    "import-gtfs": ("clearing.cli.tables_import", "Make tables from a GTFS feed's fares"),
    "ways": ("clearing.cli.tables_ways", "Make a table of revenue shares from ways"),
}


class TablesGroup(click.Group):
    """The commands below, and those of ELSEWHERE."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        found = importlib.import_module(ELSEWHERE[cmd_name][0]).command
        assert isinstance(found, click.Command)
        return in_pages(found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        here = [(name, one.get_short_help_str(limit=80)) for name, one in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*here, *((name, said) for name, (_, said) in ELSEWHERE.items())])


@click.group("tables", cls=TablesGroup)
def command() -> None:
    """Check, print, compare or import the fare tables of a network.

    \b
    Example:
      onecard tables check demo
      onecard tables show demo shenzhen-bus
    """


@command.command("check")
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option("--json", "as_json", is_flag=True, help="For machines: one object per network.")
def check(networks: tuple[str, ...], as_json: bool) -> None:
    """Prove that every ride has one price; of all shipped networks by default.

    Errors make the exit code 1. Warnings are printed, and leave it 0; one of them is of tables
    that were not held to their sources for longer than the network's recheck_after_days.

    \b
    Example:
      onecard tables check demo my-network/
    """
    from clearing.answers.check_tables import check_network
    from network.folder import list_networks

    today = datetime.datetime.now(datetime.UTC).date()
    reports = {network: check_network(network, today) for network in networks or list_networks()}
    if as_json:
        import msgspec

        told = [_as_object(network, report) for network, report in reports.items()]
        say(msgspec.json.format(msgspec.json.encode(told)).decode())
    else:
        for network, report in reports.items():
            _print_report(network, report)
    sys.exit(REFUSED if any(report.errors for report in reports.values()) else 0)


def _print_report(network: str, report: Report) -> None:
    """What was found in one network, and else what was proved."""
    for finding in report.findings:
        _print_finding(network, finding)
    warnings = len(report.findings) - len(report.errors)
    size = Phrase("{network}: {tables}, {services}", network=network,
                  tables=_count(report.tables, "table"),
                  services=_count(report.services, "service"))
    noted = Phrase("; {warnings}", warnings=_count(warnings, "warning")) if warnings else ""
    if report.errors:
        say(Phrase("{size}: {errors}{noted}", size=size,
                   errors=_count(len(report.errors), "error"), noted=noted))
        return
    between = (Phrase(" and {fares:,} fares between stops", fares=report.fares) if report.fares
               else "")
    say(Phrase("{size}: {combinations}{between} each have one price{noted}; {figures} assumed",
               size=size, combinations=_count(report.combinations, "combination"), between=between,
               noted=noted, figures=_count(report.assumed, "figure")))


def _print_finding(network: str, finding: Finding) -> None:
    at = network if finding.location is None else f"{finding.location.path}:{finding.location.line}"
    about = Phrase(" {where}:", where=finding.where) if finding.where else ""
    say(Phrase("{at}: {severity} {code}:{about} {what}", at=at, severity=finding.severity,
               code=finding.code, about=about, what=Phrase(finding.what)))
    if finding.location is not None and finding.location.excerpt:
        say(f"    {finding.location.excerpt}")
    say(Phrase("  {remedy}", remedy=Phrase(finding.remedy)))


def _count(number: int, what: str) -> Phrase:
    return Phrase("{number:,} {what}", number=number, what=f"{what}{'' if number == 1 else 's'}")


def _as_object(network: str, report: Report) -> dict[str, Any]:
    return {
        "network": network, "tables": report.tables, "services": report.services,
        "combinations": report.combinations, "fares_between_stops": report.fares,
        "assumed": report.assumed, "errors": len(report.errors),
        "findings": [
            {"code": one.code, "severity": one.severity,
             "file": None if one.location is None else str(one.location.path),
             "line": None if one.location is None else one.location.line,
             "excerpt": None if one.location is None else one.location.excerpt,
             "where": one.where, "what": str(one.what), "remedy": str(one.remedy)}
            for one in report.findings],
    }


@command.command("show")
@click.argument("network")
@click.argument("table", required=False)
def show(network: str, table: str | None) -> None:
    """List a network's tables, or print one in words.

    \b
    Example:
      onecard tables show demo
      onecard tables show demo guangzhou-metro
    """
    from clearing.answers.tables import describe_table, list_tables
    from clearing.cli.output import print_table

    if table is not None:
        for line in describe_table(network, table):
            say(line)
        return
    print_table(Phrase("fare tables of {network}", network=network),
                ("table", "from", "until", "city", "operators", "fare", "title"),
                ((one.table, one.from_day, one.until_day, one.city, ", ".join(one.operators),
                  ", ".join(one.bases), one.title) for one in list_tables(network)))


@command.command("shares")
@click.argument("network")
@click.argument("start", metavar="FROM")
@click.argument("end", metavar="TO")
def shares(network: str, start: str, end: str) -> None:
    """Say who has which part of what a ride between two stops brings, by [[revenue_share]].

    \b
    Example:
      onecard tables shares my-network/ a d
    """
    from clearing.answers.tables import list_shares
    from clearing.cli.output import print_table

    print_table(Phrase("shares of rides from {start} to {end}", start=start, end=end),
                ("share", "by", "from", "until", "operator", "weight", "of", "way"),
                ((one.revenue_share, one.by, one.from_day, one.until_day, one.operator, one.weight,
                  one.of, " ".join(one.way)) for one in list_shares(network, start, end)),
                right=("weight", "of"))
