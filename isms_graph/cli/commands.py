"""The verbs of the command line; each is in the module that its work needs, imported when it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from isms_graph.cli.group import cli
from isms_graph.cli.options import (
    SEVERITIES,
    as_of_option,
    each_options,
    endpoint_options,
    fail_on_gained_option,
    only_with_each,
    workspace_argument,
)
from isms_graph.errors import UsageError
from isms_graph.sources.workspace import STAGES


@cli.command()
@workspace_argument
@as_of_option
@click.option("--stage", metavar="STAGE", help=f"Check for this stage of certification: {', '.join(STAGES)}.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), default="minor", show_default=True, help="Exit 1 if a finding is this serious, or more."
)
@click.option(
    "--output",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text, json, json-lines, sarif, junit, github, gitlab, markdown or turtle (sh:ValidationReport), to the screen or to a file; "
    "repeatable.",
)
@click.option("--select", multiple=True, metavar="CHECK", help="Run only these checks, by id or clause number; repeatable.")
@click.option("--ignore", multiple=True, metavar="CHECK", help="Leave these checks out; repeatable.")
@click.option("--baseline", metavar="FILE", type=click.Path(), help="Findings listed in FILE are known and do not fail; stale entries do.")
@click.option("--update-baseline", is_flag=True, help="Write the findings of this run to the baseline and exit with 0.")
@click.option("--since", metavar="GITREF", help="Report only what was gained since a git revision, such as main.")
@click.option(
    "--engine",
    type=click.Choice(["compiled", "reference"]),
    default="compiled",
    show_default=True,
    help="The SHACL engine; reference is pySHACL.",
)
@click.option(
    "--order", type=click.Choice(["clause", "phase"]), default="clause", show_default=True,
    help="Group the text by clause, or as a list of what is to be done by the six phases.",
)  # fmt: skip
@click.option("--owl", is_flag=True, help="Also look for contradictions with an OWL reasoner (HermiT).")
@click.option("--timing", is_flag=True, help="Say which checks took how long.")
@click.option("--watch", is_flag=True, help="Stay, and say what each saved file gains and loses; Ctrl-C stops.")
@each_options
@click.option("--reports", metavar="DIR", type=click.Path(), help="With --each, write each organisation's whole report to DIR as JSON.")
@endpoint_options
def check(
    workspace: Sequence[str], as_of: str | None, stage: str | None, fail_on: str, output: Sequence[str],
    select: Sequence[str], ignore: Sequence[str], engine: str, order: str, owl: bool, timing: bool,
    baseline: str | None, update_baseline: bool, since: str | None, watch: bool, each: bool, jobs: int | None, dask: str | None,
    reports: str | None, endpoint: str | None, graphs: Sequence[str], timeout: float | None,
) -> int:  # fmt: skip
    """Run the conformance checks.

    Exits with 0 if there is no finding at or above --fail-on, 1 if there is (or the baseline is stale), 2 if the input
    cannot be read. With --each, 2 comes after all others were checked, and --output is text or json.

    \b
    isms check my-isms --output text --output sarif=isms.sarif
    isms check my-isms --since main
    isms check my-isms --stage stage1 --order phase
    isms check --each orgs/*/ --jobs 4 --reports reports
    isms check --endpoint https://example.org/sparql
    """
    from isms_graph.cli.check import Options, run
    from isms_graph.cli.store import Place

    options = Options(
        workspace, as_of, stage, fail_on, output, select, ignore, engine, owl, timing, baseline, update_baseline, since, watch, order,
        Place(endpoint, graphs, timeout),
    )  # fmt: skip
    if each:
        from isms_graph.cli.portfolio import Means, run_check_each

        return run_check_each(options, Means(jobs, dask), reports)
    only_with_each(jobs=jobs, dask=dask, reports=reports)
    return run(options)


@cli.command()
@click.argument("what")
@workspace_argument
@as_of_option
@click.option(
    "--direction",
    type=click.Choice(["affects", "affected-by"]),
    default="affects",
    show_default=True,
    help="What it affects, or what affects it.",
)
@click.option("--and", "also", multiple=True, metavar="WHAT", help="Another element that changes at the same time; repeatable.")
@click.option(
    "--change",
    type=click.Choice(["change", "removal", "addition"]),
    default="change",
    show_default=True,
    help="What happens to WHAT: a removal says what is left without it; an addition reads like a change.",
)
@click.option("--hops", type=click.IntRange(min=1), metavar="N", help="Go at most so many steps.")
@click.option("--why", metavar="NODE", help="Print every shortest path to this element as sentences.")
@click.option("--plan", is_flag=True, help="Write a planned change in Turtle, with a follow-up for each affected element.")
@click.option("--due", metavar="DATE", help="With --plan, the day by which the change is to be done.")
@click.option(
    "--output",
    default="text",
    show_default=True,
    metavar="FORMAT[=FILE]",
    help="text, json, csv, mermaid, dot or svg, to the screen or to a file; with --plan turtle.",
)
@endpoint_options
def impact(
    what: str, workspace: Sequence[str], as_of: str | None, direction: str, also: Sequence[str], change: str, hops: int | None,
    why: str | None, plan: bool, due: str | None, output: str, endpoint: str | None, graphs: Sequence[str], timeout: float | None,
) -> int:  # fmt: skip
    """Say what a change of WHAT affects, how far, along which path, and who must do what.

    WHAT is the IRI, the short name or the label of any element: "EU data residency", R-07, A.5.23. A step is a statement
    of the ISMS, such as "the risk is treated by the control". A path is as strong as its weakest step: strong, one rests
    on the other; moderate, look whether it has to change; weak, somebody should hear of it.

    \b
    isms impact "Amazon Web Services" my-isms --change removal
    isms impact "Ana Ruiz" my-isms --and "Bo Lind" --change removal
    isms impact R-07 my-isms --direction affected-by
    isms impact "EU data residency" my-isms --plan --output turtle=my-isms/change-residency.ttl
    isms impact "EU data residency" --endpoint https://example.org/sparql
    """
    from isms_graph.cli.impact import Question, run_impact
    from isms_graph.cli.store import Place

    place = Place(endpoint, graphs, timeout)
    return run_impact(Question((what, *also), workspace, as_of, direction, change, hops, why, plan, due, output, place))


@cli.command(name="what-if")
@click.argument("change", type=click.Path())
@workspace_argument
@as_of_option
@click.option("--stage", metavar="STAGE", help=f"Check for this stage of certification: {', '.join(STAGES)}.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@fail_on_gained_option
def what_if(change: str, workspace: Sequence[str], as_of: str | None, stage: str | None, output: str, fail_on: str) -> int:
    """Say what a proposed CHANGE would do: to elements, to what hangs on them, to findings and figures.

    CHANGE is a file with statements to add, in Turtle, TriG or JSON-LD, or a folder with the whole ISMS as proposed.
    It is applied in memory; nothing on disk changes. Where a property has one value, such as a status or a level, the
    new value takes the place of the old one. To take away: `[] isms:removes :supplier-x .` for an element with all
    that is said of it; in TriG, statements in the graph isms:removed.
    """
    from isms_graph.cli.changes import run_what_if

    return run_what_if(change, workspace, as_of, stage, output, fail_on)


@cli.command()
@click.argument("a", required=False)
@click.argument("b", required=False)
@click.option("--in", "workspace", metavar="WORKSPACE", type=click.Path(), help="The ISMS whose git revisions, or dates, are compared.")
@click.option(
    "--as-of", "dates", multiple=True, metavar="DATE", help="Compare as of this date; given twice, A at the first and B at the second."
)
@click.option("--stage", metavar="STAGE", help=f"Check for this stage of certification: {', '.join(STAGES)}.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@fail_on_gained_option
def diff(
    a: str | None, b: str | None, workspace: str | None, dates: Sequence[str], stage: str | None, output: str, fail_on: str
) -> int:  # fmt: skip
    """Compare A with B by element and property: what changed, what that affects, findings gained and lost.

    A and B are folders, files, or git revisions of the current folder (or of --in); `git:NAME` is always a revision.
    Without B, A is compared with the files as they are now.

    \b
    isms diff last-year this-year
    isms diff main --in my-isms
    isms diff --as-of 2026-11-23 --as-of 2027-05-23 --in my-isms
    """
    from isms_graph.cli.changes import run_diff

    return run_diff(a, b, workspace, dates, stage, output, fail_on)


@cli.command()
@click.argument("name", required=False)
@workspace_argument
@as_of_option
@click.option("-e", "text", metavar="SPARQL", help="Answer this query; all arguments are then the WORKSPACE.")
@click.option("-i", "--interactive", is_flag=True, help="Ask at a prompt; all arguments are then the WORKSPACE.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A value for a parameter of the query; repeatable.")
@click.option(
    "--output",
    metavar="FORMAT[=FILE]",
    help="table, csv, tsv, json, markdown, sparql-json, sparql-xml or xlsx=FILE; for CONSTRUCT and DESCRIBE turtle, ntriples, jsonld or "
    "rdfxml. Default: table or turtle, to the screen.",
)
@click.option("--labels/--iris", "labels", default=None, help="Names or IRIs of elements. Default: names in table, markdown and xlsx.")
@click.option("--list", "list_", is_flag=True, help="List the saved queries.")
@each_options
@endpoint_options
def query(
    name: str | None, workspace: Sequence[str], as_of: str | None, text: str | None, interactive: bool, params: Sequence[str],
    output: str | None, labels: bool | None, list_: bool, each: bool, jobs: int | None, dask: str | None,
    endpoint: str | None, graphs: Sequence[str], timeout: float | None,
) -> int:  # fmt: skip
    """Answer a saved question by NAME, or a SPARQL query of your own.

    NAME is a saved question, a file that ends in .rq, or - for standard input. Without it, in a terminal, there is a
    prompt with history and completion. The prefixes of the ISMS need no declaration, and : is its own namespace. A name
    that can match nothing is told, and so is, when there is no row, a pattern that matches nothing even alone.

    With --endpoint, a saved question fetches the organisation and is answered here, as it rests on what follows from the
    statements; a query of your own runs there as it is.

    \b
    isms query top-risks my-isms
    isms query my.rq my-isms --output xlsx=risks.xlsx
    isms query -e "SELECT ?risk ?level { ?risk isms:currentLevel ?level } ORDER BY DESC(?level)" my-isms
    isms query -i my-isms
    isms query risks-not-reviewed --each orgs/*/ --param months=6 --output csv
    """
    if each and not list_:
        from isms_graph.cli.portfolio import Means, run_query_each
        from isms_graph.cli.query import form

        if text is not None or interactive:
            raise UsageError("--each goes without -e and -i.")
        return run_query_each(name, workspace, as_of, params, form(output, labels), Means(jobs, dask))
    only_with_each(jobs=jobs, dask=dask)
    from isms_graph.cli.query import Asked, run_query
    from isms_graph.cli.store import Place

    place = Place(endpoint, graphs, timeout)
    return run_query(Asked(name, workspace, as_of, text, interactive, params, output, labels, list_, place))


@cli.command()
@click.argument("name", required=False)
@click.option(
    "--list", "list_", is_flag=False, flag_value="checks", metavar="[KIND]", help="List checks, queries, classes, properties or clauses."
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--in", "workspace", metavar="WORKSPACE", type=click.Path(path_type=Path), default=".",
    help="Show the standard's text from the licensed copy that isms.toml in this folder names. Default: the current folder.",
)  # fmt: skip
def explain(name: str | None, list_: str | None, output: str, workspace: Path) -> int:
    """Explain a check, query, class, property, clause or Annex A control: what it means, why, and what to do."""
    from isms_graph.cli.answers import run_explain

    return run_explain(name, list_, output, workspace)


@cli.command()
@workspace_argument
@as_of_option
@click.option("--stage", metavar="STAGE", help=f"Judge for this stage of certification: {', '.join(STAGES)}.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@endpoint_options
def status(
    workspace: Sequence[str], as_of: str | None, stage: str | None, output: str,
    endpoint: str | None, graphs: Sequence[str], timeout: float | None,
) -> int:  # fmt: skip
    """Give the verdict on the four verbs of clause 4.4, the progress by phase, and the roadmap."""
    from isms_graph.cli.answers import run_status
    from isms_graph.cli.store import Place

    return run_status(workspace, as_of, stage, output, Place(endpoint, graphs, timeout))


@cli.command(name="map")
@workspace_argument
@as_of_option
@click.option("--output", metavar="FORMAT[=FILE]", default="mermaid", show_default=True, help="mermaid or svg, to the screen or to a file.")
@endpoint_options
def map_(
    workspace: Sequence[str], as_of: str | None, output: str, endpoint: str | None, graphs: Sequence[str], timeout: float | None
) -> int:  # fmt: skip
    """Draw the processes and what they hand over, with gaps in red."""
    from isms_graph.cli.answers import run_map
    from isms_graph.cli.store import Place

    return run_map(workspace, as_of, output, Place(endpoint, graphs, timeout))


@cli.command()
@workspace_argument
@click.option("--endpoint", required=True, metavar="URL", help="The SPARQL endpoint of the store.")
@click.option("--update-endpoint", metavar="URL", help="Where it takes updates, if that is another address of the same server.")
@click.option("--graph-prefix", metavar="IRI", help="What the organisation is called there. Default: base in isms.toml, with graph/.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Wait so long for each request (30).")
@click.option("--dry-run", is_flag=True, help="Say what would be replaced, and write nothing.")
def push(
    workspace: Sequence[str], endpoint: str, update_endpoint: str | None, graph_prefix: str | None, timeout: float | None, dry_run: bool
) -> int:
    """Put the organisation of a WORKSPACE into a SPARQL store, in the place of what it had there.

    Each file becomes a named graph; all of them are replaced at once. The login comes from the environment
    (ISMS_ENDPOINT_TOKEN, or ISMS_ENDPOINT_USER and ISMS_ENDPOINT_PASSWORD) or ~/.netrc.

    \b
    isms push my-isms --endpoint http://localhost:7878/query --update-endpoint http://localhost:7878/update --dry-run
    """
    from isms_graph.cli.store import run_push

    return run_push(workspace, endpoint, update_endpoint, graph_prefix, timeout, dry_run)


@cli.command()
@click.argument("folder", type=click.Path())
@click.option("--endpoint", required=True, metavar="URL", help="The SPARQL endpoint of the store.")
@click.option("--graph", "graphs", multiple=True, metavar="IRI", help="The organisation, or a named graph; repeatable.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Wait so long for each query (30).")
def pull(folder: str, endpoint: str, graphs: Sequence[str], timeout: float | None) -> int:
    """Write an organisation of a SPARQL store into an empty FOLDER, a Turtle file for each graph."""
    from isms_graph.cli.store import Place, run_pull

    return run_pull(folder, Place(endpoint, graphs, timeout))


@cli.command()
@workspace_argument
@as_of_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; other than this machine's own only with --tokens."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--tokens", metavar="FILE", type=click.Path(), help="Who may ask; see `isms token`.")
@click.option(
    "--allow-host", "hosts", multiple=True, metavar="NAME", help="A name that the server is asked by, besides localhost; repeatable."
)
@click.option("--cors", multiple=True, metavar="ORIGIN", help="An origin whose pages may ask, such as https://example.org; repeatable.")
@click.option("--log", metavar="FILE", help="Write who asked what as JSON lines; - for the screen.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=NUMBER", help="A limit, such as seconds=5; repeatable.")
def serve(
    workspace: Sequence[str], as_of: str | None, host: str, port: int, tokens: str | None, hosts: Sequence[str], cors: Sequence[str],
    log: str | None, limits: Sequence[str],
) -> int:  # fmt: skip
    """Answer over HTTP: SPARQL at /sparql, findings, impact, status, saved queries; documented at /openapi.json.

    Only reads. Each query runs in a process of its own with limits of time and memory. Several folders are several
    workspaces, each under its name.

    \b
    isms serve data/harbour-saas
    isms token auditor >> tokens.toml
    isms serve one=isms/one two=isms/two --tokens tokens.toml --host 0.0.0.0
    """
    from isms_graph.cli.serve import run_serve

    return run_serve(workspace, as_of, host, port, tokens, hosts, cors, log, limits)


@cli.command()
@click.argument("name")
@click.option("--workspace", "workspaces", multiple=True, metavar="NAME", help="It sees only this workspace; repeatable. Default: all.")
@click.option(
    "--graph", "graphs", multiple=True, metavar="IRI", help="It sees only this named graph, and only with SPARQL; repeatable. Default: all."
)
@click.option("--expires", metavar="DATE", help="The last day on which it works, in UTC. Default: for ever.")
def token(name: str, workspaces: Sequence[str], graphs: Sequence[str], expires: str | None) -> int:
    """Make a bearer token for who is to ask the server; NAME says who that is, and stands in the log.

    Its entry for the server's file of tokens goes to standard output and holds only a digest. The token itself is shown
    once, on standard error.

    \b
    isms token auditor --workspace my-isms --expires 2027-01-31 >> tokens.toml
    """
    from isms_graph.cli.tokens import run_token

    return run_token(name, workspaces, graphs, expires)
