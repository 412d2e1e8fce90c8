"""A workspace that is read again and again while its files change: only what a change can touch is done anew.

Files that did not change are not parsed again, and statements that did not change stay in the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pyoxigraph import Quad, Store

from isms_graph.errors import Problems
from isms_graph.graph import Isms, problems_in, without_class
from isms_graph.reasoning import Pairs, by_predicate, entailed, merged
from isms_graph.sources import workspace
from isms_graph.sources.workspace import Source, Workspace
from isms_graph.vocabulary import load_vocabulary

Signature = dict[Path, tuple[int, int]]


def signature(space: Workspace) -> Signature:
    """What tells whether a file changed: time and size of each file of the workspace, isms.toml included."""
    paths = [*space.files, space.root / workspace.CONFIG]
    return {path: (stat.st_mtime_ns, stat.st_size) for path in paths if path.is_file() for stat in [path.stat()]}


@dataclass
class Watched:
    """A workspace under watch."""

    paths: Sequence[str | Path]
    as_of: date | None = None
    _signature: Signature = field(default_factory=dict)
    _files: dict[Path, tuple[Source, Pairs]] = field(default_factory=dict)
    _statements: set[Quad] = field(default_factory=set)
    _store: Store = field(default_factory=Store)

    def changed(self) -> list[Path]:
        """The files that came, went or changed since the last refresh. Raises as `load` does."""
        now = signature(workspace.find(self.paths))
        return sorted(path for path in {*now, *self._signature} if now.get(path) != self._signature.get(path))

    def refresh(self) -> tuple[Isms, set[Quad]]:
        """The ISMS as it is now, and the statements that came or went since the last time.

        Raises as `load` does; the store is then as it was, and the files that are wrong are not looked at again before
        they change.
        """
        vocabulary, space = load_vocabulary(), workspace.find(self.paths)
        now, before = signature(space), self._signature
        self._signature = now
        config = space.root / workspace.CONFIG
        known = self._files if now.get(config) == before.get(config) else {}
        kept = {path: known[path] for path in space.files if path in known and now[path] == before.get(path)}
        self._files = kept  # what is wrong now is read again next time
        fresh = workspace.read(replace(space, files=[path for path in space.files if path not in kept]), vocabulary)
        read = {source.path: (source, by_predicate(source.quads)) for source in fresh}
        files = {path: kept.get(path) or read[path] for path in space.files}
        isms_ = Isms(space, [source for source, _ in files.values()], vocabulary, self._store, self.as_of or space.as_of or date.today())
        isms_.stage, isms_.as_of_origin = space.stage, "given" if self.as_of else "set in isms.toml" if space.as_of else "today"
        problems = [problem for source, pairs in read.values() for problem in problems_in(isms_, source, pairs)]
        if problems := [*problems, *without_class(isms_, files.values())]:
            raise Problems(problems)
        self._files = files
        statements = {quad for source, _ in files.values() for quad in workspace.in_default_graph(source)}
        statements.update(entailed(merged(vocabulary, (pairs for _, pairs in files.values())), vocabulary))
        statements.update(vocabulary.quads)
        came, went = statements - self._statements, self._statements - statements
        for quad in went:
            self._store.remove(quad)
        self._store.extend(came)
        self._statements = statements
        return isms_, came | went
