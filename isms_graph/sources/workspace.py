"""A workspace: the folder or files that hold one organisation's ISMS.

isms.toml, all of it optional
    base = "https://example.org/isms/"      the namespace of the organisation's own elements
    as-of = 2026-11-23                      the date to check at, instead of today
    stage = "surveillance"                  the stage to check for
    [tables."risks.csv"]
    class = "Risk"                          what each row of a CSV register, or of a sheet of a workbook, is; more in mapping.py
    [standard]
    text = "standard.csv"                   the licensee's own copy of the standard's text; see sources/standard.py
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, NamedNode, Quad, QuadParser, RdfFormat, parse

from isms_graph.errors import EmptyWorkspace, InputError, Problems
from isms_graph.namespaces import nearest
from isms_graph.sources import mapping
from isms_graph.sources.mapping import Table
from isms_graph.vocabulary import Vocabulary

if TYPE_CHECKING:
    from isms_graph.sources.tables import Cell, Read

CONFIG = "isms.toml"
STAGES = ("stage1", "stage2", "surveillance", "recertification")
_FORMATS = {
    ".ttl": RdfFormat.TURTLE, ".trig": RdfFormat.TRIG, ".nt": RdfFormat.N_TRIPLES, ".nq": RdfFormat.N_QUADS,
    ".jsonld": RdfFormat.JSON_LD,
}  # fmt: skip
RDF_SUFFIXES = tuple(_FORMATS)
TABLES = {".csv", ".xlsx"}
_UNREAD = {".rdf", ".owl", ".n3", ".xls", ".ods", *TABLES}
_KEYS = ("base", "as-of", "stage", "tables", "standard")
DEFAULT_BASE = "urn:isms:"
FILES = "urn:isms-graph:file:"


@dataclass
class Workspace:
    """What the folder says about itself, and which of its files are read."""

    root: Path
    files: list[Path]
    base: str = DEFAULT_BASE
    as_of: date | None = None
    stage: str | None = None
    tables: dict[str, tuple[Table, ...]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    standard: Path | None = None  # the standard's text; no file of the ISMS
    address: str = ""  # of the store that it was fetched from

    @property
    def name(self) -> str:
        """The folder, or the address of the store."""
        return self.address or str(self.root)

    def shown(self, path: Path) -> str:
        """The path as the user would type it from the workspace."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


@dataclass
class Source:
    """One file that was read: its statements, and the prefixes that it declares. Or one `graph` of a store.

    `reads` are the tables of a register, with the cell of each statement.
    """

    path: Path
    quads: list[Quad]
    prefixes: dict[str, str] = field(default_factory=dict)
    graph: str = ""
    reads: list[Read] = field(default_factory=list)

    @property
    def cells(self) -> Iterator[Cell]:
        """The cells of a register, each with its statement."""
        return (cell for read in self.reads for cell in read.cells)


def find(paths: Sequence[str | Path]) -> Workspace:
    """The workspace that a folder, or some files, make up. Raises InputError if a path is missing or isms.toml is wrong."""
    given = [Path(path) for path in (paths or ["."])]
    for path in given:
        must_exist(path)
    root = given[0] if given[0].is_dir() else given[0].parent
    workspace = configured(root)
    standard = workspace.standard.resolve() if workspace.standard else None
    seen: set[Path] = set()
    for path in given:
        for file in sorted(_walk(path)) if path.is_dir() else [path]:
            if file.resolve() in seen:
                continue
            seen.add(file.resolve())
            if file.suffix in _FORMATS or (file.suffix in TABLES and file.name in workspace.tables):
                workspace.files.append(file)
            elif file.resolve() == standard:
                continue
            elif file.suffix in _UNREAD:
                workspace.unread.append(workspace.shown(file))
            elif path == file:
                raise InputError(
                    f"files ending in {file.suffix!r} are not read.", file, advice=f"Known are {', '.join(_FORMATS)} and .csv."
                )
    for name in workspace.tables:
        if given[0].is_dir() and not any(file.name == name for file in workspace.files):
            raise InputError(f"the table {name!r} is declared and there is no such file.", root / CONFIG)
    if not workspace.files:
        raise EmptyWorkspace(
            "nothing was checked: there is no file of an ISMS here.",
            root,
            advice=f"A workspace holds files ending in {', '.join(_FORMATS)}, or .csv or .xlsx registers named in {CONFIG}.",
        )
    return workspace


def configured(root: Path) -> Workspace:
    """A folder with what isms.toml says of it, before its files are looked for. Raises InputError."""
    workspace = Workspace(root=root, files=[])
    _configure(workspace)
    return workspace


