"""Files that begin as a published one does, on decided parts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.rejection import Rejection
from pipelines.engine.store import PartRef, Store
from pipelines.engine.workfiles import move
from pipelines.output import write
from pipelines.output.decide import decide
from pipelines.output.growing import STAGED, ground_of
from pipelines.output.write import FilePlan, WriteSettings, Written, write_file
from schemas.reason import Reason
from schemas.split import Split
from tests.pipelines.output.parts import SCREEN, candidate, settings, write_part

PLAIN = WriteSettings(prompts={}, regenerate=False, trim=False)
CUTS = {"within a batch": [5, 4], "at the end of one": [8, 3], "of short parts": [3, 1, 1, 2], "of one part": [7]}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "BATCH_ROWS", 4)


def decided_parts(store: Store, sizes: Sequence[int], *, fallen: int = 0) -> list[PartRef]:
    """Parts of so many candidates, the first of each fallen, and of the first part another one."""
    parts, first = [], 0
    for number, size in enumerate(sizes):
        said = {SCREEN: [(0, Rejection(Reason.TOO_LONG))]}
        if number == 0 and fallen:
            said[SCREEN].append((fallen, Rejection(Reason.TOO_LONG)))
        rows = [candidate(row) for row in range(first, first + size)]
        part = replace(write_part(store, number, rows, said), key=f"part{number}")
        decide(part, store=store, settings=settings())
        parts.append(part)
        first += size
    return parts


def published(store: Store, parts: Sequence[PartRef], **given: Any) -> dict[str, tuple[Written, bytes]]:
    """Writes shard, ledger and rejected records, and moves them into place."""
    plans = (FilePlan("shards/x.arrow", Split.TRAIN, tuple(parts)), FilePlan("ledger/x.arrow", None, tuple(parts)))
    files = [file for plan in plans for file in write_file(plan, store=store, settings=replace(PLAIN, **given))]
    for file in files:
        assert isinstance(store.root, Path)
        move(store.root / STAGED / file.path, store.published(file.path))
    return {file.path: (file, store.published(file.path).read_bytes()) for file in files}


def rows_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts whose examples are made from now on."""
    made: list[str] = []
    examples = write._examples

    def watched(part: PartRef, *rest: Any, **named: Any) -> Any:
        made.append(part.key)
        return examples(part, *rest, **named)

    monkeypatch.setattr(write, "_examples", watched)
    return made


@pytest.mark.parametrize("sizes", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("more", [[], [2], [6, 9]], ids=["nothing", "a part", "two parts"])
def test_a_longer_file_has_the_bytes_of_a_fresh_one_and_only_what_is_new_is_made(
    tmp_path: Path, sizes: list[int], more: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "data/.work")
    published(store, decided_parts(store, sizes))
    made = rows_made(monkeypatch)
    longer = published(store, decided_parts(store, [*sizes, *more]))
    assert made == [f"part{number}" for number in range(len(sizes), len(sizes) + len(more))]
    fresh = Store(tmp_path / "fresh/.work")
    assert longer == published(fresh, decided_parts(fresh, [*sizes, *more]))


def test_a_shorter_file_keeps_what_most_of_the_published_one_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "data/.work")
    published(store, decided_parts(store, [9, 6, 2]))
    made = rows_made(monkeypatch)
    shorter = published(store, decided_parts(store, [9, 6]))
    assert made == []
    least = published(store, decided_parts(store, [9]))
    fresh = Store(tmp_path / "fresh/.work")
    assert (shorter, least) == (
        published(fresh, decided_parts(fresh, [9, 6])),
        published(fresh, decided_parts(fresh, [9])),
    )


def test_a_part_that_ends_otherwise_is_made_again_and_what_is_behind_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "data/.work")
    published(store, decided_parts(store, [5, 5]))
    made = rows_made(monkeypatch)
    changed = published(store, decided_parts(store, [5, 5], fallen=3))
    assert made == ["part0", "part1"]
    fresh = Store(tmp_path / "fresh/.work")
    assert changed == published(fresh, decided_parts(fresh, [5, 5], fallen=3))


def test_other_settings_of_writing_take_no_shard_but_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "data/.work")
    parts = decided_parts(store, [5, 5])
    before = published(store, parts)
    made = rows_made(monkeypatch)
    after = published(store, parts, prompts={"cot": {"en": "Think."}})
    assert made == ["part0", "part1"]
    assert {name for name in before if before[name] == after[name]} == {"ledger/x.arrow", "rejected/x.jsonl"}


@pytest.mark.parametrize(
    "spoil", [lambda content: content[:-1], lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:]]
)
def test_a_published_file_that_changed_is_no_beginning(
    tmp_path: Path, spoil: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "data/.work")
    parts = decided_parts(store, [5, 5])
    before = published(store, parts)
    path = store.published("shards/x.arrow")
    path.write_bytes(spoil(path.read_bytes()))
    made = rows_made(monkeypatch)
    assert published(store, parts) == before
    assert made == ["part0", "part1"]
    path.unlink()
    assert published(store, parts) == before


def test_a_damaged_note_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "data/.work")
    parts = decided_parts(store, [5, 5])
    before = published(store, parts)
    for note in (tmp_path / "data/.work/written").iterdir():
        note.write_text("{")
    assert published(store, parts) == before
    made = rows_made(monkeypatch)
    assert published(store, parts) == before
    assert made == []


def test_a_ground_is_of_the_decisions_and_of_what_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (part,) = decided_parts(store, [5])
    ground = ground_of(store, part)
    assert ground_of(store, part) == ground
    grounds = {ground, ground_of(store, part, PLAIN), ground_of(store, part, tags=(None, SCREEN))}
    decided_parts(store, [5], fallen=2)
    assert len(grounds | {ground_of(store, part), ground_of(store, part, tags=(SCREEN,))}) == 5
