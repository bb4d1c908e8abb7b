"""The room's command line: train, evaluate, sample, prove, lengths; for many processes `torchrun -m training train`."""

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
DataSets = Annotated[
    list[Path] | None, typer.Option(help="a judged data set; may be given several times; else train.data of the config")
]
Debug = Annotated[bool, typer.Option("--debug", help="show tracebacks")]


@app.command()
def train(
    config: ConfigPath,
    output: Annotated[Path, typer.Option(help="the RUN folder")],
    data: DataSets = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue the run in --output")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="accept data without a passed verdict")] = False,
    set_: Overrides = None,
    debug: Debug = False,
) -> None:
    """Shards -> checkpoints, maximising J_SFT."""
    checked = load_config(config, set_ or [])
    from training.mistakes import mixed_data, refuse_unjudged, train_table  # deferred: `--help` needs no pyarrow

    on_this_machine(output, "--output")
    mixed = mixed_data(train_table(checked), data)
    refuse_unjudged([source.path for source in mixed], draft=draft)
    with importing():  # deferred: torch, which no mistake above needs
        from training.console import TrainingView
        from training.train import train as run_training

    following = shlex.join(
        ["mathmill", "evaluate", str(config), "--data", checked.evaluate.data or str(located(mixed[0].path))]
    )
    with TrainingView(following, talk=os.environ.get("RANK", "0") == "0") as view:
        result = run_training(checked, data, output, resume=resume, draft=draft, on_start=view.start, on_step=view.step)
        view.end(result)


@app.command()
def evaluate(
    config: ConfigPath,
    model: Annotated[str, typer.Option(help="RUN, a Hugging Face folder or name, or http://HOST:PORT of a server")],
    output: Annotated[Path, typer.Option(help="the EVAL folder; the same command goes on with what it holds")],
    data: Annotated[Path | None, typer.Option(help="a judged data set; else evaluate.data of the config")] = None,
    benchmark: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="ask a benchmark of the catalogue; may be given again")
    ] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="answers to each problem: evaluate.samples")] = None,
    temperature: Annotated[float | None, typer.Option(min=0, help="evaluate.temperature")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="most problems of each format: evaluate.limit")] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="EVAL", help="another evaluation, compared problem by problem")
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="a checkpoint of RUN, such as step-00000000")] = None,
    allow_contaminated: Annotated[
        bool, typer.Option("--allow-contaminated", help="ask a benchmark that the model has seen; figures are marked")
    ] = False,
    draft: Annotated[bool, typer.Option("--draft", help="accept data without a passed verdict")] = False,
    set_: Overrides = None,
    debug: Debug = False,
) -> None:
    """A model -> pass@1, pass@k and maj@k on benchmarks and on a split of the data, with the same judge."""
    given = {"samples": samples, "temperature": temperature, "limit": limit}
    settings = [f"evaluate.{key}={value}" for key, value in given.items() if value is not None]
    if benchmark:
        settings.append(f"evaluate.benchmarks=[{', '.join(benchmark)}]")
    checked = load_config(config, [*(set_ or []), *settings])
    from training.mistakes import evaluated_data, refuse_unjudged  # deferred: `--help` needs no pyarrow

    asked = evaluated_data(checked, data)
    refuse_unjudged([asked] if asked is not None else [], draft=draft)
    with importing():  # deferred: torch, which no mistake above needs
        from training.console import EvaluationView
        from training.evaluate import evaluate as run_evaluation

    source: Path | str = Path(model) / "checkpoints" / checkpoint if checkpoint else model
    with EvaluationView() as view:
        result = run_evaluation(
            checked,
            source,
            output,
            data=data,
            draft=draft,
            allow_contaminated=allow_contaminated,
            against=against,
            on_note=view.note,
            on_progress=view.progress,
        )
        view.end(result)


@app.command()
def sample(
    config: ConfigPath,
    model: Annotated[str, typer.Option(help="RUN, a Hugging Face folder or name, or http://HOST:PORT of a server")],
    data: Annotated[Path, typer.Option(help="a judged data set: the problems of its train split are asked")],
    output: Annotated[Path, typer.Option(help="MORE.jsonl; the same command goes on with what lies beside it")],
    samples: Annotated[int, typer.Option(min=1, help="answers to each problem and format")] = 4,
    temperature: Annotated[float, typer.Option(min=0, help="0: the likeliest token each time")] = 0.7,
    name: Annotated[str | None, typer.Option(help="of the author, model:NAME; else the model's last part")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="accept data without a passed verdict")] = False,
    set_: Overrides = None,
    debug: Debug = False,
) -> None:
    """A model's own solutions, accepted by the judge and new: a source for curate; and references in doubt."""
    given = {"samples": samples, "temperature": temperature, "split": "train", "benchmarks": []}
    checked = load_config(config, [*(set_ or []), *(f"evaluate.{key}={value}" for key, value in given.items())])
    from training.mistakes import refuse_unjudged  # deferred: `--help` needs no pyarrow

    refuse_unjudged([data], draft=draft)
    with importing():  # deferred: torch, which no mistake above needs
        from training.console import EvaluationView
        from training.sample import sample as run_sampling

    with EvaluationView() as view:
        view.sampled(
            run_sampling(checked.evaluate, model, data, output, name=name, draft=draft, on_progress=view.progress)
        )


@app.command()
def prove(
    config: ConfigPath,
    data: DataSets = None,
    model: Annotated[str | None, typer.Option(help="Hugging Face folder or name; else train.model")] = None,
    rows: Annotated[int, typer.Option(min=3, help="examples to compute in float64")] = 8,
    set_: Overrides = None,
    debug: Debug = False,
) -> None:
    """J and its gradient on your model and rows, against float64."""
    checked = load_config(config, set_ or [])
    from training.mistakes import mixed_data, refuse_unjudged, train_table  # deferred: `--help` needs no pyarrow

    mixed = [source.path for source in mixed_data(train_table(checked), data)]
    refuse_unjudged(mixed)
    with importing():  # deferred: torch, which no mistake above needs
        from training.console import show_proof
        from training.prove import prove as run_proof

    show_proof(run_proof(checked, mixed, model=model, rows=rows))


@app.command()
def lengths(
    config: ConfigPath,
    data: DataSets = None,
    draft: Annotated[bool, typer.Option("--draft", help="accept data without a passed verdict")] = False,
    set_: Overrides = None,
    debug: Debug = False,
) -> None:
    """How many examples fit train.context; what a run would count before step 1 is counted and kept for it.

    `mathmill validate` calls this where `validate.tokenizer` is named.
    """
    checked = load_config(config, set_ or [])
    from training.mistakes import mixed_data, refuse_unjudged, train_table  # deferred: `--help` needs no pyarrow

    mixed = mixed_data(train_table(checked), data)
    refuse_unjudged([source.path for source in mixed], draft=draft)
    with importing():  # deferred: torch, which no mistake above needs
        from training.ahead import count_ahead

    print(count_ahead(train_table(checked), mixed, draft=draft).line())


def main(argv: list[str] | None = None) -> int:
    """Runs a verb and returns its exit code; a wrong option is one line and exit 2."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    atexit.register(gc.freeze)  # else Python's last collection walks through all that torch and transformers made
    return run_command_line(app, sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
