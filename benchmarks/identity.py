"""Near-duplicates and decontamination: what they find, what they spare, what they cost.

    python -m benchmarks.identity duplicates CORPUS.jsonl [--workers 1] [--peer PYTHON --peer-script SCRIPT]
    python -m benchmarks.identity together CORPUS.jsonl [CORPUS.jsonl ...] [--workers 1]
    python -m benchmarks.identity long CORPUS.jsonl [CORPUS.jsonl ...] [--rows 12000] [--solutions 1] [--workers 1]
    python -m benchmarks.identity leaks --data DATA [--rows 1000000] [--items 20000]

`duplicates` runs `mathmill curate` over a labelled corpus (rows with id, text, question, solution, decision,
cluster_id, kind and jaccard) and scores what was kept: the whole run from JSONL to shards, and identify alone over a
store that stands. With --peer the same run measures that too, as `PYTHON SCRIPT CORPUS KEPT_IDS MODE WORKERS` in each
of --peer-modes (`peer_data_juicer.py` has `default`), and records it by the name of SCRIPT, peer_NAME.py. `together`
curates several such corpora as one data set, `long` rows whose solutions have 16 KB each, every tenth followed by a
copy but for a word: cost and memory only, with start-up and beyond it; with --solutions N rows in turn have one
question. `leaks` checks real rows against the benchmark items in DATA: recall over rewordings made by rule, over those
that a language model wrote one by one (`rewordings/`, by set: `fitted` to, `inspected` after one test as held out,
`held out`; the `second writer` never saw the detector), and over translations made by hand, false alarms on rows that
leak nothing and on problems written to be near to an item, and cost against many items.
"""

import argparse
import fileinput
import itertools
import json
import random
import re
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from benchmarks.measuring import REPOSITORY, Cost, mathmill, measure, record
from pipelines.engine.rejection import Rejection
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.config import Decontaminate
from schemas.example import SEGMENTS
from validation.answers import extract

