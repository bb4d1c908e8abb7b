"""The room's command line: train, evaluate, prove. Also `torchrun -m training train ...` for many processes."""

import atexit
import gc
import logging
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from schemas.configfile import load_config
from schemas.exits import run_command_line
from schemas.imports import importing
from schemas.place import located, on_this_machine

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="one file a run; every verb checks all of it")]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY.PATH=VALUE", help="override a key")]
Debug = Annotated[bool, typer.Option("--debug", help="show tracebacks")]


@app.command()
def train(
    config: ConfigPath,
    data: Annotated[list[Path], typer.Option(help="a judged data set; may be given several times")],
    output: Annotated[Path, typer.Option(help="the RUN folder")],
    resume: Annotated[bool, typer.Option("--resume", help="continue the run in --output")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="accept data without a passed verdict")] = False,
    set_: Overrides = None,
    debug: Debug = False,
) -> None:
    """Shards -> checkpoints, maximising J_SFT."""
    checked = load_config(config, set_ or [])
    from training.mistakes import refuse_unjudged, train_table  # deferred: `--help` needs no pyarrow

    train_table(checked)
    on_this_machine(output, "--output")
    refuse_unjudged(data, draft=draft)
    with importing():  # deferred: torch, which no mistake above needs
        from training.console import TrainingView
        from training.train import train as run_training

    following = shlex.join(
        ["mathmill", "evaluate", str(config), "--data", checked.evaluate.data or str(located(data[0]))]
    )
    with TrainingView(following, talk=os.environ.get("RANK", "0") == "0") as view:
        result = run_training(checked, data, output, resume=resume, draft=draft, on_start=view.start, on_step=view.step)
        view.end(result)


@app.command()
def evaluate(
    config: ConfigPath,
    model: Annotated[str, typer.Option(help="RUN, or a Hugging Face folder or name")],
    output: Annotated[Path, typer.Option(help="the EVAL folder")],
    data: Annotated[Path | None, typer.Option(help="a judged data set; else evaluate.data of the config")] = None,
    checkpoint: Annotated[str | None, typer.Option(help="a checkpoint of RUN, such as step-00000000")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="accept data without a passed verdict")] = False,
    set_: Overrides = None,
    debug: Debug = False,
) -> None:
    """Checkpoint -> pass@1 by format, with the same judge, over evaluate.limit problems of each format."""
    checked = load_config(config, set_ or [])
    from training.mistakes import evaluated_data, refuse_unjudged  # deferred: `--help` needs no pyarrow

    refuse_unjudged([evaluated_data(checked, data, output)], draft=draft)
    with importing():  # deferred: torch, which no mistake above needs
        from training.console import EvaluationView
        from training.evaluate import evaluate as run_evaluation

    source: Path | str = Path(model) / "checkpoints" / checkpoint if checkpoint else model
    with EvaluationView() as view:
        view.end(run_evaluation(checked, source, output, data=data, draft=draft, on_progress=view.progress))


@app.command()
def prove(
    config: ConfigPath,
    data: Annotated[list[Path], typer.Option(help="a judged data set; may be given several times")],
    model: Annotated[str | None, typer.Option(help="Hugging Face folder or name; else train.model")] = None,
    rows: Annotated[int, typer.Option(min=3, help="examples to compute in float64")] = 8,
    set_: Overrides = None,
    debug: Debug = False,
) -> None:
    """J and its gradient on your model and rows, against float64."""
    checked = load_config(config, set_ or [])
    from training.mistakes import refuse_unjudged, train_table  # deferred: `--help` needs no pyarrow

    train_table(checked)
    refuse_unjudged(data)
    with importing():  # deferred: torch, which no mistake above needs
        from training.console import show_proof
        from training.prove import prove as run_proof

    show_proof(run_proof(checked, data, model=model, rows=rows))


def main(argv: list[str] | None = None) -> int:
    """Runs a verb and returns its exit code; a wrong option is one line and exit 2."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    atexit.register(gc.freeze)  # else Python's last collection walks through all that torch and transformers made
    return run_command_line(app, sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
