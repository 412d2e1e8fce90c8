"""The page for people with a browser: what is here, a box for a query, and the saved queries. No script, nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from html import escape

from fastapi import Request, Response

from isms_graph.queries import Parameter, Question, questions

from .server import Server
from .sites import Site
from .tokens import Token

_STYLE = """
:root { --ink: #1b2733; --soft: #5a6875; --line: #d9dfe5; --link: #0b5cad; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto 4rem; padding: 0 1rem; color: var(--ink); }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; } p { margin: .4rem 0; }
.soft { color: var(--soft); font-size: .9rem; } .trouble { border-left: 4px solid #b3261e; padding: .3rem .8rem; background: #fdf1f0; }
a { color: var(--link); text-decoration: none; } a:hover, a:focus { text-decoration: underline; }
textarea, input, select, button { font: inherit; border: 1px solid #9aa7b3; border-radius: 4px; padding: .15rem .5rem; background: #fff; }
textarea { width: 100%; box-sizing: border-box; font: 14px/1.5 ui-monospace, monospace; padding: .6rem; }
button { background: #eef2f6; cursor: pointer; } button.main { background: var(--link); border-color: var(--link); color: #fff; }
ul { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
li { display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: center; padding: .45rem 0; border-bottom: 1px solid var(--line); }
li > :first-child { flex: 1 1 24rem; } li .soft { display: block; font-size: .85rem; } li form { white-space: nowrap; }
""".strip()
_EXAMPLE = """SELECT ?risk ?label WHERE {
  ?risk a isms:Risk ; rdfs:label ?label .
} ORDER BY ?label LIMIT 20"""


def page(server: Server, site: Site, request: Request) -> Response:
    """The page of a workspace."""
    del request
    at = "" if len(server.sites) == 1 else f"/{site.name}"
    facts = site.now.facts
    graphs = f"{facts['graphs']} file{'s' if facts['graphs'] != 1 else ''}"
    trouble = (
        '<p class="trouble"><strong>The files cannot be read as they are now; this is the state before.</strong><br>'
        f"{escape(site.trouble)}</p>"
        if site.trouble
        else ""
    )
    what = '<input name="what" required placeholder="a name, or R-07" aria-label="element" size="16">'
    body = f"""<h1>{escape(facts["name"] or site.name)}</h1>
<p class="soft">{facts["statements"]:,} statements in {graphs}, as of {facts["as_of"]}. Read only.</p>{trouble}
<h2><label for="query">Ask in SPARQL</label></h2>
<form action="{at}/sparql" method="get">
<textarea id="query" name="query" rows="6" spellcheck="false">{escape(_EXAMPLE)}</textarea>
<p class="soft">isms:, iso27001:, rdfs:, skos: and the like need no PREFIX.</p>
<p><label>Answer as <select name="format"><optgroup label="Rows">{_options("json", "csv", "tsv", "xml")}</optgroup>
<optgroup label="CONSTRUCT and DESCRIBE">{_options("turtle", "jsonld")}</optgroup></select></label>
<button class="main">Ask</button></p></form>
<h2>What is here</h2>
<ul><li><span><a href="{at}/findings">Findings</a> of the checks that an auditor makes</span></li>
<li><span><a href="{at}/status">Status</a>: is the ISMS established, implemented, maintained, improved?</span></li>
<li><span><a href="{at}/process-map.svg">Process map</a>: what the processes hand over, gaps in red</span></li>
<li><span>Impact: what does a change affect?</span> <form action="{at}/impact">{what} <button>Ask</button></form></li>
<li><span><a href="/openapi.json">All routes</a> (OpenAPI)</span></li>
<li><span><a href="{at}/sparql?format=turtle">Description</a> of the service and its graphs (SPARQL, VoID)</span></li></ul>
<h2>Saved queries</h2>
{_saved(at)}"""
    return _html(facts["name"] or site.name, body)


def _options(*names: str) -> str:
    return "".join(f"<option>{name}</option>" for name in names)


def entrance(server: Server, token: Token | None) -> Response:
    """The page of a server with several workspaces: those that the one who asks may see."""
    seen = [site for site in server.sites if token is None or token.sees(site.name)]
    items = "\n".join(f'<li><a href="/{site.name}/">{escape(site.name)}</a></li>' for site in seen)
    return _html("Workspaces", f"<h1>Workspaces</h1>\n<ul>{items}</ul>")


@cache
def _saved(at: str) -> str:
    return "<ul>\n" + "\n".join(_item(one, at) for one in questions().values()) + "\n</ul>"


def _item(one: Question, at: str) -> str:
    asked = f'<span>{escape(one.question)} <span class="soft">{escape(one.audience)}</span></span>'
    fields = " ".join(_field(parameter) for parameter in one.parameters)
    buttons = '<button>Ask</button> <button name="format" value="csv">CSV</button>'
    return f'<li>{asked} <form action="{at}/queries/{one.name}">{fields} {buttons}</form></li>'


def _field(one: Parameter) -> str:
    value = " required" if one.default is None else f' value="{escape(one.default)}"'
    return f'<label title="{escape(one.description)}">{escape(one.name)} <input name="{escape(one.name)}"{value} size="10"></label>'


def _html(title: str, body: str) -> Response:
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body>{body}</body></html>"""
    return Response(text, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store", "Vary": "Accept, Authorization"})
