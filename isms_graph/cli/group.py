"""The `isms` command itself; its verbs are added by the modules that define them."""

from __future__ import annotations

import click

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class InOrder(click.Group):
    """Prints the verbs in the order of their definition."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of their definition."""
        del ctx
        return list(self.commands)


@click.group(cls=InOrder, context_settings=CONTEXT)
@click.version_option(package_name="isms-graph", message="isms-graph %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback if the program itself fails.")
def cli(debug: bool) -> None:
    """Check an ISMS (ISO/IEC 27001:2022) as an auditor would, and see what a change affects.

    A WORKSPACE is a folder, or files, with the ISMS in Turtle, TriG, JSON-LD or CSV registers; the current folder if
    none is given.
    """
    del debug
