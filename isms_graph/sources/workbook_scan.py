"""What a workbook hides from its reader: how much it expands to, formulas without a value, and values that are errors.

A small file can hold sheets that fill the memory, and its directory may lie about their size. So the parts are unpacked
here bit by bit, with the size counted, before the reader sees them.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from isms_graph.errors import InputError
from isms_graph.sources.sheet import Faults

MAX_EXPANDED = 100_000_000  # bytes that the parts of a workbook may take when unpacked
MAX_CELLS = 500_000  # cells in all sheets that are read, and cells of the area that they span
MAX_TEXT = 20_000_000  # characters in these cells
MAX_ELEMENTS = 1_500_000  # of XML
MAX_MERGED = 10_000  # areas of cells
MAX_RUN = 1_000_000  # bytes without a tag; the parser's time grows with their square
_CHUNK = 1 << 16
# What the modules for zip files and XML raise where a file is damaged or packed in another way; EOFError where it ends too early.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError, expat.ExpatError)
_TOO_LARGE = "Keep the register alone in a workbook."


class Opened:
    """A workbook as a zip file, with the names of its sheets and their parts, and which are hidden.

    Raises InputError for what is no workbook.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hidden: set[str] = set()
        self._expanded = self._elements = self._merged = 0
        self._cells = 0
        self._characters = 0
        try:
            self._zip = zipfile.ZipFile(path)
            self.sheets = self._sheets()
            if "xl/styles.xml" in self._zip.namelist():
                self._parse("xl/styles.xml", None, None, None)
        except (OSError, KeyError, *_BROKEN):
            advice = "Save it as .xlsx, without a password."
            raise InputError("the file is not a workbook in the format .xlsx.", path, advice=advice) from None
        self._strings: list[int] | None = None

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def scan(self, sheet: str) -> Faults:
        """Count the cells of a sheet and find its faults. Raises InputError when the sheet is too large."""
        faults = Faults()
        reader = _Sheet(self, faults, self._lengths())
        try:
            self._parse(self.sheets[sheet], reader.start, reader.end, reader.text)
        except (OSError, KeyError, *_BROKEN) as error:
            message = f"the sheet {sheet!r} of the workbook is damaged: {str(error) or 'it ends too early'}."
            raise InputError(message, self.path, advice="Open it in a spreadsheet program and save it anew.") from None
        self._count(0, reader.area)
        return faults

    def scan_all(self) -> None:
        """Count every part, for a reader that takes in all of the workbook. Raises InputError when it is too large or damaged."""
        for part in self._zip.namelist():
            try:
                if part.endswith((".xml", ".rels", ".vml")):
                    self._parse(part, None, None, None)
                else:
                    for _ in self._unpacked(part):
                        pass
            except (OSError, KeyError, *_BROKEN) as error:
                raise InputError(f"the part {part} of the workbook is damaged: {str(error) or 'it ends too early'}.", self.path) from None

    def _count(self, characters: int, area: int = 0) -> None:
        self._characters += characters
        if self._characters > MAX_TEXT:
            raise InputError(f"the workbook holds more than {MAX_TEXT // 1_000_000} million characters.", self.path)
        if max(self._cells, area) > MAX_CELLS:
            raise InputError(f"the sheets that are read have more than {MAX_CELLS:,} cells.", self.path, advice=_TOO_LARGE)

    def cell(self, characters: int) -> None:
        """Count one cell."""
        self._cells += 1
        self._count(characters)

    def merged(self) -> None:
        """Count one merged area."""
        self._merged += 1
        if self._merged > MAX_MERGED:
            raise InputError(f"the sheets that are read have more than {MAX_MERGED:,} merged areas.", self.path, advice="Take them apart.")

    def _lengths(self) -> list[int]:
        """How long each of the strings is that cells share."""
        if self._strings is None:
            lengths: list[int] = []
            if "xl/sharedStrings.xml" in self._zip.namelist():

                def start(name: str, _: dict[str, str]) -> None:
                    if name.rsplit(":", 1)[-1] == "si":
                        lengths.append(0)

                def text(data: str) -> None:
                    if lengths:
                        lengths[-1] += len(data)

                self._parse("xl/sharedStrings.xml", start, None, text)
            self._strings = lengths
        return self._strings

    def _unpacked(self, part: str) -> Iterator[bytes]:
        with self._zip.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                self._expanded += len(chunk)
                if self._expanded > MAX_EXPANDED:
                    message = f"the workbook takes more than {MAX_EXPANDED // 1_000_000} MB when unpacked."
                    raise InputError(message, self.path, advice=_TOO_LARGE)
                yield chunk

    def _chunks(self, part: str) -> Iterator[bytes]:
        run = 0
        for chunk in self._unpacked(part):
            tag = chunk.rfind(b"<")
            run = len(chunk) - tag if tag >= 0 else run + len(chunk)
            if run > MAX_RUN:
                raise InputError(f"the part {part} is no sheet as a spreadsheet program writes it.", self.path)
            yield chunk

    def _parse(self, part: str, start: Any, end: Any, text: Any) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True

        def refuse(*_: object) -> None:
            raise InputError(f"the part {part} declares a document type; no spreadsheet program writes that.", self.path)

        def count(name: str, attributes: dict[str, str]) -> None:
            self._elements += 1
            if self._elements > MAX_ELEMENTS:
                raise InputError(f"the workbook has more than {MAX_ELEMENTS:,} entries.", self.path, advice=_TOO_LARGE)
            if start:
                start(name, attributes)

        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = count, end, text
        for chunk in self._chunks(part):
            parser.Parse(chunk)
        parser.Parse(b"", True)

    def _sheets(self) -> dict[str, str]:
        """The names of the sheets with the parts that hold them."""
        sheets: dict[str, str] = {}
        targets: dict[str, str] = {}

        def relation(_: str, attributes: dict[str, str]) -> None:
            if "Id" in attributes and "Target" in attributes:
                target = attributes["Target"]
                targets[attributes["Id"]] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

        def sheet(name: str, attributes: dict[str, str]) -> None:
            if name.rsplit(":", 1)[-1] == "sheet":
                key = next((value for key, value in attributes.items() if key.rsplit(":", 1)[-1] == "id"), "")
                if key in targets:
                    sheets[attributes["name"]] = targets[key]
                    if attributes.get("state", "visible") != "visible":
                        self.hidden.add(attributes["name"])

        self._parse("xl/_rels/workbook.xml.rels", relation, None, None)
        self._parse("xl/workbook.xml", sheet, None, None)
        return {name: part for name, part in sheets.items() if part in self._zip.namelist()}


