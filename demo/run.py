"""The demo's four acts, by the same functions that the verbs call: curate, validate, train, evaluate."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from demo import closing
from demo.planting import EXPECTED, Expected, Sizes, write_rows
from demo.screen import CuratingScreen, Screen, TrainingScreen, Waiting, pass_table, tools_lesson
from pipelines.curate import curate
from pipelines.output.reader import read_ledger
from pipelines.validate import validate
from schemas.config import Config
from schemas.configfile import load_config
from schemas.exits import RunFailedError, UserError
from schemas.manifest import Manifest
from schemas.verdict import Status, Verdict
from training.evaluate import evaluate
from training.results import EvalResult, RunResult
from training.train import train

CONFIG = Path(__file__).resolve().parent / "demo.yaml"
_SEED = 0
_VARIABLE = "MATHMILL_DEMO"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the demo writes."""

    output: Path

    @property
    def rows(self) -> Path:
        """Sources, benchmark, expectations."""
        return self.output / "rows"

    @property
    def data(self) -> Path:
        """The data set."""
        return self.output / "data"

    @property
    def run(self) -> Path:
        """Checkpoints and model."""
        return self.output / "run"

    @property
    def evaluation(self) -> Path:
        """Answers before and after."""
        return self.output / "eval"

    def clear(self) -> None:
        """Removes an earlier demo, and nothing else.

        Raises:
            UserError: the folder holds something that is no demo.
        """
        if self.output.is_dir() and any(self.output.iterdir()) and not (self.rows / EXPECTED).is_file():
            raise UserError(f"{self.output}: holds something that is no demo; name another folder with --output")
        for folder in (self.data, self.run, self.evaluation, self.rows):
            shutil.rmtree(folder, ignore_errors=True)


def run_demo(output: Path, console: Console, *, overrides: Sequence[str] = (), sizes: Sizes | None = None) -> None:
    """Runs the demo and shows it.

    Args:
        output: folder for rows, data, run and evaluation; an earlier demo in it is replaced.
        console: a terminal, or any stream: then plain lines.
        overrides: `key.path=value` on top of demo.yaml.
        sizes: how many rows; the tests take fewer.

    Raises:
        UserError: the folder holds something else.
        RunFailedError: the gate is closed.
    """
    folders = Folders(output)
    folders.clear()
    screen = Screen(console)
    screen.title("mathmill", "raw problems → a data set that can be trusted → a model that learned from it")
    expected = write_rows(folders.rows, _SEED, sizes)
    config = _config(folders, overrides)
    manifest = _curate(screen, config, folders, expected)
    verdict = _validate(screen, config, folders)
    result = _train(screen, config, folders)
    before, after = _evaluate(screen, config, folders, result)
    _close(screen, folders, manifest, expected)
    assert verdict.status is Status.PASSED, verdict
    assert after.formats.keys() == before.formats.keys(), (before, after)


def _config(folders: Folders, overrides: Sequence[str]) -> Config:
    with _variable(_VARIABLE, str(folders.rows)):
        return load_config(CONFIG, overrides)


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _curate(screen: Screen, config: Config, folders: Folders, expected: Sequence[Expected]) -> Manifest:
    assert config.curate is not None
    screen.act(
        1, "Curate", f"{len(expected):,} rows of {len(config.curate.sources)} sources, defects planted among them"
    )
    with screen.live() as region:
        manifest = curate(config, folders.data, on_progress=CuratingScreen(region).show)
    closing.show_sum(screen, manifest, _planted(folders, manifest, expected))
    return manifest


def _planted(folders: Folders, manifest: Manifest, expected: Sequence[Expected]) -> closing.Planted:
    return closing.compare_with_planted(expected, read_ledger(folders.data, manifest, ("source", "row", "reason")))


def _validate(screen: Screen, config: Config, folders: Folders) -> Verdict:
    screen.act(2, "Validate", "hashes, contract, suite; answers judged again, apart from the line")
    with screen.waiting("judging") as shown:
        verdict = validate(folders.data, config, on_progress=shown.say)
    numbers = Counter(check.status for check in verdict.checks)
    rest = ", ".join(f"{number} {status.value.replace('_', ' ')}" for status, number in sorted(numbers.items()))
    colour = "green" if verdict.status is Status.PASSED else "red"
    screen.say(Text.assemble((verdict.status.value, f"bold {colour}"), f"   {len(verdict.checks)} checks: {rest}"))
    if verdict.status is not Status.PASSED:
        failed = [check.name for check in verdict.checks if check.status is Status.FAILED]
        raise RunFailedError(f"{folders.data}: the gate is closed: {', '.join(failed[:3])}")
    return verdict


def _train(screen: Screen, config: Config, folders: Folders) -> RunResult:
    screen.act(3, "Train", "J_SFT = E[ 1/|o| Σ log π(o_t | q, o_<t) ] goes up")
    with screen.live() as region:
        Waiting(region).say("fitting a tokenizer, building the model, probing its attention")
        shown = TrainingScreen(screen, region)
        result = train(config, [folders.data], folders.run, on_start=shown.start, on_step=shown.step)
    screen.say(shown.curve())
    assert result.first is not None, result
    assert result.last is not None, result
    heldout = f", {result.heldout.objective:.3f} on held-out problems" if result.heldout else ""
    screen.blank()
    screen.say(
        Text.assemble(
            "J_SFT rose from ",
            (f"{result.first.objective:.3f}", "bold"),
            " to ",
            (f"{result.last.objective:.3f}", "bold green"),
            f"{heldout}, in {result.seconds:.0f} s",
        )
    )
    return result


def _evaluate(screen: Screen, config: Config, folders: Folders, result: RunResult) -> tuple[EvalResult, EvalResult]:
    screen.act(4, "Evaluate", "problems that training never saw; programs run, answers judged")
    assert result.initial is not None, result
    results = []
    with screen.waiting("before training") as shown:
        for name, model in (("before", result.initial), ("after", result.output)):

            def tell(done: int, total: int, name: str = name) -> None:
                shown.say(f"{name} training: {done:,} of {total:,} problems")

            results.append(evaluate(config, model, folders.evaluation / name, data=folders.data, on_progress=tell))
    before, after = results
    screen.say(pass_table(before, after))
    if lesson := tools_lesson(after):
        screen.blank()
        screen.say(Text(lesson))
    return before, after


def _close(screen: Screen, folders: Folders, manifest: Manifest, expected: Sequence[Expected]) -> None:
    ledger = read_ledger(folders.data, manifest)
    screen.heading("What was kept")
    closing.show_sum(screen, manifest, closing.compare_with_planted(expected, ledger))
    screen.heading("Why the rest was not")
    closing.show_reasons(screen, manifest)
    screen.heading("Worth a look")
    closing.show_findings(screen, manifest, ledger, folders.data, folders.rows)
    screen.heading("What the model wrote")
    closing.show_answers(screen, folders.evaluation / "after" / "generations")
    screen.heading("Where it is")
    closing.show_places(
        screen,
        (
            ("report", folders.data / "quality" / "report" / "index.html"),
            ("shards", folders.data / "shards"),
            ("checkpoint", folders.run / "model"),
            ("answers", folders.evaluation / "after" / "index.html"),
            ("rows", folders.rows),
            ("config", os.path.relpath(CONFIG)),
        ),
    )
    screen.blank()
    screen.say(Text(f"done in {screen.seconds:.0f} s", style="dim"))
    screen.blank()
