"""Every file of a data set and of a run, rotten in many ways: found and said in a line, or made again."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.validate import validate
from schemas.config import Config, Evaluate, FreshModel, Train
from schemas.exits import RunFailedError, UserError, one_line
from schemas.requirements import Recheck, Validate
from schemas.verdict import Status, require_passed
from tests.validation.dataset.handmade import write_data
from training.evaluate import evaluate
from training.generations import read_evaluation
from training.train import train

HARMS: dict[str, Callable[[bytes], bytes | None]] = {
    "flip": lambda content: (
        content[: len(content) // 2]
        + bytes(byte ^ 1 for byte in content[len(content) // 2 :][:1])
        + content[len(content) // 2 + 1 :]
    ),
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "gone": lambda _: None,
    "junk": lambda _: b"\xff\xfe[]{}" * 10,
}
HARMED = [pytest.param(harm, marks=[] if harm == "cut" else pytest.mark.slow) for harm in HARMS]
CONFIG = Config(
    validate=Validate(recheck=Recheck(sample=0)),
    evaluate=Evaluate(formats=["cot"], limit=4, samples=2, temperature=1.0, max_new_tokens=8),
    train=Train(model=FreshModel(hidden_size=16, layers=1, heads=2), steps=4, checkpoint_every=2, context=128),
)
UNREAD = ("quality/",)  # what the gate makes


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_data(tmp_path_factory.mktemp("rot") / "data")
    assert validate(folder, CONFIG).status is Status.PASSED
    return folder


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that ended."""
    output = tmp_path_factory.mktemp("rot") / "RUN"
    train(CONFIG, [data], output)
    return output


def rotten(folder: Path, copy: Path, harm: str) -> Iterator[str]:
    """Copies of a folder, in each another file harmed; gives the file's name."""
    names = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]
    for name in names:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        content = HARMS[harm]((copy / name).read_bytes())
        (copy / name).unlink()
        if content is not None:
            (copy / name).write_bytes(content)
        yield name


def ending(work: Callable[[], str]) -> str:
    """What work returns, or its error: one that a verb says in a line."""
    try:
        return work()
    except (UserError, RunFailedError) as error:
        told = str(error)
        assert told == one_line(told)
        return "refused"


@pytest.mark.parametrize("harm", HARMED)
def test_no_rotten_file_of_a_data_set_passes_the_gate_or_reaches_training(
    data: Path, tmp_path: Path, harm: str
) -> None:
    judged, trusted = {}, {}
    for name in rotten(data, tmp_path / "data", harm):
        if name.startswith("quality/report"):
            continue
        trusted[name] = ending(lambda: str(require_passed(tmp_path / "data").counts.kept))
        judged[name] = ending(lambda: str(validate(tmp_path / "data", CONFIG).status))
    passed = {name for name, status in judged.items() if status == "passed"}
    assert passed <= {name for name in judged if name.startswith(UNREAD)}
    verdict = set() if harm == "flip" else {"quality/verdict.json"}  # a letter of what a check says is of no account
    refused = {name for name, kept in trusted.items() if kept == "refused"} - ({"quality/verdict.json"} - verdict)
    assert refused == {name for name in judged if name.startswith(("shards/", "manifest"))} | verdict


@pytest.mark.slow
@pytest.mark.parametrize("harm", HARMS)
def test_a_run_goes_on_from_rotten_files_to_the_same_weights_or_refuses_in_a_line(
    data: Path, run: Path, tmp_path: Path, harm: str
) -> None:
    killed = tmp_path / "killed"
    shutil.copytree(run, killed)
    shutil.rmtree(killed / "model")
    shutil.rmtree(killed / "checkpoints" / "step-00000004")
    weights = (run / "model" / "model.safetensors").read_bytes()

    def resumed() -> str:
        train(CONFIG, [data], tmp_path / "RUN", resume=True)
        return "same" if (tmp_path / "RUN" / "model" / "model.safetensors").read_bytes() == weights else "other"

    endings = {name: ending(resumed) for name in rotten(killed, tmp_path / "RUN", harm)}
    assert {name for name, end in endings.items() if end == "other"} == set()
    assert {name for name, end in endings.items() if end == "refused"} <= {"run.json"}


@pytest.fixture(scope="module")
def evaluation(data: Path, run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation that ended."""
    output = tmp_path_factory.mktemp("rot") / "EVAL"
    evaluate(CONFIG, run, output, data=data)
    return output


@pytest.mark.parametrize(
    "harm", [harm if harm in ("cut", "flip") else pytest.param(harm, marks=pytest.mark.slow) for harm in HARMS]
)
def test_an_evaluation_goes_on_from_rotten_files_to_the_same_answers_or_refuses_in_a_line(
    data: Path, run: Path, evaluation: Path, tmp_path: Path, harm: str
) -> None:
    answers = read_evaluation(evaluation).rows

    def continued() -> str:
        evaluate(CONFIG, run, tmp_path / "EVAL", data=data)
        return "same" if read_evaluation(tmp_path / "EVAL").rows == answers else "other"

    endings = {name: ending(continued) for name in rotten(evaluation, tmp_path / "EVAL", harm)}
    assert {name for name, end in endings.items() if end == "other"} == set()
    assert {name for name, end in endings.items() if end == "refused"} == (set() if harm == "gone" else {"asked.json"})
    read = {
        name: ending(lambda: str(read_evaluation(tmp_path / "EVAL")))
        for name in rotten(evaluation, tmp_path / "EVAL", harm)
    }
    assert {name for name, end in read.items() if end == "refused"} == {"results.json", "generations/cot.arrow"}


@pytest.mark.parametrize("harm", ["cut", "flip"])
def test_no_rotten_file_of_a_model_is_asked_without_a_word(
    data: Path, run: Path, evaluation: Path, tmp_path: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    answers = read_evaluation(evaluation).rows

    def asked() -> str:
        shutil.rmtree(tmp_path / "EVAL", ignore_errors=True)
        evaluate(CONFIG, tmp_path / "RUN" / "model", tmp_path / "EVAL", data=data)
        return "same" if read_evaluation(tmp_path / "EVAL").rows == answers else "other"

    endings = {name: ending(asked) for name in rotten(run / "model", tmp_path / "RUN" / "model", harm)}
    told = {name for name in endings if any(f"{name} is not as the run wrote it" in line for line in caplog.messages)}
    assert {name for name, end in endings.items() if end != "refused"} - told == {"README.md"}
    assert not {"model.safetensors", "tokenizer.json"} & told
