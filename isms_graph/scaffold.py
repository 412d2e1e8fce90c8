"""A new workspace: what an organization of a size and sector begins its ISMS with, made from the templates in templates/.

`any` holds what every organization gets, `<band>` what those of one size band get, `from-<band>` what those of it and of
larger ones get, `sectors/<sector>` what is suggested in a sector. Files of one name are joined: the first brings its
head, the others what comes after theirs.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from isms_graph.assessment import band_of, months_before
from isms_graph.errors import UsageError
from isms_graph.namespaces import isms, local_name
from isms_graph.resources import folder
from isms_graph.vocabulary import Vocabulary, load_vocabulary

GENERAL = "general"  # the sector for which nothing is added
SECTORS = (GENERAL, "software", "health", "finance", "manufacturing", "public")
_BASE = "https://organization.example/isms/"  # as it stands in the templates
_SOA_COLUMNS = (
    "id", "name", "part of", "for control", "applicable", "justification", "included because of", "implementation status", "owner",
    "realised by",
)  # fmt: skip


def new_workspace(name: str, people: int, sector: str, start: date) -> dict[str, str]:
    """The files of a new workspace by their names. Nothing in them claims to be done. Raises UsageError."""
    vocabulary = load_vocabulary()
    files: dict[str, str] = {}
    for part in _folders(vocabulary, people, sector):
        for path in sorted(part.iterdir()):
            text = path.read_text(encoding="utf-8")
            file = ".gitignore" if path.name == "gitignore" else path.name
            files[file] = files[file] + _without_head(path, text) if file in files else text
    values = {**_written(name), "{headcount}": str(people), **_dates(vocabulary, people, start)}
    for file, text in files.items():
        text = text.replace(_BASE, f"https://{_host(name)}.example/isms/").replace('"{headcount}"^^xsd:integer', "{headcount}")
        files[file] = re.sub("|".join(map(re.escape, values)), lambda found: values[found[0]], text)
    files["soa.csv"] = _soa(vocabulary)
    return dict(sorted(files.items()))


def _folders(vocabulary: Vocabulary, people: int, sector: str) -> Iterator[Path]:
    """The folders of templates that apply, the general ones first."""
    root, own = folder("templates"), band_of(vocabulary, people)
    bands = sorted(vocabulary.instances(isms("SizeBand")), key=lambda band: int(vocabulary.text(band, isms("headcountFrom"))))
    reached = [local_name(band.value).lower() for band in bands[: bands.index(own) + 1]]
    names = ["any", *(f"from-{band}" for band in reached), reached[-1], *([] if sector == GENERAL else [f"sectors/{sector}"])]
    return (root / name for name in names if (root / name).is_dir())


def _without_head(path: Path, text: str) -> str:
    """What is joined to a file: Turtle without its prefixes, a table without its headers."""
    if path.suffix == ".csv":
        return text.partition("\n")[2]
    return "\n" + text.partition("\n\n")[2]


def _written(name: str) -> dict[str, str]:
    """The name as it stands within quotes in Turtle."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("the name of the organization is not valid text.") from None
    if not name.strip():
        raise UsageError("the name of the organization is empty.")
    return {"{name}": str(Literal(name.strip()))[1:-1]}


def _host(name: str) -> str:
    """A name for the namespace, in letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "organization"


def _dates(vocabulary: Vocabulary, people: int, start: date) -> dict[str, str]:
    """When what is planned takes place, within the time that is typical at this size."""
    band = band_of(vocabulary, people)
    typical = next(one for one in vocabulary.instances(isms("TypicalDuration")) if band in vocabulary.named(one, isms("typicalFor")))
    ready = int(vocabulary.text(typical, isms("monthsTo")))
    months = {"{start}": 0, "{assessment}": ready // 3, "{audit}": ready - 2, "{review}": ready - 1, "{cycle-end}": ready + 36}
    try:
        return {key: months_before(start, -after).isoformat() for key, after in months.items()}
    except ValueError:
        raise UsageError(f"the date {start} is too late to plan from.") from None


def _soa(vocabulary: Vocabulary) -> str:
    """A line for each control of Annex A, undecided."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_SOA_COLUMNS)

    def order(control: NamedNode) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", vocabulary.text(control, isms("number")))]

    for control in sorted(vocabulary.instances(isms("AnnexAControl")), key=order):
        number = vocabulary.text(control, isms("number"))
        rows.writerow((f"soa-{number}", vocabulary.label(control), "soa", number, *[""] * (len(_SOA_COLUMNS) - 4)))
    return out.getvalue()
