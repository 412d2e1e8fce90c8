"""The exceptions of isms-graph, in one tree.

IsmsError
├── InputError        a file of the workspace cannot be read or trusted  -> exit 2
│   ├── Problems      several of them, found in one pass
│   ├── EmptyWorkspace nothing was found that could be checked
│   └── EndpointError a SPARQL endpoint does not answer, or not as it should
│       └── CutAnswer it gives a part of the answer only
├── UsageError        the command or call asks for something that is not there  -> exit 2
│   ├── UnknownName   no such check, query, element ...; carries the nearest names
│   └── AmbiguousName several elements answer to the name; carries them
├── CatalogueError    a shipped or added shape or query is ill-formed  -> exit 3
└── MissingExtra      an optional package is not installed  -> exit 2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class IsmsError(Exception):
    """Any error that isms-graph raises on purpose. `str()` is the sentence for the user."""


@dataclass(eq=False)
class InputError(IsmsError):
    """A file of the workspace is wrong at a place; `advice` says what to try.

    In a workbook `sheet` and `cell` say where, such as Risks and D5, or `row 5` for a whole row.
    """

    message: str
    path: Path | None = None
    line: int | None = None
    column: int | None = None
    advice: str = ""
    sheet: str = ""
    cell: str = ""
    at: int = -1  # the column of a table, from 0

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        if self.sheet:
            where += f": {self.sheet}!{self.cell}" if where else f"{self.sheet}!{self.cell}"
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} {self.advice}".rstrip()


SHOWN = 30  # problems that are printed


class Problems(InputError):
    """Every problem of the workspace that one pass found, in the order of files and lines."""

    def __init__(self, problems: Sequence[InputError]) -> None:
        super().__init__(f"{len(problems)} problem(s) in the input")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        shown = [str(problem) for problem in self.problems[:SHOWN]]
        more = len(self.problems) - SHOWN
        return "\n".join(
            [*shown, *([f"and {more} more problems like these; mend the first ones, or ask for another folder."] if more > 0 else [])]
        )


class EmptyWorkspace(InputError):
    """There is nothing to check; an empty ISMS must never pass."""


class EndpointError(InputError):
    """A SPARQL endpoint cannot be reached, refuses, or does not answer as it should."""


class CutAnswer(EndpointError):
    """A SPARQL endpoint gives a part of the answer only, as it bounds what it gives."""


class UsageError(IsmsError):
    """The call asks for something that does not exist or does not fit."""


class UnknownName(UsageError):
    """No `kind` answers to `name`; `nearest` are the names that come closest."""

    def __init__(self, kind: str, name: str, nearest: Sequence[str] = (), hint: str = "") -> None:
        self.kind, self.name, self.nearest = kind, name, tuple(nearest)
        near = f" Did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"There is no {kind} {name!r}.{near}{' ' + hint if hint else ''}")


class AmbiguousName(UsageError):
    """Several elements answer to `name`; `candidates` are (IRI, label) pairs."""

    def __init__(self, name: str, candidates: Sequence[tuple[str, str]]) -> None:
        self.name, self.candidates = name, tuple(candidates)
        lines = "\n".join(f"  {iri}  {label}" for iri, label in self.candidates)
        super().__init__(f"{name!r} is the name of {len(self.candidates)} elements; say which by its IRI:\n{lines}")


class CatalogueError(IsmsError):
    """A shape or saved query of the catalogue is ill-formed; a defect of the catalogue, not of the ISMS."""


class MissingExtra(IsmsError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs more packages: pip install 'isms-graph[{extra}]'")