REWORDINGS = REPOSITORY / "benchmarks" / "rewordings"
BANDS = ((0.9, "J>=.9"), (0.8, "J.8-.9"), (0.7, "J.7-.8"), (0.0, "J<.7"))
SYNONYMS = {
    "buys": "purchases", "bought": "purchased", "sells": "vends", "altogether": "in all", "each": "every",
    "gives": "hands", "has": "owns", "had": "owned", "children": "kids", "house": "home", "friends": "pals",
    "eats": "consumes", "ate": "consumed", "big": "large", "money": "cash", "needs": "requires", "wants": "wishes",
    "started": "began", "spends": "pays", "store": "shop", "car": "vehicle", "people": "persons", "gets": "receives",
    "got": "received", "then": "afterwards", "after": "following", "costs": "is priced at", "left": "remaining",
    "went": "travelled", "drives": "rides", "walks": "strolls", "works": "labours", "total": "sum",
}  # fmt: skip
NAMES = ("Olga", "Priya", "Samir", "Talia", "Uma", "Victor", "Wendy", "Xavier", "Yara", "Zane", "Aaron", "Bella")
NO_NAMES = {"The", "How", "If", "What", "There", "Each", "After", "Every", "Two", "For", "When", "She", "His", "Her"}
WORDS = {"2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"}


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program that takes near-duplicates away, in an environment of its own."""

    python: str
    script: Path
    modes: Sequence[str]


def duplicates(corpus: Path, workers: int, peer: Peer | None) -> None:
    """Curates a labelled corpus and scores what was kept, at the level of documents."""
    with tempfile.TemporaryDirectory() as folder:
        scores, costs = _ours(corpus, workers, Path(folder))
        if peer is not None:
            for mode in peer.modes:
                kept = Path(folder, f"kept-{mode}.txt")
                costs.append(
                    measure(f"peer {mode}", [peer.python, peer.script, corpus.resolve(), kept, mode, str(workers)])
                )
                ids = set(kept.read_text(encoding="utf-8").split())
                scores[f"peer {mode}"] = score(
                    corpus, {row for row, row_id in enumerate(_ids(corpus)) if row_id in ids}
                )
    name = "duplicates" if peer is None else f"beside_{peer.script.stem.removeprefix('peer_')}"
    record(f"identity_{name}", scores, costs)


def _ids(corpus: Path) -> Iterator[str]:
    with corpus.open(encoding="utf-8") as lines:
        yield from (json.loads(line)["id"] for line in lines)


def _ours(corpus: Path, workers: int, folder: Path) -> tuple[dict[str, object], list[Cost]]:
    """The whole run, and identify alone: what a run over a standing store costs more with it than without."""
    whole = _curated("curate", [corpus], folder / "whole", workers)
    _curated("read", [corpus], folder / "parts", workers, "identify")
    without = _curated("without identify", [corpus], folder / "parts", workers, "identify")
    with_identify = _curated("with identify", [corpus], folder / "parts", workers)
    alone = Cost(
        "identify alone",
        round(with_identify.wall_s - without.wall_s, 1),
        round(with_identify.cpu_s - without.cpu_s, 1),
        with_identify.peak_mb,
    )
    return dict(score(corpus, set(_kept_rows(folder / "whole")))), [whole, alone]


def _curated(label: str, corpora: Sequence[Path], output: Path, workers: int, *skipped: str) -> Cost:
    """Curates corpora without what a deduplicator does not do either: no screens, no verification."""
    columns = {"question": "question", "solution": "solution", "decision": "decision"}
    source = {"adapter": "columns", "format": "cot", "licence": "MIT", "columns": columns}
    sources = [{"name": f"corpus-{n}", "path": str(path.resolve()), **source} for n, path in enumerate(corpora)]
    skip = ["screen", "verify", *skipped]
    config = output.with_suffix(".yaml")
    config.write_text(json.dumps({"curate": {"sources": sources, "skip": skip, "heldout": 0, "wipeout": {"limit": 1}}}))
    return measure(label, mathmill("curate", config, "--output", output, "--workers", str(workers)))


def together(corpora: Sequence[Path], workers: int) -> None:
    """Curates several corpora as one data set: cost and memory."""
    with tempfile.TemporaryDirectory() as folder:
        cost = _curated(f"{len(corpora)} corpora", corpora, Path(folder, "data"), workers)
        counts = json.loads(Path(folder, "data", "manifest.json").read_text())["counts"]
    record("identity_together", {"counts": counts}, [cost])


LONG_BYTES = 16_000


def long(corpora: Sequence[Path], rows: int, solutions: int, workers: int) -> None:
    """Curates rows whose solutions are several of the corpus in one: text per CPU second, with start-up and beyond it.

    Args:
        corpora: where questions and solutions come from.
        rows: at most so many.
        solutions: so many rows in turn have one question. What stands alone with its question is read less often.
        workers: Beam processes.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, few = Path(folder, "long.jsonl"), Path(folder, "few.jsonl")
        text_mb = _write_long(corpora, path, rows, solutions) / 1e6
        with path.open(encoding="utf-8") as lines:
            few.write_text("".join(itertools.islice(lines, 10)), encoding="utf-8")
        start_up = _curated("curate 10 rows: start-up", [few], Path(folder, "start_up"), workers)
        cost = _curated("curate", [path], Path(folder, "data"), workers)
        counts = json.loads(Path(folder, "data", "manifest.json").read_text())["counts"]
    facts: dict[str, object] = {
        "counts": counts,
        "rows_a_question": solutions,
        "text_mb": round(text_mb, 1),
        "mb_per_cpu_s": round(text_mb / cost.cpu_s, 1),
        "mb_per_cpu_s_beyond_start_up": round(text_mb / (cost.cpu_s - start_up.cpu_s), 1),
    }
    record("identity_long" if solutions == 1 else f"identity_long_{solutions}", facts, [start_up, cost])


