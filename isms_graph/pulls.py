"""Moving an organisation out of a SPARQL store into files: one file for each graph, always the same for the same statements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from pyoxigraph import CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, serialize

from isms_graph.errors import InputError
from isms_graph.exchange import blank
from isms_graph.namespaces import PREFIXES, RDF_TYPE, local_name
from isms_graph.sources.workspace import CONFIG, DEFAULT_BASE
from isms_graph.stores import Content, base_of

_SAFE = re.compile(r"[\w][\w .+-]*")


def files_of(content: Content) -> dict[str, str]:
    """The files by their path: Turtle for each graph, TriG for a graph that has a name of its own, and isms.toml."""
    base = base_of(content)
    prefixes = dict(PREFIXES) if base == DEFAULT_BASE else {**PREFIXES, "": base}
    texts: dict[str, str] = {}
    for number, (graph, quads) in enumerate(content.graphs.items(), 1):
        organisation = next((one.organisation for one in content.markers if graph in one.graphs), None)
        own_name = organisation is not None and not graph.startswith(organisation)
        stem = graph.removeprefix(organisation) if organisation and not own_name else local_name(graph)
        path = _path(stem, ".trig" if own_name else ".ttl", number, texts)
        texts[path] = _text(quads, prefixes, own_name, f"g{number}x")
    lines = [] if base == DEFAULT_BASE else [f"base = {_toml(base)}"]
    if len(content.markers) == 1:
        lines += [f"as-of = {content.markers[0].as_of}"] if re.fullmatch(r"\d{4}-\d\d-\d\d", content.markers[0].as_of) else []
        lines += [f"stage = {_toml(content.markers[0].stage)}"] if content.markers[0].stage else []
    return {**({CONFIG: "\n".join(lines) + "\n"} if lines else {}), **texts}


def must_be_empty(folder: Path) -> None:
    """Raises InputError if there is something in the folder besides git's own, or it is none."""
    if folder.exists() and (not folder.is_dir() or any(one.name != ".git" for one in folder.iterdir())):
        raise InputError("there is something here already, and nothing is written over.", folder, advice="Name a new folder.")


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a folder that is empty or not there yet. Raises InputError."""
    must_be_empty(folder)
    try:
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as out:
                out.write(text)
    except OSError as error:
        raise InputError(f"the files cannot be written: {error.strerror}.", folder) from None


def _text(quads: Iterable[Quad], prefixes: dict[str, str], own_name: bool, foreign: str) -> str:
    dataset = Dataset(blank(quads, foreign))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    ordered = sorted(dataset, key=lambda quad: (str(quad.subject), quad.predicate != RDF_TYPE, str(quad.predicate), str(quad.object)))
    statements: Iterable[object] = ordered if own_name else [quad.triple for quad in ordered]
    used = {iri for quad in ordered for iri in _iris(quad)}
    wanted = {prefix: iri for prefix, iri in sorted(prefixes.items()) if any(one.startswith(iri) for one in used)}
    written = serialize(statements, format=RdfFormat.TRIG if own_name else RdfFormat.TURTLE, prefixes=wanted)  # type: ignore[arg-type]
    lines = (written or b"").decode().splitlines(keepends=True)
    declared = [text for text in lines if text.startswith("@prefix ")]
    return "".join([*sorted(declared), *lines[len(declared) :]])


def _iris(quad: Quad) -> Iterable[str]:
    for term in (quad.subject, quad.predicate, quad.object):
        if isinstance(term, NamedNode):
            yield term.value
        elif datatype := getattr(term, "datatype", None):
            yield datatype.value


def _path(stem: str, suffix: str, number: int, taken: Mapping[str, str]) -> str:
    """A path inside the folder. The names come from the store, which may not lead anywhere else, nor hide a file."""
    parts = PurePosixPath(unquote(stem)).parts
    path = "/".join(parts)
    if not parts or not all(_SAFE.fullmatch(part) for part in parts) or len(path) > 200:
        path = f"graph-{number}"
    path = path if path.endswith(suffix) else path + suffix
    folded = {one.casefold() for one in taken}
    inside = any(one.startswith(f"{path.casefold()}/") or path.casefold().startswith(f"{one}/") for one in folded)
    return f"graph-{number}{suffix}" if inside or path.casefold() in folded else path


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
