"""`mathmill doctor`: what is well, what is not, and the command that mends it."""

import io

import pytest
from rich.console import Console

from pipelines.cli import doctor
from pipelines.cli.doctor import Finding, examine, print_findings, user_namespaces
from schemas.manifest import CODE_VERSION
from validation.programs import Level, best_level


def found(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return {finding.name: finding for finding in examine(tmp_path)}


def test_this_machine_is_examined_whole(monkeypatch, tmp_path):
    findings = found(monkeypatch, tmp_path)
    assert CODE_VERSION in findings["mathmill"].state
    assert findings["programs run at"].state == best_level()
    assert findings["isolation seccomp"].well
    assert str(tmp_path) in findings["disk"].state
    assert findings["hub"].command == "unset HF_HUB_OFFLINE"
    assert {"cores", "memory", "GPU", "user namespaces", f"isolation {Level.NAMESPACES}"} <= set(findings)


def test_a_package_that_is_not_there_comes_with_its_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(doctor._PACKAGES, "no-such-package", "training")
    finding = found(monkeypatch, tmp_path)["no-such-package"]
    assert (finding.well, finding.command) == (False, "pip install 'mathmill[training]'")


def test_a_hub_that_does_not_answer_is_named_with_its_command(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    finding = {finding.name: finding for finding in examine(tmp_path)}["hub"]
    assert not finding.well
    assert "http://127.0.0.1:9" in finding.state


@pytest.mark.parametrize(
    ("script", "well", "state"),
    [
        ("echo 'H200, 143771 MiB, 570.1'", True, "H200, 143771 MiB"),
        ("echo no devices >&2; exit 9", False, "no devices"),
    ],
)
def test_the_driver_says_which_gpu_is_there(monkeypatch, tmp_path, script, well, state):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    finding = found(monkeypatch, tmp_path)["GPU"]
    assert finding.well is well
    assert state in finding.state


@pytest.mark.parametrize(("value", "well"), [("0", False), ("15000", True)])
def test_a_kernel_switch_that_forbids_user_namespaces_is_named(tmp_path, value, well):
    switch = tmp_path / "max_user_namespaces"
    switch.write_text(f"{value}\n")
    finding = user_namespaces({str(tmp_path / "missing"): ("0", ""), str(switch): ("0", "the command")})
    assert (finding.well, finding.command) == (well, "" if well else "the command")


def test_the_command_stands_below_what_is_not_well():
    console = Console(file=io.StringIO(), width=100)
    print_findings(console, iter([Finding("cores", "2"), Finding("hub", "silent", well=False, command="do [this]")]))
    lines = console.file.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "look", "do"]
    assert lines[2].strip() == "do [this]"