def _write_long(corpora: Sequence[Path], path: Path, rows: int, of_one_question: int) -> int:
    """Writes the rows and returns the bytes of questions and solutions in them."""
    size, written, made, solutions, question = 0, 0, 0, list[str](), ""
    with fileinput.input(corpora, encoding="utf-8") as lines, path.open("w", encoding="utf-8") as file:
        for document in map(json.loads, lines):
            solutions, question = [*solutions, document["solution"]], question or document["question"]
            if sum(map(len, solutions)) < LONG_BYTES:
                continue
            solution = "\n\n".join(solutions)
            copies = [solution, f"{solution} Indeed."] if written % 10 == 0 else [solution]
            for text in copies:
                size += len(question.encode()) + len(text.encode())
                row = {"question": question, "solution": text, "decision": None}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            written, made, solutions = written + len(copies), made + 1, []
            if made % of_one_question == 0:
                question = ""
            if written >= rows:
                break
    return size


def _kept_rows(output: Path) -> Iterator[int]:
    for path in sorted((output / "ledger").glob("*.arrow")):
        for batch in pa.ipc.open_stream(path):
            rows = zip(batch.column("row").to_pylist(), batch.column("outcome").to_pylist(), strict=True)
            yield from (row for row, outcome in rows if outcome == "kept")


def score(corpus: Path, kept: set[int]) -> dict[str, object]:
    """Recall by similarity, precision, and what must never go, of kept rows (0-based positions)."""
    members: dict[int, list[tuple[int, str, float, str]]] = defaultdict(list)
    with corpus.open(encoding="utf-8") as lines:
        for row, line in enumerate(lines):
            document = json.loads(line)
            members[document["cluster_id"]].append((row, document["kind"], document["jaccard"], document["decision"]))
    removed = {cluster: sum(row not in kept for row, *_ in rows) for cluster, rows in members.items()}
    right = sum(min(removed[cluster], len(rows) - 1) for cluster, rows in members.items())
    total, found = Counter[str](), Counter[str]()
    for cluster, rows in members.items():
        copies = [member for member in rows if member[1] != "base"]
        if len(rows) == 2 and len(copies) == 1:
            _, kind, jaccard, _ = copies[0]
            band = "exact" if kind == "exact" else next(name for least, name in BANDS if jaccard >= least)
            total[band] += 1
            found[band] += removed[cluster] > 0
    flat = [member for rows in members.values() for member in rows]
    return {
        "documents": len(flat),
        "removed": sum(removed.values()),
        "precision": round(right / max(1, sum(removed.values())), 4),
        "recall": {band: round(found[band] / total[band], 4) for band in sorted(total)},
        "variants_removed": sum(row not in kept for row, kind, *_ in flat if kind == "variant"),
        "picks_lost": sum(row not in kept for row, _, _, decision in flat if decision),
    }


