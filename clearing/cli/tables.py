"""onecard tables: check or print the fare tables of a network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED

if TYPE_CHECKING:
    from fare_tables.model import Concession, Fare, Table, Tier, Transfer


@click.group("tables")
def command() -> None:
    """Check or print the fare tables of a network.

    \b
    Example:
      onecard tables check demo
      onecard tables show demo shenzhen-bus
    """


@command.command("check")
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
def check(networks: tuple[str, ...]) -> None:
    """Check networks, by default all that are shipped: exit code 1 where there is a finding.

    \b
    Example:
      onecard tables check demo my-network/
    """
    from fare_tables.loader import list_networks

    found = sum(_check(network) for network in networks or list_networks())
    sys.exit(REFUSED if found else 0)


def _check(network: str) -> int:
    """The number of findings in one network, printed."""
    from clearing.names import Names
    from clearing.world import load_world
    from fare_tables.checks import Service, check_tables

    world = load_world(network, Names())
    services = [Service(operator.code, mode, operator.runs_from or world.network.taps_from)
                for operator in world.network.operator for mode in operator.modes]
    findings = check_tables(world.tables, services)
    for finding in findings:
        click.echo(f"{network}: {finding.code} {finding.where}: {finding.what}\n"
                   f"    {finding.remedy}")
    assumed = sum(len(table.assumed) for table in world.tables)
    click.echo(f"{network}: {len(world.tables)} tables for {len(services)} services, "
               f"{len(findings) or 'no'} findings; {assumed} figures are assumed")
    return len(findings)


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
    from clearing.cli.output import print_table
    from clearing.errors import OnecardError
    from fare_tables.loader import find_folder, load_tables

    tables = load_tables(find_folder(network))
    if table is None:
        print_table(f"fare tables of {network}",
                    ("table", "from", "until", "city", "operators", "fare", "title"),
                    ((one.table, one.in_force_from, one.in_force_until or "", one.city,
                      ", ".join(one.operators), one.fare.basis, one.title) for one in tables))
        return
    chosen = [one for one in tables if one.table == table]
    if not chosen:
        raise OnecardError(f"network {network} has no table {table!r}",
                           expected=", ".join(sorted({one.table for one in tables})),
                           remedy="name one of these")
    for one in chosen:
        _print(one)


def _print(table: Table) -> None:
    """One version of a table, in words; money in fen."""
    until = f"to {table.in_force_until}" if table.in_force_until else "on"
    click.echo(f"{table.table}: {table.title}")
    click.echo(f"  in force from {table.in_force_from} {until}")
    click.echo(f"  legal basis: {table.legal_basis} ({table.source})")
    click.echo(f"  for {', '.join(table.operators)}"
               + (f", modes {', '.join(table.modes)}" if table.modes else "")
               + (f", {len(table.lines)} lines" if table.lines else ""))
    for line in _fare_lines(table.fare):
        click.echo(f"  {line}")
    click.echo(f"  discounts in this order: {', '.join(table.order)}")
    for rows in (table.concession, table.transfer, table.tier):
        for row in rows:
            click.echo(f"    {_row_line(row)}")
    if table.counts_to:
        click.echo(f"  counts to {', '.join(table.counts_to)}")
    for assumption in table.assumed:
        click.echo(f"  assumed: {assumption}")


def _fare_lines(fare: Fare) -> list[str]:
    lines = [f"fare {fare.rule}, by {fare.basis}"
             + (f": {fare.amount} fen" if fare.amount is not None else "")]
    reached = 0
    for band in fare.bands or ():
        to = "and beyond" if band.to_m is None else f"to {band.to_m} m"
        lines.append(f"  from {reached} m {to}: " + (
            f"{band.amount} fen" if band.amount is not None
            else f"{band.add} fen more for every {band.every_m} m begun"))
        reached = band.to_m or reached
    lines.append(f"  missing entry: {fare.missing_in}; missing exit: {fare.missing_out}; "
                 f"same station: {fare.same_station}")
    if fare.overtime_after_s is not None:
        lines.append(f"  after {fare.overtime_after_s} s inside: {fare.overtime_add} fen more")
    return lines


def _row_line(row: Concession | Transfer | Tier) -> str:
    """What a row does, for whom, and who pays for it."""
    parts = []
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if name in ("rule", "funders") or value in (None, "any"):
            continue
        if isinstance(value, list):
            value = ", ".join(str(one) if isinstance(one, str) else
                              f"up to {one.to or 'any'} fen {one.pays_percent} %" for one in value)
        parts.append(f"{name.replace('_', ' ')} {value}")
    funders = ", ".join(f"{share.funder} {share.weight}" for share in row.funders)
    return f"{type(row).__name__.lower()} {row.rule}: {'; '.join(parts)}; funded by {funders}"