class _Sheet:
    """Handlers for the elements of a sheet."""

    def __init__(self, opened: Opened, faults: Faults, lengths: list[int]) -> None:
        self._opened, self._faults, self._lengths = opened, faults, lengths
        self._cell = self._type = ""
        self._value: list[str] = []
        self._formula = self._in_value = False
        self._row = self._column = 0
        self._last_row = self._last_column = 0

    @property
    def area(self) -> int:
        return self._last_row * self._last_column

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rsplit(":", 1)[-1]
        if local == "c":
            self._place(attributes.get("r", ""))
            self._type = attributes.get("t", "")
            self._value, self._formula = [], False
        elif local in ("v", "t", "is"):
            self._in_value = local != "is"
            self._last_row = max(self._last_row, self._row)
            self._last_column = max(self._last_column, self._column)
        elif local == "f":
            self._formula = True
        elif local == "mergeCell":
            self._opened.merged()
        elif local == "row":
            self._row = int(attributes["r"]) if attributes.get("r", "").isdigit() else self._row + 1
            self._column = 0

    def _place(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        if letters and letters.isalpha() and len(reference) > len(letters):
            self._column = 0
            for letter in letters.upper():
                self._column = self._column * 26 + ord(letter) - 64
            self._row = int(reference[len(letters) :])
            self._cell = reference
        else:
            self._column += 1
            self._cell = ""

    def _shared(self, value: str) -> int:
        try:
            return self._lengths[int(value)]
        except (ValueError, IndexError):
            return len(value)

    def text(self, data: str) -> None:
        if self._in_value:
            self._value.append(data)

    def end(self, name: str) -> None:
        local = name.rsplit(":", 1)[-1]
        if local in ("v", "t"):
            self._in_value = False
        elif local == "c":
            value = "".join(self._value)
            if value:
                length = len(value)
                if self._type == "s":
                    length = self._shared(value)
                self._opened.cell(length)
                if self._type == "e":
                    self._faults.errors[self._cell] = value
            elif self._formula and self._type != "str":
                self._faults.not_calculated.append(self._cell)
