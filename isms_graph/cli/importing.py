"""`isms import`: registers in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isms_graph.cli.group import cli
from isms_graph.cli.progress import progress
from isms_graph.errors import InputError, Problems, UsageError

if TYPE_CHECKING:
    from isms_graph.importers.imports import Outcome
    from isms_graph.sources.mapping import Table

_SHOWN = 8  # new elements and values that are named
_DOUBLES = 3  # elements that are there already that are named
FILE = click.Path(path_type=Path)


@cli.command("import")
@click.argument("file", required=False, type=FILE)
@click.argument("workspace", required=False, default=".", type=FILE)
@click.option("--as", "class_", metavar="CLASS", help="Each row is one of these, such as risk; the heads are labels of properties.")
@click.option("--sheet", metavar="NAME", help="With --as: this sheet of a workbook. Default: the first one.")
@click.option("--preset", metavar="NAME", help="The register has a layout that the program knows.")
@click.option("--list-presets", is_flag=True, help="List these layouts.")
@click.option("--mapping", type=FILE, metavar="TOML", help="What columns and values mean, as sections of isms.toml.")
@click.option("--guess", "only_guess", is_flag=True, help="Print a mapping for an unknown layout, and what it would do; change nothing.")
@click.option("--template", metavar="CLASS", help="Write FILE as an empty workbook for risk, asset, soa, supplier, or any other class.")
@click.option("--dry-run", is_flag=True, help="Say what the register would add, or everything that is wrong with it; change nothing.")
@click.option("--errors", type=FILE, metavar="COPY.xlsx", help="If something is wrong, write a copy that says so in each row.")
@click.option("--replace", is_flag=True, help="Take the place of an older file of the same name in the workspace.")
def import_(
    file: Path | None, workspace: Path, class_: str | None, sheet: str | None, preset: str | None, list_presets: bool,
    mapping: Path | None, only_guess: bool, template: str | None, dry_run: bool, errors: Path | None, replace: bool,
) -> int:  # fmt: skip
    """Take a register, a CSV file or a workbook, into a workspace, where it is read like any other file from then on.

    Every row is tried first; if anything is wrong, all of it is said, each at its cell, and nothing is changed.

    \b
    isms import --template risk risks.xlsx
    isms import risks.xlsx my-isms --as risk
    isms import --guess their-risks.xlsx > mapping.toml
    isms import their-risks.xlsx my-isms --mapping mapping.toml --dry-run
    """
    if list_presets:
        from isms_graph.sources.mapping import descriptions

        for name, what in descriptions().items():
            click.echo(f"{name:30} {what}")
        return 0
    if file is None:
        raise UsageError("name the register: isms import FILE [WORKSPACE].")
    if template:
        return _template(template, file)
    from isms_graph.sources.workspace import must_exist
    from isms_graph.vocabulary import load_vocabulary

    must_exist(file)
    if file.suffix not in (".csv", ".xlsx"):
        raise UsageError(f"a register is a .csv or .xlsx file, not {file.name}.")
    if only_guess:
        return _guess(file, workspace)
    tables, section = _tables(file, workspace, class_, sheet, preset, mapping)
    from isms_graph.importers.imports import joined, namespace, of_file, outcome
    from isms_graph.importers.taking import declaration, take_in

    try:
        with progress() as step:
            step(f"reading {file.name}")
            base = namespace(workspace, load_vocabulary())
            found = outcome(joined(file, tables, workspace, base), file, load_vocabulary())
        declaration(file.name, section, workspace, base)
    except Problems as problems:
        if errors:
            from isms_graph.importers.annotate import annotate

            try:
                annotate(file, tables, of_file(problems, file), errors)
                click.echo(f"{errors} written, with {len(of_file(problems, file))} problems in their rows", err=True)
            except InputError as failed:  # what is wrong with the register is said in any case
                click.echo(f"There is no copy with the errors. {failed}", err=True)
        raise
    _report(found, err=False)
    if dry_run:
        click.echo("Nothing was changed.")
        return 0
    for line in take_in(file, section, workspace, replace, base):
        click.echo(line)
    click.echo(f"Next: isms check {workspace}")
    return 0


def _template(name: str, file: Path) -> int:
    from isms_graph.exporters.workbook import Register, write_workbook
    from isms_graph.importers.columns import class_named, columns
    from isms_graph.vocabulary import load_vocabulary

    if file.suffix != ".xlsx":
        raise UsageError(f"a template is an .xlsx file, not {file.name}.")
    if file.exists():
        raise UsageError(f"{file} is there already; nothing is written over.")
    vocabulary = load_vocabulary()
    class_ = class_named(name, vocabulary)
    label = vocabulary.label(class_)
    heads = [one for one in columns(class_, vocabulary) if one.head != "identifier"]  # the id is one
    many = frozenset(one.head for one in heads if one.property and one.names and one.property not in vocabulary.functional)
    write_workbook([Register(label[:1].upper() + label[1:], heads, many=many)], file)
    click.echo(f"{file} written: {len(heads)} columns for {label}; move over a head to read what it means.")
    click.echo(f"When it is filled in: isms import {file} WORKSPACE --as {name}")
    return 0


def _guess(file: Path, workspace: Path) -> int:
    """Print the proposed mapping, and on the error stream what it would do."""
    from isms_graph.importers.guess import as_toml, guess
    from isms_graph.importers.imports import joined, namespace, outcome, settings
    from isms_graph.vocabulary import load_vocabulary

    proposals = guess(file, load_vocabulary(), workspace)
    if not proposals:
        raise UsageError(f"{file} looks like no register that is known: a row of heads is looked for, with two or more known words.")
    text = as_toml(file, proposals)
    click.echo(text, nl=False)
    parts = [one.class_ + (f" (sheet {one.sheet})" if one.sheet else "") for one in proposals]
    click.echo(f"\nThis reads {file.name} as: {', '.join(parts)}.", err=True)
    try:
        base = namespace(workspace, load_vocabulary())
        _report(outcome(joined(file, settings(text, file.name, file), workspace, base), file, load_vocabulary()), err=True)
    except Problems as problems:
        count = len(problems.problems)
        click.echo(f"With it there {'is 1 problem' if count == 1 else f'are {count} problems'}:\n{problems}", err=True)
    click.echo(f"Correct it where it is wrong, save it, then: isms import {file} WORKSPACE --mapping FILE.toml --dry-run", err=True)
    return 0


def _tables(
    file: Path, workspace: Path, class_: str | None, sheet: str | None, preset: str | None, mapping: Path | None
) -> tuple[Sequence[Table], str]:
    """What the register is, by the options or by isms.toml, and the section that says so; empty if isms.toml says it."""
    from isms_graph.importers.imports import quoted, settings, statement_of_applicability
    from isms_graph.sources.workspace import CONFIG, configured, text_of
    from isms_graph.vocabulary import load_vocabulary

    if sum(one is not None for one in (class_, preset, mapping)) > 1:
        raise UsageError("--as, --preset and --mapping exclude each other.")
    if sheet is not None and class_ is None:
        raise UsageError("--sheet goes with --as.")
    declared = configured(workspace).tables if workspace.is_dir() else {}
    if class_ is None and preset is None and mapping is None:
        if file.name in declared:
            return declared[file.name], ""
        raise UsageError(f"say what {file.name} is: --as CLASS, --preset NAME or --mapping FILE; --guess proposes a mapping.")
    if file.name in declared:
        raise UsageError(f"{workspace / CONFIG} says already what {file.name} is; change it there, or rename the file.")
    if mapping is not None:
        text = text_of(mapping)
    else:
        keys = {"preset": preset, "class": _class(class_), "sheet": sheet}
        text = f"[tables.{quoted(file.name)}]\n" + "".join(f"{key} = {quoted(value)}\n" for key, value in keys.items() if value)
        if preset == "soa" and (statement := statement_of_applicability(workspace, load_vocabulary())):
            text += f'[tables.{quoted(file.name)}.constants]\n"part of" = {quoted(statement)}\n'
    return settings(text, file.name, mapping or workspace / CONFIG), text


def _class(name: str | None) -> str | None:
    from isms_graph.importers.columns import class_named
    from isms_graph.namespaces import local_name
    from isms_graph.vocabulary import load_vocabulary

    return local_name(class_named(name, load_vocabulary()).value) if name else None


def _report(found: Outcome, err: bool) -> None:
    elements = ", ".join(f"{count} {name}" for name, count in found.elements)
    click.echo(f"The register gives {found.statements} statements about: {elements or 'nothing'}.", err=err)
    if found.left_out:
        click.echo(f"Left out by the mapping: {', '.join(found.left_out)}.", err=err)
    if found.dropped:
        values = ", ".join(f"{column} {value!r}" for column, value in found.dropped[:_SHOWN])
        click.echo(f"Values left out by the mapping: {values}{_more(len(found.dropped))}.", err=err)
    if found.unread:
        click.echo(f"Sheets that are not read: {', '.join(found.unread)}.", err=err)
    for class_ in dict.fromkeys(one.class_ for one in found.made):
        of_class = [one for one in found.made if one.class_ == class_]
        names = [f"{one.name!r}" + (f" (looks like {one.like!r})" if one.like else "") for one in of_class[:_SHOWN]]
        click.echo(f"New {class_} for names that no element has: {', '.join(names)}{_more(len(of_class))}.", err=err)
    if any(one.class_ == "role" for one in found.made):
        click.echo('Is it a person? In the mapping, create: owner = "Person". A role that you have? values: the name = its id.', err=err)
    if found.loose:
        lines = "1 line is" if found.loose == 1 else f"{found.loose} lines are"
        advice = 'Add it, and say which in the mapping: under constants, "part of" = its id.'
        click.echo(f"{lines} part of no Statement of Applicability of the workspace, so that no check looks at them. {advice}", err=err)
    if found.doubles:
        names = [f"{one.name!r} is {one.other} of {one.file}" for one in found.doubles[:_DOUBLES]]
        click.echo(f"In the workspace already, under another id: {', '.join(names)}{_more(len(found.doubles), _DOUBLES)}.", err=err)
        advice = "remove the older file and its section of isms.toml, or those lines of it"
        click.echo(f"If this register takes their place, {advice}.", err=err)


def _more(count: int, shown: int = _SHOWN) -> str:
    return f" and {count - shown} more" if count > shown else ""
