"""HTTP/1.1 for clients that cannot be trusted to hurry: uvicorn's protocol, with an end to waiting.

Uvicorn waits for ever for the end of a request's headers, for the rest of a body that the application did not read, and
for a client that does not take its answer. Each of these keeps a connection, and with it memory, for as long as somebody
wants (slow loris). How long a body may take that the application reads is for the application to say.
"""

from __future__ import annotations

import asyncio
import json
import sys
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from .problems import MEDIA_TYPE, Problem

_LATE = Problem(408, "The request did not arrive in time.", "Send the request in one piece.")
_ADVICE = {431: "Send fewer or shorter headers; send a long query in the body of a POST."}


def impatient(seconds: float) -> type[H11Protocol]:
    """A protocol for `uvicorn.Config(http=...)` that waits so long, but not longer, for a client."""
    return type("Impatient", (_Impatient,), {"patience": seconds})


class _Impatient(H11Protocol):
    patience: float
    _deadline: asyncio.TimerHandle | None = None  # for what the client has to send
    _stalled: asyncio.TimerHandle | None = None  # for what the client has to take
    _fresh = True  # no request has arrived on this connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # hear of everything that the client has not taken yet
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fresh = False
        for timer in (self._deadline, self._stalled, self.timeout_keep_alive_task):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self.patience, self._look, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or too long. Uvicorn calls this while it handles h11's error, which knows the status."""
        status = getattr(sys.exception(), "error_status_hint", 400)
        self._refuse(Problem(status, f"{msg.rstrip('.')}: {HTTPStatus(status).phrase.lower()}.", _ADVICE.get(status, "")))

    def _watch(self) -> None:
        """Keep a deadline while the client owes something, counted from when it began to; take it away when it delivered."""
        self._fresh = self._fresh and self.conn.their_state is h11.IDLE
        if self.transport.is_closing() or not self._owes():
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.patience, self._too_late)

    def _owes(self) -> bool:
        if self.conn.their_state is h11.IDLE:  # headers; between requests a connection may rest, for which uvicorn has a time
            return self._fresh or bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE  # a body that was not waited for

    def _too_late(self) -> None:
        self._deadline = None
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(_LATE)
        else:  # nothing was asked, or it was answered
            self.transport.close()

    def _look(self, before: int) -> None:
        """Give up on a client that took nothing of its answer since the last look."""
        left = self.transport.get_write_buffer_size()
        if left >= before:
            self.transport.abort()  # not close, which waits until all is taken
        else:
            self._stalled = self.loop.call_later(self.patience, self._look, left)

    def _refuse(self, problem: Problem) -> None:
        if self.cycle is not None and not self.cycle.response_complete:  # the application has nobody to answer any more
            self.cycle.disconnected = True
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps(problem.body()).encode()
            head = self.conn.our_state is h11.SEND_RESPONSE and self.scope["method"] == "HEAD"
            headers = [("content-type", MEDIA_TYPE), ("content-length", str(len(body))), ("connection", "close")]
            response = h11.Response(status_code=problem.status, headers=headers, reason=STATUS_PHRASES[problem.status])
            for event in (response, h11.Data(data=b"" if head else body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event))
        self.transport.close()
