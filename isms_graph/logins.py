"""Who asks an endpoint: a token, or a name and password, from the environment or ~/.netrc; never from a command line.

ISMS_ENDPOINT_TOKEN is sent as a bearer token. ISMS_ENDPOINT_USER and ISMS_ENDPOINT_PASSWORD, or else the entry of the
host in the netrc file (NETRC names another one), answer a server that asks for Basic or Digest.
"""

from __future__ import annotations

import base64
import ipaddress
import netrc
import os
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from isms_graph.errors import UsageError

INSECURE = "ISMS_ENDPOINT_INSECURE"


@dataclass
class Login:
    """What is known for one server. `answer` to its challenge once it has asked; nothing is sent in clear over a network."""

    url: str
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    _basic: bool = False
    _digest: urllib.request.HTTPDigestAuthHandler | None = None
    _challenge: dict[str, str] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.token or self.user)

    def sign(self, request: urllib.request.Request) -> bool:
        """Put the Authorization into a request, if what the server wants is known. True if it is in."""
        value: str | None = None
        if self.token:
            value = f"Bearer {self.token}"
        elif self._basic:
            value = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        elif self._digest is not None:
            answer = self._digest.get_authorization(request, self._challenge)
            value = f"Digest {answer}" if answer else None
        if value is None:
            return False
        self._must_be_private()
        request.add_unredirected_header("Authorization", value)
        return True

    def asked(self, challenges: Sequence[str]) -> bool:
        """Take in the challenges of a 401; True if they can be answered. Digest is preferred, as it hides the password."""
        if not self.user or self.token:
            return False
        for challenge in challenges:
            scheme, _, rest = challenge.strip().partition(" ")
            if scheme.lower() == "digest":
                parts = urllib.request.parse_keqv_list(list(filter(None, urllib.request.parse_http_list(rest))))
                if parts.get("algorithm", "MD5").upper() in ("MD5", "SHA", "MD5-SESS") and {"realm", "nonce"} <= set(parts):
                    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
                    passwords.add_password(None, urljoin(self.url, "/"), self.user, self.password)
                    self._digest, self._challenge, self._basic = urllib.request.HTTPDigestAuthHandler(passwords), parts, False
                    return True
        self._basic = any(challenge.strip().lower().startswith("basic") for challenge in challenges)
        return self._basic

    def _must_be_private(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme == "https" or os.environ.get(INSECURE) == "1" or _on_this_machine(parts.hostname or ""):
            return
        raise UsageError(
            f"{self.url}: a login would go over the network in clear. Use https, or set {INSECURE}=1 if nobody can listen there."
        )


def find_login(url: str) -> Login:
    """The login for an address. Raises UsageError if what is set cannot be used; what is secret is never shown."""
    token, user, password = (os.environ.get(f"ISMS_ENDPOINT_{name}", "") for name in ("TOKEN", "USER", "PASSWORD"))
    if not token and bool(user) != bool(password):
        raise UsageError("ISMS_ENDPOINT_USER and ISMS_ENDPOINT_PASSWORD go together; one of them is not set.")
    if not token and not user:
        user, password = _from_netrc(urlsplit(url).hostname or "")
    for secret, what in ((token, "the token"), (user, "the name"), (password, "the password")):
        if not secret.isprintable() or (what == "the token" and not secret.isascii()):
            raise UsageError(f"{what} for {url} holds a character that no header can carry.")
    if ":" in user:
        raise UsageError(f"the name for {url} holds a colon, which no login can carry.")
    return Login(url, token, user, password)


def _from_netrc(host: str) -> tuple[str, str]:
    named = os.environ.get("NETRC")
    file = Path(named) if named else Path("~/.netrc").expanduser()
    if not file.is_file():
        return "", ""
    try:
        entry = netrc.netrc(str(file)).hosts.get(host)
    except netrc.NetrcParseError as error:  # its text may quote the password
        raise UsageError(f"{file} cannot be read: line {error.lineno} is not understood.") from None
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{file} cannot be read.") from None
    return (entry[0], entry[2] or "") if entry else ("", "")


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
