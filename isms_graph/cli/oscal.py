"""`isms oscal`: what is exchanged in the forms of OSCAL, NIST's Open Security Controls Assessment Language."""

from __future__ import annotations

from isms_graph.cli.group import CONTEXT, InOrder, cli


@cli.group(cls=InOrder, context_settings=CONTEXT)
def oscal() -> None:
    """Exchange with tools that speak OSCAL.

    \b
    isms oscal import NIST_SP-800-53_rev5_catalog.json --into my-isms/nist.ttl
    """


from isms_graph.cli import oscal_import as oscal_import  # noqa: E402 - it adds itself to the group