def leaks(data: Path, rows: int, items: int) -> None:
    """Recall, false alarms and cost of decontamination on real rows."""
    gsm8k, math = _rows(data / "eval" / "gsm8k_test.jsonl"), _rows(data / "eval" / "math_test.jsonl")
    questions = [row["question"] for row in gsm8k] + [row["problem"] for row in math]
    answers = [_final(row["answer"]) for row in gsm8k] + [_final(row["solution"]) for row in math]
    index = _index(questions, answers)
    train = _rows(data / "cot" / "gsm8k_train.jsonl")
    rng = random.Random(0)
    reworded = [reword(row["question"], rng) for row in gsm8k]
    variants = [_varied(row["question"], rng) for row in gsm8k]
    found: dict[str, object] = {
        "rewordings by rule": _flagged(index, reworded, answers[: len(gsm8k)]),
        "rewordings by rule, answers unknown": _flagged(index, reworded, None),
        "numeric variants, answers unknown": _flagged(index, variants, None),
        "GSM8K train": _flagged(index, [row["question"] for row in train], [_final(row["answer"]) for row in train]),
    }
    math_train = _rows(data / "cot" / "math_train_problems_7500.jsonl")
    problems = [row["problem"] for row in math_train]
    found["MATH train"] = _flagged(index, problems, [row["answer"] for row in math_train])
    found["MATH train, answers unknown"] = _flagged(index, problems, None)
    found |= _reworded_one_by_one(index, answers, {"gsm8k": 0, "math": len(gsm8k)})
    found |= _near_misses(index)
    for language in ("zh", "de", "fr", "es", "ja"):
        pairs = [line.split("\t") for line in (data / "multiling" / f"mgsm_{language}.tsv").read_text().splitlines()]
        texts, wanted = [pair[0] for pair in pairs], [pair[1].replace(",", "") for pair in pairs]
        found[f"MGSM {language}"] = _flagged(index, texts, wanted, language)
    cmath = _rows(data / "multiling" / "cmath_test.jsonl")
    found["CMATH"] = _flagged(index, [row["question"] for row in cmath], [row["golden"] for row in cmath], "zh")
    many = [reword(question, rng) for question in rng.choices(questions, k=max(0, items - len(questions)))]
    crowd = _index([*questions, *many], [*answers, *[None] * len(many)])
    started, begun = time.process_time(), time.monotonic()
    for begin in range(0, rows, 5_000):
        chosen = rng.choices(train, k=min(5_000, rows - begin))
        check(
            _batch([row["question"] for row in chosen], None, "en", [row["answer"] for row in chosen]),
            crowd,
            Decontaminate(),
        )
    seconds = time.process_time() - started
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    label = f"{rows} rows against {len(questions) + len(many)} items"
    cost = Cost(label, round(time.monotonic() - begun, 1), round(seconds, 1), peak_mb)
    record("identity_leaks", {"flagged": found, "us_a_row": round(seconds / rows * 1e6)}, [cost])


def _reworded_one_by_one(
    index: BenchmarkIndex, answers: Sequence[str | None], firsts: Mapping[str, int]
) -> dict[str, object]:
    """What is found of the items in `rewordings`; `firsts` is where a benchmark begins among the items."""
    found: dict[str, object] = {}
    for name, first in firsts.items():
        rows = _rows(REWORDINGS / f"{name}.jsonl")
        for seen, style in dict.fromkeys((row["set"], row["style"]) for row in rows):
            of_style = [row for row in rows if (row["set"], row["style"]) == (seen, style)]
            questions = [row["question"] for row in of_style]
            label = f"{name} reworded one by one, {style}, {seen}"
            found[label] = _flagged(index, questions, [answers[first + int(row["position"])] for row in of_style])
            if "second writer" in seen:
                found[f"{label}, answers unknown"] = _flagged(index, questions, None)
    return found


def _near_misses(index: BenchmarkIndex) -> dict[str, object]:
    """What is taken for an item of other problems that were written one by one to be near to one."""
    rows = _rows(REWORDINGS / "near_misses.jsonl")
    found: dict[str, object] = {}
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of_kind = [row for row in rows if row["kind"] == kind]
        found[f"near misses, {kind}"] = _flagged(
            index, [row["question"] for row in of_kind], [row["answer"] for row in of_kind]
        )
    return found


