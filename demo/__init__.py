"""`mathmill demo`: all of it on an embedded data set and a small model, offline, in minutes.

template, templates_*    word problems, written for this project: wordings, numbers, calculations
layout, records          a problem in the three formats; rows of the sources
defects*                 planted defects with the reason that each must get, and near misses
generate                 all of it as files
run                      the four acts: curate, validate, train, evaluate
screen, curve, closing   what a person sees
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from schemas.exits import run_command_line

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _verbs() -> None:
    """Keeps the verb's name among the arguments, as the front door passes it."""


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="a folder for rows, data, run and evaluation")] = Path("demo-run"),
    set_: Annotated[list[str], typer.Option("--set", metavar="KEY.PATH=VALUE", help="override the config")] = [],  # noqa: B006  typer copies defaults
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    """Generates, curates, validates, trains and evaluates: offline, in minutes."""
    from demo.run import run_demo  # deferred: `--help` needs neither Beam nor torch
    from pipelines.cli.curate_console import console_for
    from schemas.place import on_this_machine

    run_demo(on_this_machine(output, "--output"), console_for(), overrides=set_)


def main(arguments: Sequence[str]) -> int:
    """Runs the demo and returns the exit code."""
    logging.basicConfig()
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.ERROR)  # of the handler: some libraries set the level of their own loggers
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    return run_command_line(app, arguments)
