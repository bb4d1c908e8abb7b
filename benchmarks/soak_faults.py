"""The kinds of faults that the soak injects: into what a finished run left, and into a run that is on its way."""

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.soak_runs import Desk, Ended, Process

_ALL_WORKERS = ("--workers", "2")


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    Attributes:
        verb: which verb meets it.
        codes: the exit codes that are right for a verb that meets it.
        inject: injects it into a folder and lets the verb meet it.
        into_finished: the folder is a finished run's; else the verb begins in it.
    """

    name: str
    verb: str
    codes: tuple[int, ...]
    inject: Callable[[Desk, Path], Ended]
    into_finished: bool = True


def flip(path: Path) -> None:
    """Turns a bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Cuts the last bytes off."""
    os.truncate(path, path.stat().st_size * 3 // 5)


def empty(path: Path) -> None:
    """Leaves nothing of it."""
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    """Leaves something else."""
    path.write_bytes(b"{")


def _damaged(desk: Desk, folder: Path, *, verb: str, pattern: str, spoil: Callable[[Path], None]) -> Ended:
    spoil(max(folder.glob(pattern), key=lambda path: path.stat().st_size))
    return desk.run(verb, folder)


def damage(verb: str, pattern: str, spoil: Callable[[Path], None], *codes: int) -> Fault:
    """A file of a finished run that is not as it was written; made again, unless other exit codes are named."""
    inject = partial(_damaged, verb=verb, pattern=pattern, spoil=spoil)
    return Fault(f"{verb}: {spoil.__name__} {pattern}", verb, codes or (0,), inject)


def _refused(desk: Desk, folder: Path, *, pattern: str) -> Ended:
    """Spoils a published file, judges, and puts the file back."""
    path = next(folder.glob(pattern))
    whole = path.read_bytes()
    flip(path)
    ended = desk.run("validate", folder)
    path.write_bytes(whole)
    return ended


def _begun(desk: Desk, verb: str, folder: Path, sign: str, *options: str) -> Process:
    """A verb on its way, when a file that matches `sign` stands in its folder."""
    process = desk.start(verb, folder, *options)
    process.wait_for(lambda: next(folder.glob(sign), None) is not None)
    return process


def _signalled(desk: Desk, folder: Path, *, verb: str, sign: str, number: signal.Signals) -> Ended:
    process = _begun(desk, verb, folder, sign)
    process.process.send_signal(number)
    return process.end()


_PARTS, _STEPS = ".work/parts/*.arrow", "metrics.jsonl"


def _input_changed(desk: Desk, folder: Path, *, edit: Callable[[bytes], bytes]) -> Ended:
    rows = desk.folder / "rows.jsonl"
    whole, status = rows.read_bytes(), rows.stat()
    process = _begun(desk, "curate", folder, _PARTS)
    rows.write_bytes(edit(whole))
    os.utime(rows, ns=(status.st_atime_ns, status.st_mtime_ns))
    ended = process.end()
    rows.write_bytes(whole)
    if (folder / "manifest.json").exists():
        return Ended(-1, "published rows that changed", ended.cpu_s)
    return ended


def _longer(content: bytes) -> bytes:
    return content + content[: content.index(b"\n") + 1]


def _other_digit(content: bytes) -> bytes:
    return content.replace(b"1", b"2", 1)


def _removed(desk: Desk, folder: Path) -> Ended:
    process = _begun(desk, "curate", folder, _PARTS)
    shutil.rmtree(folder, ignore_errors=True)
    return process.end()


def _worker_lost(desk: Desk, folder: Path) -> Ended:
    process = _begun(desk, "curate", folder, ".work/parts", *_ALL_WORKERS)
    for worker in process.children("sdk_worker_main")[:1]:
        os.kill(worker, signal.SIGKILL)
    return process.end()


def _server_lost(desk: Desk, folder: Path) -> Ended:
    process = _begun(desk, "curate", folder, ".work/tags/collapse")
    process.wait_for(lambda: bool(process.children("validation.programs")))
    for server in process.children("validation.programs")[:1]:
        os.kill(server, signal.SIGKILL)
    return process.end()


def _file_in_the_way(desk: Desk, folder: Path) -> Ended:
    folder.write_text("in the way", encoding="utf-8")
    ended = desk.run("curate", folder)
    folder.unlink()
    return ended


def _endless_config(desk: Desk, folder: Path) -> Ended:
    config = desk.folder / "config.yaml"
    whole = config.read_text(encoding="utf-8")
    config.write_text("curate: &x\n  sources: [*x]\n", encoding="utf-8")
    ended = desk.run("curate", folder)
    config.write_text(whole, encoding="utf-8")
    return ended


_TERM, _HUP = signal.SIGTERM, signal.SIGHUP
_LAST = "checkpoints/step-00000040"
FAULTS = (
    damage("curate", ".work/parts/*.arrow", flip),
    damage("curate", ".work/parts/*.arrow", cut),
    damage("curate", ".work/parts/*.json", garbage),
    damage("curate", ".work/keys/*.arrow", flip),
    damage("curate", ".work/tags/verify-*/*.arrow", flip),
    damage("curate", ".work/tags/screen-*/*.arrow", empty),
    damage("curate", ".work/tags/decontaminate-*/*.arrow", cut),
    damage("curate", ".work/run.json", garbage),
    damage("curate", ".work/benchmarks-*.arrow", flip),
    damage("curate", ".work/ended.json", garbage),
    Fault("curate: SIGTERM", "curate", (143,), partial(_signalled, verb="curate", sign=_PARTS, number=_TERM), False),
    Fault("curate: SIGHUP", "curate", (129,), partial(_signalled, verb="curate", sign=_PARTS, number=_HUP), False),
    Fault("curate: rows added while it reads", "curate", (1,), partial(_input_changed, edit=_longer), False),
    Fault("curate: a digit other, as large and old", "curate", (1,), partial(_input_changed, edit=_other_digit), False),
    Fault("curate: output removed", "curate", (0, 1), _removed, False),
    Fault("curate: a worker lost", "curate", (0, 1), _worker_lost, False),
    Fault("curate: a server of programs lost", "curate", (0,), _server_lost, False),
    Fault("curate: a file where the output should be", "curate", (2,), _file_in_the_way, False),
    Fault("curate: YAML that holds itself", "curate", (2,), _endless_config, False),
    Fault("validate: flip shards/*", "validate", (1,), partial(_refused, pattern="shards/*")),
    Fault("validate: flip ledger/*", "validate", (1,), partial(_refused, pattern="ledger/*")),
    damage("train", f"{_LAST}/model/model.safetensors", flip),
    damage("train", f"{_LAST}/optimizer.safetensors", flip),
    damage("train", f"{_LAST}/state.json", garbage),
    damage("train", "tokens/train/tokens.bin", flip),
    damage("train", "tokens/train/index.json", cut),
    Fault("train: SIGTERM", "train", (1, 143), partial(_signalled, verb="train", sign=_STEPS, number=_TERM), False),
    Fault("train: SIGHUP", "train", (1, 129), partial(_signalled, verb="train", sign=_STEPS, number=_HUP), False),
)
