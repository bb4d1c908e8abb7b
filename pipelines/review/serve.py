"""`mathmill review DATA --serve`: the server, from the command line to its last line."""

import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from rich.console import Console

from pipelines.review.app import application
from pipelines.review.guards import Keys, is_loopback
from pipelines.review.journal import journals
from pipelines.review.office import Office, Terms
from pipelines.review.opened import OpenedData, opened_data
from pipelines.review.queues import Queue, audit, doubtful, quarantined, read_controls, read_listed
from schemas.exits import UserError
from schemas.place import Place, located

_ENDING_S = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What people are asked about.

    Attributes:
        sample: rows of each reason that an audit draws.
        look_at: a list of candidates worth a look, as a training run leaves it.
        controls: items whose verdict is known.
    """

    sample: int = 50
    look_at: Path | None = None
    controls: Path | None = None


def decisions_folder(data: Path, named: Path | None) -> Path:
    """Where decisions go: beside the data set, which is made anew while they stay."""
    if named is not None:
        return named
    place = located(data)
    if isinstance(place, Place):
        name = str(place).rstrip("/").rpartition("/")[2]
        return Path(f"{name}.reviews")
    whole = place.resolve()
    return whole.with_name(f"{whole.name}.reviews")


def queues_of(data: OpenedData, asked: Asked) -> list[Queue]:
    """The queues of a data set.

    Raises:
        UserError: nothing is to be asked about, or a list cannot be read.
    """
    controls = read_controls(asked.controls) if asked.controls else {}
    listed = read_listed(asked.look_at) if asked.look_at else []
    queues = [quarantined(data, controls), doubtful(data, listed, controls), audit(data, asked.sample)]
    if not any(queue.asked for queue in queues):
        raise UserError(f"{data.name}: it holds no row, so there is nothing to ask about")
    return queues


def serve(
    console: Console,
    data: Path,
    *,
    port: int,
    host: str,
    person: str | None,
    terms: Terms,
    asked: Asked,
    decisions: Path | None,
) -> None:
    """Serves the page until somebody stops it.

    Raises:
        UserError: no data set, decisions that another server has open or that are about other data, or a port that
            is taken.
    """
    folder = decisions_folder(data, decisions)
    keys = Keys(None if is_loopback(host) else secrets.token_urlsafe(24))
    with opened_data(data) as opened, journals(folder) as (decided, audits), _listening(host, port) as listener:
        office = Office(opened, queues_of(opened, asked), decided, audits, terms)
        for line in _greeting(office, _address(host, listener.getsockname()[1], keys)):
            console.print(line, soft_wrap=True, markup=False)
        settings = uvicorn.Config(
            application(office, keys, host=host, person=person),
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_ENDING_S,
            lifespan="off",
        )
        uvicorn.Server(settings).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UserError(f"--host {host} --port {port}: cannot be served: {error.strerror}; choose another") from error
    return listener


def _address(host: str, port: int, keys: Keys) -> str:
    name = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={keys.access}" if keys.access else "")


def _greeting(office: Office, address: str) -> Sequence[str]:
    lines = [
        f"review: {address}",
        f"decisions: {office.path}, synced one by one; Ctrl-C ends the page, nothing is lost",
    ]
    if office.strange:
        lines.append(
            f"{len(office.strange):,} rows that were decided are not in this data set: they changed since, and these "
            "decisions are not applied"
        )
    lines.append(f"apply them: {office.command}")
    return lines
