"""Workbooks as raw parts, for what no spreadsheet library writes."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    "</Types>"
)
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'


def sheet(rows: str, after: str = "") -> str:
    """A sheet with rows."""
    return f"<worksheet {_MAIN}><sheetData>{rows}</sheetData>{after}</worksheet>"


def shared(strings: str) -> str:
    """The part of strings that cells share."""
    return f"<sst {_MAIN}>{strings}</sst>"


def write(path: Path, page: str, strings: str = "", styles: str = "", lie: bool = False) -> Path:
    """A workbook with one sheet called S. With `lie` its directory says that the sheet has 1,000 bytes."""
    main = f'<Relationships {_RELATIONS}><Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    named = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    parts = (
        f'<Relationships {_RELATIONS}><Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", _TYPES)
        file.writestr("_rels/.rels", main)
        file.writestr("xl/workbook.xml", f'<workbook {_MAIN} xmlns:r="{_OFFICE}">{named}</workbook>')
        file.writestr("xl/_rels/workbook.xml.rels", parts)
        file.writestr("xl/worksheets/sheet1.xml", page)
        if strings:
            file.writestr("xl/sharedStrings.xml", strings)
        if styles:
            file.writestr("xl/styles.xml", styles)
    if lie:
        path.write_bytes(path.read_bytes().replace(struct.pack("<I", len(page)), struct.pack("<I", 1000)))
    return path
