"""Where the ontology, shapes, queries and demonstration data lie: in the wheel, or in the repository."""

from __future__ import annotations

from pathlib import Path


def folder(name: str) -> Path:
    """The folder `ontology`, `shapes`, `queries` or `data`, as it ships with the package."""
    package = Path(__file__).resolve().parent
    for base in (package, package.parent):
        if (base / name).is_dir():
            return base / name
    raise FileNotFoundError(f"the package lacks its folder {name}/; install it again")


def ontology_files() -> list[Path]:
    """Every file of the ontology."""
    return sorted(folder("ontology").glob("*.ttl"))


def shape_files() -> list[Path]:
    """Every file of checks, without examples and without the shapes about shapes."""
    root = folder("shapes")
    return sorted(path for path in root.glob("*/*.ttl") if path.parent.name != "examples")


def font_file(name: str) -> Path:
    """A font that documents embed."""
    return Path(__file__).resolve().parent / "exporters" / "fonts" / name
