"""Which engine a command line names, and what it still needs: told before Beam is imported or anything is written."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from schemas.exits import UserError

PATIENCE_S = 300.0
"""seconds that an engine may take to start the first worker: to schedule a job, and to fetch an image"""

_IN_PROCESS = ("fnapi", "direct", "switchingdirect", "bundlebaseddirect")
_EMBEDDED = ("[auto]", "[local]")  # a Flink inside the job server
_ANSWER_S = 5.0
_NEEDED = {
    "portable": {"job_endpoint": "HOST:PORT of the job service"},
    "dataflow": {
        "project": "the Google Cloud project",
        "region": "where workers run",
        "temp_location": "gs://... for what Beam stages",
    },
}
_WORKERS = (
    "EXTERNAL with --environment_config=HOST:PORT of a worker pool, DOCKER with --environment_config=IMAGE, or "
    "LOOPBACK for workers in this process"
)


def engine_in(flags: Sequence[str]) -> str | None:
    """The runner that flags of Beam's name, when it runs elsewhere than in the driver's own processes."""
    runner = dict(_pairs(flags)).get("runner")
    return None if runner is None or bare(runner) in _IN_PROCESS else runner


def bare(runner: str) -> str:
    """The name of a runner as messages compare it: without its module, its ending and capitals."""
    return runner.rpartition(".")[2].lower().removesuffix("runner")


def refuse_runner(flags: Sequence[str]) -> None:
    """Checks what an engine needs to be told, and that it answers where it was said to be.

    Raises:
        UserError: a runner that loses data, a flag that is missing, or an address where nobody answers.
    """
    runner, given = engine_in(flags), dict(_pairs(flags))
    if runner is None:
        return
    name = bare(runner)
    if name == "dask":
        raise UserError(
            "--runner DaskRunner: it loses data without a word (a pipeline with several ends keeps one); choose another"
        )
    for flag, what in _NEEDED.get(name, {}).items():
        if not given.get(flag):
            raise UserError(f"--runner {runner}: needs --{flag}, {what}")
    _refuse_environment(runner, given)
    addresses = {"job_endpoint": given.get("job_endpoint"), "flink_master": given.get("flink_master")}
    for flag, address in addresses.items():
        if address and address not in (*_EMBEDDED, "embed"):
            _require_answer(flag, address)


def _refuse_environment(runner: str, given: Mapping[str, str]) -> None:
    """Beam's own default starts a container of Beam, which holds no mathmill."""
    name, kind = bare(runner), given.get("environment_type")
    embedded = name == "flink" and given.get("flink_master", "[auto]") in _EMBEDDED
    if kind is None and name in ("portable", "flink", "spark") and not embedded:
        raise UserError(f"--runner {runner}: needs --environment_type: {_WORKERS}")
    if kind is not None and kind.upper() in ("EXTERNAL", "DOCKER") and not given.get("environment_config"):
        raise UserError(f"--environment_type {kind}: needs --environment_config: {_WORKERS}")


def _require_answer(flag: str, address: str) -> None:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        port = parts.port or 80
    except ValueError:
        port = None
    if not parts.hostname or port is None:
        raise UserError(f"--{flag} {address}: expected HOST:PORT")
    try:
        with socket.create_connection((parts.hostname, port), timeout=_ANSWER_S):
            return
    except OSError as error:
        raise UserError(f"--{flag} {address}: nobody answers there ({error.strerror or error})") from error


def _pairs(flags: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The flags by name, `--name=value` or `--name value`."""
    waiting = ""
    for flag in flags:
        if not flag.startswith("--"):
            if waiting:
                yield waiting, flag
            waiting = ""
            continue
        name, equals, value = flag.removeprefix("--").partition("=")
        waiting = "" if equals else name
        yield name, value
