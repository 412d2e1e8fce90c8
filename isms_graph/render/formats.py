"""The forms in which a check report can be written, by name."""

from __future__ import annotations

from isms_graph.findings import Report

FORMATS = ("text", "json", "json-lines", "sarif", "junit", "github", "gitlab", "markdown", "turtle")


def written(name: str, report: Report, fail_on: str) -> str:
    """The report in one of FORMATS but `text`, which needs to know the screen. Each form is imported when it is asked for."""
    import json

    if name == "sarif":
        from isms_graph.render.sarif import as_sarif

        return json.dumps(as_sarif(report), indent=2, ensure_ascii=False)
    if name == "turtle":
        from isms_graph.render.validation_report import as_turtle

        return as_turtle(report)
    if name.startswith("json"):
        from isms_graph.render.report_json import as_json, as_json_lines

        return as_json_lines(report) if name == "json-lines" else json.dumps(as_json(report), indent=2, ensure_ascii=False)
    from isms_graph.render import ci

    if name == "gitlab":
        return json.dumps(ci.gitlab(report), indent=2, ensure_ascii=False)
    if name == "junit":
        return ci.junit(report, fail_on)
    return ci.github(report) if name == "github" else ci.markdown(report)
