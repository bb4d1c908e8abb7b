"""Beam's flags, read from its source, against what Beam's own parsers take."""

import argparse
from collections.abc import Iterator

import pytest
from apache_beam.options import pipeline_options
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.cli.flags import known_flags, refuse_unknown
from schemas.exits import UserError


def option_classes(base: type[PipelineOptions] = PipelineOptions) -> Iterator[type[PipelineOptions]]:
    for option_class in base.__subclasses__():
        yield option_class
        yield from option_classes(option_class)


def flags_of(option_class: type[PipelineOptions]) -> set[str]:
    parser = pipeline_options._BeamArgumentParser(add_help=False)
    option_class._add_argparse_args(parser)
    actions: list[argparse.Action] = parser._actions
    return {name.removeprefix("--") for action in actions for name in action.option_strings if name.startswith("--")}


def test_the_flags_are_those_of_beams_own_parsers() -> None:
    own = [one for one in option_classes() if one.__module__ == pipeline_options.__name__]
    expected = set().union(
        *(flags_of(option_class) for option_class in own if "_add_argparse_args" in vars(option_class))
    )
    assert {"runner", "worker_machine_type", "no_save_main_session"} <= expected
    assert set(known_flags()) == expected


@pytest.mark.parametrize(
    "flags", [["--runner", "FnApiRunner"], ["--runner=Flink"], ["--no_save_main_session"], ["--experiment", "a"], []]
)
def test_flags_that_beam_has_pass(flags: list[str]) -> None:
    refuse_unknown(flags, ["output"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--outptu", "x"], "--outptu: neither mathmill nor Beam has such a flag; did you mean --output?"),
        (["--runer=x"], "--runer: neither mathmill nor Beam has such a flag; did you mean --runner?"),
        (["--qqq"], "--qqq: neither mathmill nor Beam has such a flag"),
        (["--runner", "Flink", "rest"], "rest: an argument too many; `--help` shows what this verb takes"),
    ],
)
def test_a_flag_that_nobody_has_is_refused_with_the_nearest(flags: list[str], message: str) -> None:
    with pytest.raises(UserError) as refused:
        refuse_unknown(flags, ["output"])
    assert str(refused.value) == message
