"""The verbs: each leads to its room, which is imported only when its verb is called."""

import atexit
import importlib
import os
import sys

from mathmill.rooms import claim, missing

VERBS = {
    "curate": ("pipelines", "raw rows -> verified, de-duplicated, decontaminated Arrow shards"),
    "validate": ("pipelines", "shards -> a verdict and a quality report"),
    "train": ("training", "shards -> checkpoints, maximising J_SFT"),
    "evaluate": ("training", "checkpoint -> pass@1 by format, with the same judge"),
    "sample": ("training", "checkpoint -> more solutions that the judge accepts, a source for curate"),
    "prove": ("training", "J and its gradient on your model and rows, against float64"),
    "lengths": ("training", "how many examples fit train.context, counted ahead of a run"),
    "trace": ("pipelines", "one row's story: what happened at each stage, and why"),
    "export": ("pipelines", "shards -> messages or prompt/completion for other trainers"),
    "review": ("pipelines", "quarantined and doubtful rows -> a queue for people"),
    "benchmarks": ("pipelines", "named benchmarks -> their items in one file, as evaluate asks them"),
    "clean": ("pipelines", "work folders of finished and left runs: what they hold, and gone with --yes"),
    "doctor": ("pipelines", "this machine: isolation, packages, memory, disk, GPU, hub; what would mend each"),
    "demo": ("demo", "all of it on an embedded data set and a small model, offline"),
}


def main() -> None:
    """Runs the verb that the first argument names and exits with its code (schemas/exits.py)."""
    verb = sys.argv[1] if len(sys.argv) > 1 else "--help"
    claim()
    if verb in ("--help", "-h", "--version"):
        sys.exit(importlib.import_module("schemas.exits").shown(lambda: _tell(verb)))
    if verb not in VERBS:
        near = importlib.import_module("schemas.verbs").nearest(verb)
        hint = f"did you mean {near}? The verbs are" if near else "one of"
        sys.stderr.write(f"mathmill: {verb}: unknown verb; {hint} {', '.join(VERBS)}\n")
        sys.exit(2)
    stopped: list[int] = []
    atexit.register(lambda: stopped and os._exit(stopped[0]))  # else Python may end by SIGINT, whichever signal it was
    exits = importlib.import_module("schemas.exits")
    code = exits.stoppable(verb, lambda: _run(verb))
    if code > exits.SIGNAL:
        stopped.append(code)
        importlib.import_module("schemas.stopping").end_at_signals()
    sys.exit(code)


def _run(verb: str) -> int:
    room = VERBS[verb][0]
    try:
        with importlib.import_module("schemas.imports").importing():
            module = importlib.import_module(f"{room}.__main__" if room != "demo" else room)
        return int(module.main(sys.argv[1:]))
    except ModuleNotFoundError as error:
        sys.stderr.write(f"mathmill: {verb} {missing(error, room)}\n")
        return 2


def _tell(asked: str) -> int:
    print(f"mathmill {importlib.import_module('schemas.manifest').CODE_VERSION}" if asked == "--version" else _usage())
    return 0


def _usage() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {purpose}" for verb, (_, purpose) in VERBS.items()]
    return "\n".join(["usage: mathmill VERB ...      (mathmill VERB --help)", "", *lines])


if __name__ == "__main__":
    main()
