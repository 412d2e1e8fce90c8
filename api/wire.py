"""Messages between the server and the processes that hold an ISMS: two lengths, a JSON object, and bytes behind it."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any

_LENGTHS = struct.Struct("!IQ")
Message = tuple[dict[str, Any], bytes]


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """A message as bytes."""
    text = json.dumps(head).encode()
    return _LENGTHS.pack(len(text), len(body)) + text + body


def receive(sock: socket.socket) -> Message | None:
    """The next message; None if the other side is gone."""
    lengths = _exactly(sock, _LENGTHS.size)
    if lengths is None:
        return None
    head, body = _LENGTHS.unpack(lengths)
    text, rest = _exactly(sock, head), _exactly(sock, body)
    return None if text is None or rest is None else (json.loads(text), rest)


async def receive_from(reader: asyncio.StreamReader, most: int) -> Message:
    """The next message. Raises asyncio.IncompleteReadError if the other side is gone, ValueError if it sends over `most` bytes."""
    head, body = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    if head > most or body > most:
        raise ValueError("the message is too long")
    text = await reader.readexactly(head)
    return json.loads(text), await reader.readexactly(body)


def _exactly(sock: socket.socket, count: int) -> bytes | None:
    parts = []
    while count:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