def must_exist(path: Path) -> None:
    """Raises InputError, with names that look alike, if there is no such file or folder."""
    if not path.exists():
        near = nearest(path.name, (p.name for p in path.parent.iterdir())) if path.parent.is_dir() else []
        advice = f"Did you mean {' or '.join(str(path.parent / name) for name in near)}?" if near else ""
        raise InputError("there is no such file or folder.", path, advice=advice)


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _configure(workspace: Workspace) -> None:
    path = workspace.root / CONFIG
    if not path.is_file():
        return
    try:
        settings: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the file is not valid TOML: {error}.", path) from None
    for key in settings:
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            raise InputError(
                f"there is no setting {key!r}.", path, advice=f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(_KEYS)}."
            )
    workspace.base = settings.get("base", DEFAULT_BASE)
    if not isinstance(workspace.base, str) or not _is_iri(workspace.base):
        raise InputError("'base' has to be an IRI such as \"https://example.org/isms/\".", path)
    as_of = settings.get("as-of")
    if as_of is not None and (not isinstance(as_of, date) or isinstance(as_of, datetime)):
        raise InputError("'as-of' has to be a date such as 2026-11-23, without quotes.", path)
    workspace.as_of = as_of
    workspace.stage = settings.get("stage")
    if workspace.stage is not None and workspace.stage not in STAGES:
        raise InputError(f"'stage' has to be one of {', '.join(STAGES)}.", path)
    declared = settings.get("tables", {})
    if not isinstance(declared, dict):
        raise InputError('the tables need a section each, such as [tables."risks.csv"].', path)
    for name, table in declared.items():
        workspace.tables[name] = mapping.tables(name, table, path)
    workspace.standard = _standard(settings.get("standard"), path, workspace.tables)


def _is_iri(text: str) -> bool:
    try:
        return ":" in NamedNode(text).value
    except ValueError:
        return False


def _standard(settings: Any, path: Path, registers: Iterable[str]) -> Path | None:
    """Where the standard's text lies, seen from isms.toml."""
    if settings is None:
        return None
    if not isinstance(settings, dict) or set(settings) != {"text"} or not isinstance(settings["text"], str) or not settings["text"].strip():
        raise InputError("'standard' needs a section with one line such as text = \"standard.csv\".", path)
    file = path.parent / settings["text"]
    if file.suffix != ".csv" or file.name in registers:
        raise InputError("the standard's text has to be a file of its own that ends in .csv, and no register.", path)
    return file


def read(workspace: Workspace, vocabulary: Vocabulary) -> list[Source]:
    """Every file of the workspace, parsed. Raises Problems with all that is wrong in all files."""
    sources: list[Source] = []
    problems: list[InputError] = []
    reads: dict[int, list[Read]] = {}  # of the tables, by the place of the source
    for path in workspace.files:
        try:
            if path.suffix in TABLES:
                from isms_graph.sources.registers import read_register

                reads[len(sources)] = read_register(path, workspace.tables[path.name], workspace.base, vocabulary)
                sources.append(Source(path, []))
            elif source := _parse(path, text_of(path), workspace.base, problems):
                sources.append(source)
        except InputError as error:
            problems.append(error)
    if reads:
        from isms_graph.sources.registers import complete

        problems.extend(complete(sources, reads, workspace.base, vocabulary))
    if problems:
        order = {path: number for number, path in enumerate(workspace.files)}
        raise Problems(sorted(problems, key=lambda one: order.get(one.path or Path(), -1)))
    return sources


def text_of(path: Path, encoding: str = "") -> str:
    """The text of a file; UTF-8, or UTF-16 where its first bytes say so, if no encoding is named. Raises InputError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", path) from None
    try:
        return data.decode(encoding or ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"))
    except UnicodeDecodeError as error:
        advice = "Save it as UTF-8; `iconv -f latin1 -t utf-8` converts many files."
        if path.suffix == ".csv":
            advice = f'Save it as UTF-8, or say encoding = "cp1252" under [tables."{path.name}"] in {CONFIG}.'
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the file is not {(encoding or 'utf-8').upper()} (byte {data[error.start]:#04x})."
        raise InputError(message, path, line, advice=advice) from None
    except (LookupError, ValueError):  # no such name, or none at all
        raise InputError(f"there is no encoding {encoding!r}.", path, advice="Usual ones are utf-8, latin-1 and cp1252.") from None


def _parse(path: Path, text: str, base: str, problems: list[InputError]) -> Source | None:
    try:
        parser: QuadParser = parse(text, format=_FORMATS[path.suffix], base_iri=base, rename_blank_nodes=True)
        return Source(path, list(parser), dict(parser.prefixes))
    except SyntaxError as error:
        if "LoadDocumentCallback" in str(error):
            advice = "Put the context into the file; nothing is fetched from the network."
            problems.append(InputError("the JSON-LD context is on the network.", path, advice=advice))
        else:
            reason = error.msg.partition(": ")[2] or error.msg
            problems.append(InputError(f"{reason}.", path, error.lineno, error.offset, advice=_hint(reason)))
        return None


def _hint(reason: str) -> str:
    if "dot is expected" in reason:
        return "A statement before this place is not ended by '.', or a ';' or ',' is missing."
    if "No scheme found" in reason:
        return "Write an absolute IRI, or declare @base."
    if "prefix" in reason.lower():
        return "Declare the prefix at the top: @prefix name: <https://...> ."
    return ""


def graph_name(workspace: Workspace, path: Path) -> NamedNode:
    """The name of the graph that holds a file's statements."""
    return NamedNode(f"{FILES}{workspace.shown(path)}".replace(" ", "%20"))


def in_default_graph(source: Source) -> Iterable[Quad]:
    """A file's statements without the names of graphs."""
    if source.path.suffix not in (".trig", ".nq", ".jsonld"):
        return source.quads
    return [Quad(quad.subject, quad.predicate, quad.object) for quad in source.quads]


def named_quads(workspace: Workspace, source: Source) -> Iterator[Quad]:
    """A file's statements, each in its file's graph, or in the graph that the file itself names."""
    graph = graph_name(workspace, source.path)
    for quad in source.quads:
        if isinstance(quad.graph_name, (NamedNode, BlankNode)):
            yield quad
        else:
            yield Quad(quad.subject, quad.predicate, quad.object, graph)
