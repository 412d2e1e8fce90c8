"""`isms oscal import`: a catalogue of controls beside Annex A."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isms_graph.cli.oscal import oscal
from isms_graph.errors import InputError, UsageError

if TYPE_CHECKING:
    from isms_graph.importers.catalog import Catalogue
    from isms_graph.importers.crosswalk import Crosswalk

FILE = click.Path(path_type=Path)


@oscal.command("import")
@click.argument("catalog", metavar="CATALOG.json", type=FILE)
@click.option("--into", required=True, metavar="FILE.ttl", type=FILE, help="The file of the workspace to write.")
@click.option(
    "--name", "short", metavar="SHORT", help="What stands before the ids of the controls, as in nist:ac-2. Default: the name of FILE."
)
@click.option(
    "--mapping", metavar="CROSSWALK.csv", type=FILE, help="Which control corresponds to which of Annex A: source, relationship, target."
)
@click.option("--mapping-source", metavar="TEXT", help="Who says so. Default: the name of the crosswalk's file.")
@click.option(
    "--text",
    "with_text",
    is_flag=True,
    help="Take in the statements and the guidance too. Whether you may is between you and the publisher.",
)
@click.option("--dry-run", is_flag=True, help="Say what there is, or everything that is wrong; write nothing.")
@click.option("--replace", is_flag=True, help="Take the place of a control set that was imported into the file before.")
def import_(
    catalog: Path, into: Path, short: str | None, mapping: Path | None, mapping_source: str | None, with_text: bool, dry_run: bool,
    replace: bool,
) -> None:  # fmt: skip
    """Take the controls of an OSCAL catalogue into a workspace, to lie beside Annex A: their ids and titles.

    The file is JSON, OSCAL 1.0 to 1.2. Nothing is fetched, and nothing that counts Annex A counts these controls. What covers them by
    way of Annex A is answered by `isms query coverage-by-mapping`.

    \b
    isms oscal import catalog.json --into my-isms/nist.ttl --mapping crosswalk.csv
    """
    from isms_graph.importers.catalog import read_catalogue
    from isms_graph.importers.catalog_turtle import as_turtle
    from isms_graph.importers.crosswalk import read_crosswalk
    from isms_graph.sources.workspace import must_exist
    from isms_graph.vocabulary import load_vocabulary

    if into.suffix != ".ttl":
        raise UsageError(f"the control set is written as Turtle, so the file has to end in .ttl, not {into.name}.")
    if mapping_source is not None and mapping is None:
        raise UsageError("--mapping-source goes with --mapping.")
    name = _short_name(into.stem if short is None else short)
    for file in (catalog, mapping):
        if file:
            must_exist(file)
    found = read_catalogue(catalog, with_text)
    found.source = found.source or catalog.name
    crosswalk = read_crosswalk(mapping, found, name, load_vocabulary()) if mapping else None
    text = as_turtle(found, name, crosswalk.mappings if crosswalk else (), mapping_source or (mapping.name if mapping else ""))
    _report(found, crosswalk)
    if dry_run:
        click.echo("Nothing was written.")
        return
    _write(into, text, replace)
    click.echo(f"{into} written. A control is named {name}:{found.controls[0].label or found.controls[0].id} in registers and queries.")
    click.echo(f"Next: isms query coverage-by-mapping {into.parent} --param set={name}")


def _short_name(name: str) -> str:
    from isms_graph.namespaces import PREFIXES
    from isms_graph.sources.values import SHORT_NAME

    if not SHORT_NAME.fullmatch(name) or len(name) > 40:
        raise UsageError(f"{name!r} is no short name of a set: a letter, then at most 39 letters, digits, '-' and '_'. Say --name.")
    if name.lower() in PREFIXES or name.lower() in ("http", "https", "urn"):
        raise UsageError(f"{name!r} means something else already; give the set another --name.")
    return name


def _report(found: Catalogue, crosswalk: Crosswalk | None) -> None:
    controls = found.controls
    withdrawn = {one.id for one in controls if one.withdrawn}
    groups = len(found.entries) - len(controls)
    size = f"{_count(len(controls), 'control')} ({len(withdrawn)} withdrawn) in {_count(groups, 'group')}"
    click.echo(f"{found.title}, edition {found.edition}: {size}.")
    if not found.licence:
        click.echo("The catalogue names no licence; see with its publisher what you may do with it.")
    if crosswalk:
        mapped = {one.control for one in crosswalk.mappings}
        annex = {one.annex_a for one in crosswalk.mappings}
        alone = len({one.id for one in controls} - mapped - withdrawn)
        mappings = _count(len(crosswalk.mappings), "mapping")
        click.echo(f"{mappings} of {_count(len(mapped), 'control')} to {len(annex)} of Annex A; without any: {_count(alone, 'control')}.")
        if unsaid := sum(one.relation == "mapsTo" for one in crosswalk.mappings):
            click.echo(f"Mappings that do not say how much the one covers of the other: {unsaid}; none of them counts as covering.")
        if crosswalk.unrelated:
            click.echo(f"Rows that say that there is no relationship, left out: {crosswalk.unrelated}.")
        if gone := sorted(mapped & withdrawn):
            more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
            click.echo(f"Mapped although withdrawn: {', '.join(gone[:5])}{more}.")
        if crosswalk.left_out:
            click.echo(f"Columns of the crosswalk that are not read: {', '.join(crosswalk.left_out)}.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _write(into: Path, text: str, replace: bool) -> None:
    from isms_graph.importers.catalog_turtle import MARK

    try:
        if into.exists():
            ours = into.read_bytes().startswith(MARK.encode())
            if not ours:
                raise UsageError(f"{into} is there already and holds something else; nothing is written over. Name another file.")
            if not replace:
                raise UsageError(f"{into} holds a control set already. --replace puts the new one in its place.")
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror}.", into) from None
