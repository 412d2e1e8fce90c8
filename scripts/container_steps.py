"""Do what deploy/Containerfile says without a container engine, and ask the server that it starts.

    python scripts/container_steps.py WHEEL

The paths of the image are in a temporary folder. If this is root, the server runs as the user that the file names, or,
where that user cannot reach this Python, as root without any capability.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
STEPS = ROOT / "deploy" / "Containerfile"
_PATH = re.compile(r"(?<![\w/.:-])/(?=(?:opt|tmp|isms|run)\b)")
KNOWN = {"FROM", "COPY", "RUN", "USER", "WORKDIR", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}
START = 60  # seconds until the server has to be healthy
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def steps() -> list[tuple[str, str]]:
    """The instructions of the Containerfile with what follows them. Raises SystemExit for one that is not done here."""
    lines = [line for line in STEPS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    found = [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]
    unknown = [word for word, _ in found if word not in KNOWN]
    if unknown:
        sys.exit(f"{STEPS.name}: nothing is done here for {', '.join(unknown)}")
    return found


def build(wheel: Path, place: Path, python: str) -> dict[str, Any]:
    """Do the steps in a folder; what is to be run at the end, by instruction."""
    later: dict[str, Any] = {}
    for word, rest in steps():
        if word == "COPY":
            assert rest.split()[0] == "dist/*.whl", "only the wheel is copied"
            target = Path(_PATH.sub(f"{place}/", rest.split()[1]))
            target.mkdir(parents=True)
            shutil.copy(wheel, target)
        elif word == "RUN":
            command = re.sub(r"^python\b", python, _PATH.sub(f"{place}/", rest))
            subprocess.run(["sh", "-c", command], check=True, cwd=place)
        elif word in ("HEALTHCHECK", "CMD"):
            later[word] = json.loads(rest.rpartition("CMD ")[2])
        else:
            later[word] = rest
    return later


def unprivileged(user: str) -> tuple[str, list[str]]:
    """A Python, and what a command is put behind to run without privileges: as the user if that user can reach a Python."""
    pythons = [sys._base_executable, "/usr/bin/python3"]  # type: ignore[attr-defined]
    if os.getuid() != 0:
        return pythons[0], []
    uid, gid = user.split(":")
    as_user = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"]
    for python in pythons:
        tried = subprocess.run([*as_user, "sh", "-c", f"{python} -c 'import venv'"], capture_output=True, check=False, cwd="/")
        if tried.returncode == 0:
            print(f"The server runs as user {uid}, with {python}.")
            return python, as_user
    print("The server runs as root without capabilities.")
    return pythons[0], ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]


def ask(url: str, token: str | None = None) -> tuple[int, str]:
    """Status and body of an answer."""
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def try_out(server: subprocess.Popen[bytes], url: str, token: str, healthy: Callable[[], bool]) -> None:
    """Ask a server that has just been started. Raises AssertionError."""
    end = time.monotonic() + START
    while not healthy():
        assert server.poll() is None and time.monotonic() < end, "the server does not become healthy"
        time.sleep(0.3)
    risks = f"{url}/sparql?format=csv&query={quote('SELECT (COUNT(*) AS ?n) { ?risk a isms:Risk }')}"
    status, text = ask(risks, token)
    assert status == 200 and int(text.split()[1]) > 10, (status, text)
    assert ask(risks)[0] == 401, "without a token nothing is answered"
    status, text = ask(f"{url}/sparql?timeout=1&query={quote(ENDLESS)}", token)
    assert status == 504, f"a query without end is ended: {status} {text}"
    assert ask(f"{url}/findings", token)[0] == 200


def main(wheel: Path) -> None:
    """Build, start, ask and stop."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as free:
        place, port = Path(name), free.getsockname()[1]
        free.close()
        python, bare = unprivileged(dict(steps())["USER"])
        later = build(wheel, place, python)
        shutil.copytree(ROOT / "data" / "harbour-saas", place / "isms")
        secrets = place / "run" / "secrets" / "isms-tokens"
        secrets.parent.mkdir(parents=True)
        made = subprocess.run([place / "opt/isms/bin/isms", "token", "ci"], capture_output=True, text=True, check=True)
        secrets.write_text(made.stdout, encoding="utf-8")
        token = next(word for word in made.stderr.split() if word.startswith("isms_"))
        if "--clear-groups" in bare:
            os.chown(secrets, *map(int, later["USER"].split(":")))
        secrets.chmod(0o400)
        place.chmod(0o755)

        def here(command: list[str]) -> list[str]:
            changed = [_PATH.sub(f"{place}/", word).replace("0.0.0.0", "127.0.0.1") for word in command]  # noqa: S104
            return [*bare, *(re.sub(r"\b8080\b", str(port), word) for word in changed)]

        clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}

        def healthy() -> bool:
            done = subprocess.run(here(later["HEALTHCHECK"]), cwd=place, env=clean, capture_output=True, check=False)
            return done.returncode == 0

        server = subprocess.Popen(here(later["CMD"]), cwd=place / "isms", env=clean)
        try:
            try_out(server, f"http://127.0.0.1:{port}", token, healthy)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                raise
        assert not list((place / "isms").rglob("__pycache__")), "the workspace is only read"
    print("The steps of the container lead to a server that answers.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve())