def reword(question: str, rng: random.Random) -> str:
    """The same problem with other names, synonyms, digits or number words, and its sentences in another order."""
    for name in sorted({*re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}|^[A-Z][a-z]{2,}(?='s| )", question)} - NO_NAMES):
        question = re.sub(rf"\b{name}\b", rng.choice(NAMES), question)
    question = re.sub(r"[A-Za-z]+", lambda word: SYNONYMS.get(word[0].lower(), word[0]), question)
    if rng.random() < 0.5:
        question = re.sub(r"(?<![\d.,$/:-])\d(?![\d.,%/:-]|\w)", lambda digit: WORDS.get(digit[0], digit[0]), question)
    else:
        digits = {word: digit for digit, word in WORDS.items()}
        question = re.sub(r"\b[a-z]+\b", lambda word: digits.get(word[0], word[0]), question)
    *facts, asked = re.split(r"(?<=[.?!])\s+", question)
    rng.shuffle(facts)
    return " ".join((*facts, asked))


def _varied(question: str, rng: random.Random) -> str:
    numbers = re.findall(r"\b\d+\b", question)
    if not numbers:
        return "no number to vary"
    chosen = rng.choice(numbers)
    return re.sub(rf"\b{chosen}\b", str(int(chosen) + rng.randint(1, 9)), question)


def _index(questions: Sequence[str], answers: Sequence[str | None]) -> BenchmarkIndex:
    columns = {"benchmark": ["items"] * len(questions), "position": range(len(questions)), "question": questions}
    more = {"answer": answers} | dict.fromkeys(("solution", "licence"), [None] * len(questions))
    constant = {"language": ["en"] * len(questions), "variants": ["report"] * len(questions)}
    return BenchmarkIndex.build(pa.table({**columns, **more, **constant}, schema=BENCHMARK_SCHEMA))


def _flagged(
    index: BenchmarkIndex, questions: Sequence[str], answers: Sequence[str | None] | None, language: str = "en"
) -> dict[str, object]:
    found = Counter(
        str(finding.reason)
        for finding in check(_batch(questions, answers, language), index, Decontaminate())
        if isinstance(finding, Rejection)
    )
    return {"rows": len(questions), "share": round(found.total() / len(questions), 4), **found}


def _batch(
    questions: Sequence[str],
    answers: Sequence[str | None] | None,
    language: str,
    solutions: Sequence[str] | None = None,
) -> pa.RecordBatch:
    segments = [[{"kind": "text", "text": solution}] for solution in solutions or [""] * len(questions)]
    return pa.RecordBatch.from_pydict(
        {
            "question": pa.array(questions, pa.string()),
            "segments": pa.array(segments, SEGMENTS),
            "answer": pa.array(answers or [None] * len(questions), pa.string()),
            "language": pa.array([language] * len(questions), pa.string()),
        }
    )


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _final(solution: str) -> str | None:
    return extract(solution).answer


def main(arguments: Sequence[str]) -> None:
    """Reads the command line and runs one of the four."""
    parser = argparse.ArgumentParser(prog="benchmarks.identity", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    near = commands.add_parser("duplicates")
    near.add_argument("corpus", type=Path)
    near.add_argument("--workers", type=int, default=1)
    near.add_argument("--peer", metavar="PYTHON", help="a Python that has what the peer needs")
    near.add_argument("--peer-script", type=Path, default=REPOSITORY.parent / "shared" / "bench" / "peer_datatrove.py")
    near.add_argument("--peer-modes", nargs="+", default=["default", "math"], metavar="MODE")
    combined = commands.add_parser("together")
    combined.add_argument("corpora", type=Path, nargs="+")
    combined.add_argument("--workers", type=int, default=1)
    lengthy = commands.add_parser("long")
    lengthy.add_argument("corpora", type=Path, nargs="+")
    lengthy.add_argument("--rows", type=int, default=12_000)
    lengthy.add_argument("--solutions", type=int, default=1, metavar="N", help="so many rows have one question")
    lengthy.add_argument("--workers", type=int, default=1)
    leak = commands.add_parser("leaks")
    leak.add_argument("--data", type=Path, required=True)
    leak.add_argument("--rows", type=int, default=1_000_000)
    leak.add_argument("--items", type=int, default=20_000)
    options = parser.parse_args(arguments)
    if options.command == "duplicates":
        peer = Peer(options.peer, options.peer_script, options.peer_modes) if options.peer else None
        duplicates(options.corpus, options.workers, peer)
    elif options.command == "together":
        together(options.corpora, options.workers)
    elif options.command == "long":
        long(options.corpora, options.rows, options.solutions, options.workers)
    else:
        leaks(options.data, options.rows, options.items)


if __name__ == "__main__":
    main(sys.argv[1:])
