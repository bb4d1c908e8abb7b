"""Commands in documents can be typed: verbs, options, targets and modules are there, and configs are accepted."""

import ast
import importlib
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.exceptions import TyperException

import demo
import pipelines.__main__
import training.__main__
from pipelines.cli.flags import known_flags
from schemas.configfile import check_config
from schemas.exits import UserError
from tests.docs.reading import DOCUMENTS, REPOSITORY, Command, commands, read_document

_APPS = (pipelines.__main__.app, training.__main__.app, demo.app)
VERBS = {name: verb for app in _APPS for name, verb in typer.main.get_command(app).commands.items()}
BEAMS = {f"--{flag}" for flag in known_flags()}
TARGETS = set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def faults(command: Command) -> list[str]:
    """What is wrong with a command, in words; nothing when it can be typed."""
    program, *arguments = command.words
    if program == "make":
        return [f"no target {word}" for word in arguments if "=" not in word and word not in TARGETS]
    if program in ("python", "python3"):
        return _faults_of_python(arguments)
    if program == "torchrun":
        arguments = arguments[arguments.index("training") + 1 :]
    return _faults_of_verb(arguments, whole=command.whole)


def _faults_of_python(arguments: Sequence[str]) -> list[str]:
    if arguments[0] != "-m":
        return []
    return [] if importlib.util.find_spec(arguments[1]) else [f"no module {arguments[1]}"]


def _faults_of_verb(arguments: Sequence[str], *, whole: bool) -> list[str]:
    name, *rest = arguments
    if name in ("VERB", "--help", "--version"):
        return []
    if name not in VERBS:
        return [f"no verb {name}"]
    verb = VERBS[name]
    known = {option for parameter in verb.params for option in parameter.opts} | {"--help"}
    if verb.context_settings.get("ignore_unknown_options"):
        known |= BEAMS
    unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    return [f"no option {word} of {name}" for word in unknown] or (_refusal(verb, rest) if whole else [])


def _refusal(verb: Any, arguments: Sequence[str]) -> list[str]:
    if "--help" in arguments:
        return []
    try:
        context = verb.make_context(verb.name, list(arguments))
    except TyperException as error:
        return [f"{verb.name}: {error}"]
    return [f"{verb.name} does not take {word}" for word in context.args if word.partition("=")[0] not in BEAMS]


def refused_configs(text: str) -> list[str]:
    """What mathmill says against the configs that a document shows."""
    refused = []
    for block in read_document(text).blocks:
        if block.language == "yaml":
            try:
                check_config(yaml.safe_load(block.text))
            except UserError as error:
                refused.append(str(error))
    return refused


def missing_names(text: str) -> list[str]:
    """What the Python in a document takes from `mathmill`, or from a room, and is not there."""
    trees = [ast.parse(block.text) for block in read_document(text).blocks if block.language == "python"]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    taken = [
        ("mathmill", node.attr)
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mathmill"
    ]
    taken += [
        (node.module or "", alias.name) for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    return [f"{module}.{name}" for module, name in taken if not hasattr(importlib.import_module(module), name)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_can_be_typed(document: Path):
    text = document.read_text(encoding="utf-8")
    assert [fault for command in commands(text) for fault in faults(command)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_config_is_accepted(document: Path):
    assert refused_configs(document.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_name_in_python_is_there(document: Path):
    assert missing_names(document.read_text(encoding="utf-8")) == []


def test_commands_are_found_where_documents_show_them():
    fenced = "```console\n$ A=b .venv/bin/mathmill demo \\\n  --debug\n```"
    text = f"`make test`\n\n    mathmill trace DATA ID   # a story\n\n{fenced}\n"
    assert [" ".join(command.words) for command in commands(text)] == [
        "mathmill trace DATA ID",
        "mathmill demo --debug",
        "make test",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "    mathmill curat CONFIG --output DATA",
        "    mathmill curate CONFIG --outptu DATA",
        "    mathmill curate CONFIG --output DATA --preview five",
        "    mathmill train CONFIG --data DATA",
        "    mathmill evaluate CONFIG --model RUN --output EVAL --resume",
        "    mathmill trace DATA ID MORE",
        "    mathmill demo --workers 2",
        "    torchrun --nproc-per-node 2 -m training train CONFIG --dtaa DATA --output RUN",
        "`mathmill export --too messages`",
        "`make everything`",
        "    make setup && python -m benchmarks.nothing",
    ],
)
def test_a_command_that_cannot_be_typed_is_found(text: str):
    assert [fault for command in commands(text) for fault in faults(command)]


@pytest.mark.parametrize(
    "text",
    [
        "`mathmill export`",
        "`mathmill VERB --help`",
        "    make PYTHON=python3.12 test",
        "    mathmill curate CONFIG --preview 5       # --no-such-option is a comment",
    ],
)
def test_a_command_that_can_be_typed_passes(text: str):
    assert [fault for command in commands(text) for fault in faults(command)] == []


def test_a_config_that_is_refused_and_a_name_that_is_missing_are_found():
    assert refused_configs("```yaml\ntrain: {model: small, steps: 5, stepz: 6}\n```")
    assert missing_names("```python\nimport mathmill\n\nmathmill.curat()\n```") == ["mathmill.curat"]
    assert missing_names("```python\nfrom schemas.exits import Exit\n```") == ["schemas.exits.Exit"]
