"""Flags by verb: what is read from the source against the rooms' own signatures, and what a wrong flag is told."""

import pytest
import typer

from mathmill.__main__ import VERBS
from pipelines.__main__ import app as pipelines_app
from schemas.verbs import elsewhere, known_verbs, nearest
from training.__main__ import app as training_app


def commands():
    apps = map(typer.main.get_command, (pipelines_app, training_app))
    return {name: command for app in apps for name, command in app.commands.items()}


def test_what_is_read_from_the_source_is_what_the_rooms_take():
    found, known = commands(), known_verbs()
    assert set(known) == set(found) == set(VERBS) - {"demo"}
    for verb, command in found.items():
        given = [flag for option in command.params for flag in [*option.opts, *option.secondary_opts]]
        options = {flag.removeprefix("--") for flag in given if flag.startswith("--")} - {"help"}
        made = {f"no-{name}" for name in options}  # typer adds them to switches
        assert known[verb].flags - made == options - made, verb
        arguments = {option.name for option in command.params if option.param_type_name == "argument"}
        assert known[verb].arguments == arguments, verb


@pytest.mark.parametrize(
    ("verb", "flag", "told"),
    [
        (
            "validate",
            "data",
            "validate takes DATA as its argument: mathmill validate DATA; --data belongs to train, eval",
        ),
        ("curate", "resume", "--resume belongs to train"),
        ("train", "model", "--model belongs to evaluate"),
        ("train", "nowhere", ""),
    ],
)
def test_a_flag_of_another_verb_is_told_where_it_belongs(verb, flag, told):
    assert elsewhere(verb, flag).startswith(told)
    assert told or not elsewhere(verb, flag)


@pytest.mark.parametrize(
    ("name", "verb"), [("validat", "validate"), ("eval", "evaluate"), ("curata", "curate"), ("dmeo", "demo"), ("q", "")]
)
def test_a_mistyped_verb_is_told_the_nearest(name, verb):
    assert nearest(name) == verb
