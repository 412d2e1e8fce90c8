"""`isms oscal`: to and from the documents of NIST's Open Security Controls Assessment Language."""

from __future__ import annotations

from isms_graph.cli.group import CONTEXT, InOrder, cli


@cli.group(cls=InOrder, context_settings=CONTEXT, short_help="to and from OSCAL documents")
def oscal() -> None:
    """Exchange what OSCAL has a place for with tools that read and write it.

    \b
    isms oscal export my-oscal my-isms
    isms oscal import NIST_SP-800-53_rev5_catalog.json --into my-isms/nist.ttl
    """
