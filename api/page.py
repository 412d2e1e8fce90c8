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
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1b2733; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; } p.under { color: #566; margin-top: .2rem; }
textarea { width: 100%; box-sizing: border-box; font: 14px/1.4 ui-monospace, monospace; padding: .5rem; }
input, select, button { font: inherit; padding: .1rem .4rem; } form.saved { display: inline; }
li { margin: .35rem 0; } code { background: #eef2f5; padding: 0 .25rem; } .who { color: #566; font-size: .85rem; }
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
        f"<p><strong>The files cannot be read as they are now; this is the state before.</strong><br>{escape(site.trouble)}</p>"
        if site.trouble
        else ""
    )
    what = '<input name="what" required placeholder="a label or R-07">'
    body = f"""<h1>{escape(facts["name"] or site.name)}</h1>
<p class="under">{facts["statements"]:,} statements in {graphs}, as of {facts["as_of"]}. Read only.</p>{trouble}
<h2>Ask in SPARQL</h2>
<form action="{at}/sparql" method="get">
<p><label for="query">The prefixes isms:, iso27001:, rdfs:, skos: and others are declared already.</label></p>
<textarea id="query" name="query" rows="8" spellcheck="false">{escape(_EXAMPLE)}</textarea>
<p><label>Format <select name="format"><option>json</option><option>csv</option><option>tsv</option><option>xml</option></select></label>
<button>Ask</button></p></form>
<h2>What is here</h2>
<ul><li><a href="{at}/findings">Findings</a> of the checks that an auditor makes</li>
<li><a href="{at}/status">Status</a> by verb of clause 4.4 and by phase</li>
<li><a href="{at}/process-map.svg">Process map</a></li>
<li><form class="saved" action="{at}/impact"><label>Impact of a change of {what}</label> <button>Show</button></form></li>
<li><a href="/openapi.json">All routes</a> (OpenAPI)</li>
<li><a href="{at}/sparql?format=turtle">Description</a> of the service and its data (SPARQL, VoID)</li></ul>
<h2>Saved queries</h2>
{_saved(at)}"""
    return _html(facts["name"] or site.name, body)


def entrance(server: Server, token: Token | None) -> Response:
    """The page of a server with several workspaces: those that the one who asks may see."""
    seen = [site for site in server.sites if token is None or token.sees(site.name)]
    items = "\n".join(f'<li><a href="/{site.name}/">{escape(site.name)}</a></li>' for site in seen)
    return _html("Workspaces", f"<h1>Workspaces</h1><ul>{items}</ul>")


@cache
def _saved(at: str) -> str:
    return "<ul>\n" + "\n".join(_item(one, at) for one in questions().values()) + "\n</ul>"


def _item(one: Question, at: str) -> str:
    fields = "".join(_field(parameter) for parameter in one.parameters)
    asked = f'{escape(one.question)} <span class="who">{escape(one.audience)}</span>'
    if not fields:
        return f'<li><a href="{at}/queries/{one.name}">{asked}</a> (<a href="{at}/queries/{one.name}?format=csv">CSV</a>)</li>'
    return f'<li>{asked} <form class="saved" action="{at}/queries/{one.name}">{fields} <button>Ask</button></form></li>'


def _field(one: Parameter) -> str:
    value = " required" if one.default is None else f' value="{escape(one.default)}"'
    return f' <label title="{escape(one.description)}">{escape(one.name)} <input name="{escape(one.name)}"{value} size="14"></label>'


def _html(title: str, body: str) -> Response:
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body>{body}</body></html>"""
    return Response(text, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store", "Vary": "Accept, Authorization"})
