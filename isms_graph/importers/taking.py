"""Taking a register into a folder: the file, and its section in isms.toml. Nothing is written through a link, and never half a file."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isms_graph.errors import InputError, UsageError
from isms_graph.importers.imports import quoted
from isms_graph.sources.workspace import CONFIG


def declaration(name: str, section: str, folder: Path, base: str = "") -> str:
    """What isms.toml of a folder says with the section for the register `name` in it. Raises InputError if that cannot be joined.

    `section` is empty if the file is declared there already. `base` goes to the beginning.
    """
    config = folder / CONFIG
    before = config.read_text(encoding="utf-8") if config.exists() else ""
    if base:
        before = f"base = {quoted(base)}\n" + ("\n" + before if before else "")
    gap = "" if not before or not section else "\n" if before.endswith("\n") else "\n\n"
    text = before + gap + section
    added = tomllib.loads(section)
    if beside := [key for key in added if key != "tables"] + [one for one in added.get("tables", {}) if one != name]:
        message = f"the mapping also speaks of {', '.join(map(repr, beside))}."
        raise InputError(message, config, advice=f'Leave only the sections that begin with [tables."{name}" in it.')
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        advice = f'Write its tables as sections, such as [tables."{name}"], or put the mapping in by hand.'
        raise InputError("the section of the register does not fit into it.", config, advice=advice) from None
    return text


def take_in(file: Path, section: str, folder: Path, replace: bool, base: str = "") -> list[str]:
    """Copy the register into the folder, if it is not in it, and declare it in isms.toml, as `declaration` says. Returns what was done.

    Raises UsageError where another register would be lost, InputError for links, and for what cannot be written.
    """
    try:
        content = file.read_bytes()
        declaration(file.name, section, folder, base)  # before the folder is made
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            return _take_in(file, content, section, folder, replace, base)
    except OSError as error:
        raise InputError(f"the register cannot be taken in: {error.strerror}.", Path(error.filename or folder)) from None


def _take_in(file: Path, content: bytes, section: str, folder: Path, replace: bool, base: str) -> list[str]:
    done = []
    target, config = folder / file.name, folder / CONFIG
    text = declaration(file.name, section, folder, base)
    inside = file.resolve().is_relative_to(folder.resolve())  # it stays where it is, and is read there
    if not inside:
        _no_link(target)
        if target.exists() and target.read_bytes() != content and not replace:
            raise UsageError(f"{target} is there already and differs. --replace takes the new one.")
    if section or base:
        _no_link(config)
    if not inside:
        _put(target, content)
        done.append(f"{target} written")
    if section or base:
        _put(config, text.encode())
        done += [f"{config} names the namespace of your elements, {base}"] * bool(base) + [f"{config} declares it"] * bool(section)
    return done


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else takes a register into the folder meanwhile, where the system has locks that end with their process."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _no_link(path: Path) -> None:
    if path.is_symlink():
        advice = "Change the file that it leads to, or remove the link."
        raise InputError(f"the file is a link to {os.readlink(path)}, and nothing is written through a link.", path, advice=advice)


def _put(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that it is the old one or the new one at any moment, with the mode it has."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with new.open("xb") as file:
            file.write(content)
        if path.exists():
            shutil.copymode(path, new)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
