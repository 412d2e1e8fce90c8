"""Compiled shapes kept on disk between runs, as Python keeps compiled modules: beside the package, in `__pycache__`.

What is kept holds for exactly the shapes and the compiler that it was made of; where it does not, or cannot be read or
written, everything is compiled again. PYTHONDONTWRITEBYTECODE keeps Python and this module from writing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from pyoxigraph import NamedNode

from isms_graph.shacl.engine import Query
from isms_graph.shacl.model import Shape, ShapesGraph

_HERE = Path(__file__).resolve().parent


def key(files: Iterable[Path]) -> str:
    """What the shapes in some files and the compiler are known by: names, sizes and times of their files."""
    stats = [(str(path), stat.st_size, stat.st_mtime_ns) for path in (*files, *sorted(_HERE.glob("*.py"))) for stat in [path.stat()]]
    return hashlib.sha256(repr((stats, sys.version_info[:2])).encode()).hexdigest()


def _file(name: str) -> Path:
    return _HERE / "__pycache__" / f"shapes-{name[:16]}.json"


def load(shapes: ShapesGraph) -> None:
    """Put what was kept for the shapes into `shapes.prepared`."""
    try:
        content = json.loads(_file(shapes.key).read_text(encoding="utf-8"))
        if content["key"] != shapes.key:
            return
        for node, (target, queries, refused) in content["shapes"].items():
            compiled = [(Shape(NamedNode(name), shapes), Query(**query)) for name, query in queries]
            shapes.prepared[NamedNode(node)] = (target, compiled, refused)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        shapes.prepared.clear()


def save(shapes: ShapesGraph) -> None:
    """Keep what was compiled, if every shape that reports has a name; older files of other shapes go."""
    if sys.dont_write_bytecode:
        return
    content: dict[str, object] = {}
    for node, (target, queries, refused) in shapes.prepared.items():
        if not isinstance(node, NamedNode) or not all(isinstance(shape.node, NamedNode) for shape, _ in queries):
            continue
        content[node.value] = (target, [(shape.node.value, asdict(query)) for shape, query in queries], refused)
    file = _file(shapes.key)
    try:
        file.parent.mkdir(exist_ok=True)
        for old in file.parent.glob("shapes-*.json"):
            old.unlink()
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps({"key": shapes.key, "shapes": content}), encoding="utf-8")
        part.replace(file)
    except OSError:
        return
