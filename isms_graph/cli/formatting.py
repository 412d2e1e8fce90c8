"""`isms fmt`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import click

from isms_graph.cli.group import cli
from isms_graph.errors import InputError, Problems, UsageError


@cli.command("fmt")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Write nothing; name the files that would change, and exit with 1 if any would.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; print what would change.")
def fmt(paths: tuple[Path, ...], only_check: bool, show_diff: bool) -> int:
    """Lay out the Turtle files of folders, or single files, alike; order, line breaks and comments stay.

    \b
    Example: isms fmt --check data/harbour-saas
    """
    from difflib import unified_diff

    from isms_graph.sources.layout import laid_out

    problems: list[InputError] = []
    changed = 0
    for file in sorted({file for path in paths or (Path(),) for file in _turtle_files(path)}):
        try:
            old = file.read_bytes().decode("utf-8")
            new = laid_out(old)
        except SyntaxError as error:
            problems.append(InputError(f"this is not Turtle: {error.msg}", file, error.lineno, error.offset))
            continue
        except OSError as error:
            problems.append(InputError(f"the file cannot be read: {error.strerror}.", file))
            continue
        except UnicodeDecodeError:
            problems.append(InputError("the file is not UTF-8.", file, advice="Save it as UTF-8."))
            continue
        except RuntimeError as error:
            raise RuntimeError(f"{file}: {error}; it was left as it was") from error
        if new == old:
            continue
        changed += 1
        if show_diff:
            click.echo("".join(unified_diff(old.splitlines(True), new.splitlines(True), str(file), str(file))), nl=False)
        elif only_check:
            click.echo(f"{file} would change")
        else:
            _replace(file.resolve(), new)
            click.echo(f"{file} changed")
    if problems:
        raise Problems(problems)
    return int(only_check and changed > 0)


def _turtle_files(path: Path) -> list[Path]:
    """The file itself, or those of the folder that are in no hidden folder. Raises UsageError for a file that is not Turtle."""
    if not path.is_dir():
        if path.suffix != ".ttl":
            raise UsageError(f"{path} is no Turtle file; only files ending in .ttl are laid out.")
        return [path]
    found = [file for file in path.rglob("*.ttl") if file.is_file()]
    return [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]


def _replace(file: Path, text: str) -> None:
    """Write the file in one step, with the mode it has."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_bytes(text.encode("utf-8"))
        shutil.copymode(file, new)
        os.replace(new, file)
    finally:
        new.unlink(missing_ok=True)
