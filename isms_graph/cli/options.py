"""The arguments and options that several verbs share."""

from __future__ import annotations

import click

from isms_graph.errors import UsageError

SEVERITIES = ("major", "minor", "ofi", "never")


def workspace_argument(command: click.decorators.FC) -> click.decorators.FC:
    """The WORKSPACE argument."""
    return click.argument("workspace", nargs=-1, type=click.Path())(command)


def as_of_option(command: click.decorators.FC) -> click.decorators.FC:
    """The --as-of option."""
    return click.option("--as-of", metavar="DATE", help="As of this date instead of today, such as 2026-11-23.")(command)


def each_options(command: click.decorators.FC) -> click.decorators.FC:
    """The options --each, --jobs and --dask."""
    for option in (
        click.option("--dask", metavar="ADDRESS", help="With --each, work on this Dask cluster, such as tcp://host:8786, whose workers see "
            "the same folders and whose network you trust; `local` starts one on this machine."),
        click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="With --each, use so many processes. Default: one for each "
            "processor."),
        click.option("--each", is_flag=True, help="Take each WORKSPACE as an organisation of its own, in parallel; one that cannot be read "
            "does not stop the rest. Without it, several make up one ISMS."),
    ):  # fmt: skip
        command = option(command)
    return command


def fail_on_gained_option(command: click.decorators.FC) -> click.decorators.FC:
    """The --fail-on option of verbs that compare."""
    help_ = "Exit 1 if a finding is gained that is this serious, or more."
    return click.option("--fail-on", type=click.Choice(SEVERITIES), default="never", show_default=True, help=help_)(command)


def only_with_each(**given: object) -> None:
    """Raises UsageError for options that go with --each, where it is not given."""
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"--{name} goes with --each, which takes each WORKSPACE as an organisation of its own.")


def endpoint_options(command: click.decorators.FC) -> click.decorators.FC:
    """The options of verbs that can read from a SPARQL endpoint instead of a WORKSPACE."""
    wait = click.FloatRange(min=0, min_open=True)
    command = click.option("--timeout", type=wait, metavar="SECONDS", help="With --endpoint, wait so long for each query (30).")(command)
    help_ = "With --endpoint, this organisation, or this named graph; repeatable."
    command = click.option("--graph", "graphs", multiple=True, metavar="IRI", help=help_)(command)
    return click.option("--endpoint", metavar="URL", help="Ask this SPARQL endpoint instead of a WORKSPACE.")(command)
