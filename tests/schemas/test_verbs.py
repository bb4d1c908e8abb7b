"""Flags by verb: the table against the rooms' own signatures, and what a wrong flag or verb is told."""

import pytest
import typer

from mathmill.__main__ import VERBS
from pipelines.__main__ import app as pipelines_app
from schemas.verbs import ARGUMENTS, FLAGS, elsewhere, nearest
from training.__main__ import app as training_app


def commands():
    return {
        name: command
        for app in (pipelines_app, training_app)
        for name, command in typer.main.get_command(app).commands.items()
    }


def test_the_table_is_what_the_rooms_take():
    found = commands()
    assert set(FLAGS) == set(found) == set(ARGUMENTS) == set(VERBS) - {"demo"}
    for verb, command in found.items():
        options = {flag.lstrip("-") for option in command.params for flag in option.opts if flag.startswith("--")}
        assert FLAGS[verb] == options - {"help"}, verb


@pytest.mark.parametrize(
    ("verb", "flag", "told"),
    [
        (
            "validate",
            "data",
            "validate takes DATA as its argument: mathmill validate DATA; --data belongs to train, evaluate and prove",
        ),
        ("curate", "resume", "--resume belongs to train"),
        ("train", "model", "--model belongs to evaluate and prove"),
        ("train", "nowhere", ""),
    ],
)
def test_a_flag_of_another_verb_is_told_where_it_belongs(verb, flag, told):
    assert elsewhere(verb, flag) == told


@pytest.mark.parametrize(
    ("name", "verb"), [("validat", "validate"), ("eval", "evaluate"), ("curata", "curate"), ("dmeo", "demo"), ("q", "")]
)
def test_a_mistyped_verb_is_told_the_nearest(name, verb):
    assert nearest(name) == verb
