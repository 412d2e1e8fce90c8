"""The `isms` command. Errors become messages and exit codes here, and nowhere else."""

from __future__ import annotations

import os
import sys

import click

from isms_graph.cli import commands, exporting, formatting, importing, oscal_export, oscal_import, starting
from isms_graph.cli.group import cli
from isms_graph.errors import CatalogueError, InputError, IsmsError

__all__ = ["cli", "commands", "exporting", "formatting", "importing", "main", "oscal_export", "oscal_import", "starting"]

EXIT_BAD_INPUT, EXIT_DEFECT = 2, 3


def main() -> None:
    """Run the command and exit: 0 clean, 1 findings, 2 bad input or usage, 3 a defect of the program."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program: what would be printed goes nowhere
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
    try:
        code = cli.main(standalone_mode=False) or 0
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except SystemExit as stop:  # nobody reads what is printed: rich ends the process with 1, which would look like findings
        sys.exit(141 if stop.code == 1 else stop.code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_BAD_INPUT)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except CatalogueError as error:
        click.echo(f"isms: the catalogue is broken: {error}", err=True)
        sys.exit(EXIT_DEFECT)
    except InputError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_BAD_INPUT)
    except IsmsError as error:
        click.echo(f"isms: {error}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except Exception as error:  # the last resort: a defect must not look like a finding
        if "--debug" in sys.argv:
            raise
        click.echo(f"isms: a defect of the program: {type(error).__name__}: {error}", err=True)
        click.echo("Please report it with the output of the same command and --debug.", err=True)
        sys.exit(EXIT_DEFECT)
    sys.exit(code)
