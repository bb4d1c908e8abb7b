"""Leaks of benchmarks: is this candidate a test item, in its question or hidden in its solution or system turn?

Tiers, strongest evidence first:

    exact    the item's skeleton is the question, or stands whole inside question or solution (prefixes, docstrings); or
             the item's own solution stands in the solution, whatever the question has become but a variant with
             another answer
    n-gram   ten words in a row are the item's (the whole text of a shorter item). Guarded: a leak when the numbers
             agree, or the item has none; in another order and with another answer they are a variant. On 3,000 MATH
             training rows 380 of 431 bare hits share no numbers with the item
    reworded the item's numbers in other words or another language (`reworded`): quarantined
    variant  the item's words with other numbers: what happens to it is the benchmark's `variants`

Rows and items meet as hashes in numpy arrays; the text of an item is touched only to confirm a hit.

Legend: N candidates, Q distinct questions among them, I items; a text is one of the Q questions or N solutions, W words
of all texts together, H hits of their n-grams, P distinct (text, item) pairs among the hits. Index spaces:

    candidate  question  place among questions      first candidate of a question
            0  "a"       places[N] = 0              firsts[Q] = 0, 1
            1  "b"                   1
            2  "a"                   0

A question is looked up once and its finding holds for every candidate that asks it. Within `_run_hits` three hits of
two pairs, of ten-grams that begin at words 4, 5 and 30 (text 0 ends at word 20):

    begins[H]  texts  items[H]       pair[H]   first[P]  last[P]     cover[P]
            4      0         7   ->        0          4       15     2 of the item's n-grams
            5      0         7             0
           30      1         2             1         30       40     1
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.engine.rejection import Note, Rejection
from pipelines.stages.decontaminate.contained import item_windows, standing
from pipelines.stages.decontaminate.reworded import SAME_STORY, ParaphraseIndex
from pipelines.stages.decontaminate.short_items import ShortItems
from pipelines.stages.decontaminate.terms import siblings
from pipelines.stages.decontaminate.worked import shared_work, worked_numbers
from pipelines.stages.decontaminate.wrappings import INSTRUCTIONS, LABEL, OPTIONS, unescaped, unmarked
from pipelines.text.arrays import joined_segments
from pipelines.text.postings import Postings
from pipelines.text.skeleton import numbers_in, skeletons, template_forms
from pipelines.text.words import Hashes, Places, Words, ngrams_of, words_of
from schemas.config import Decontaminate
from schemas.ledger import LedgerRule
from schemas.reason import Reason
from schemas.wording import shortened
from validation.answers import Relation, compare_exactly, extract

NGRAM = 10  # DeepSeekMath, section 2.1: 10-grams; shorter items as a whole (`short_items`)
_CONTAINED = 40  # bytes of skeleton from which an item standing inside another text is no coincidence
_OWN_SOLUTION = 80  # the same for solutions, which are made of fewer turns of phrase
_NEARLY_ALL = 0.9  # share of an item's n-grams: what is left changes a word, not what is asked
_MIN_COVER = 0.5  # share of an item's n-grams that must be there: texts repeat phrases of other questions
_POLICIES = ("report", "quarantine", "remove")  # about variants, the strictest last
_EVIDENCE = 160  # characters of a matched span that the ledger keeps
_DIGITS = re.compile(rb"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class BenchmarkIndex:
    """Benchmark items, ready to be looked up. Picklable; about 1.5 KB an item.

    Attributes:
        items: benchmark and position of each item.
        skeletons: the key form of each question.
        numbers: the numbers of each question, sorted.
        exact: whole skeletons.
        windows: the middle of each skeleton that is long enough to stand inside another text.
        solutions: the key form of each item's solution, empty when there is none.
        solution_windows: the same of the solutions.
        runs: the ten-grams of the longer items.
        run_counts: how many n-grams each item has.
        shorter: the shorter items.
        reworded: items by numbers and words.
        templates: template forms of the questions.
        variants: what each item's benchmark does about variants.
    """

    items: tuple[tuple[str, int], ...]
    skeletons: tuple[bytes, ...]
    numbers: tuple[tuple[Decimal, ...], ...]
    exact: Postings
    windows: Postings
    solutions: tuple[bytes, ...]
    solution_windows: Postings
    runs: Postings
    run_counts: Places
    shorter: ShortItems
    reworded: ParaphraseIndex
    templates: Postings
    variants: tuple[str, ...]

    @classmethod
    def build(cls, items: pa.Table) -> "BenchmarkIndex":
        """Builds the index over items (`BENCHMARK_SCHEMA`); their order decides which of two is named."""
        questions = _plain(items.column("question"))
        names = tuple(zip(items.column("benchmark").to_pylist(), items.column("position").to_pylist(), strict=True))
        keys = skeletons(questions)
        skeleton_bytes = tuple(keys.cast(pa.large_binary()).to_pylist())
        own = pc.replace_substring_regex(_unannotated(_plain(items.column("solution"))), r"\n#### .*", "")
        solutions = tuple(skeletons(own).cast(pa.large_binary()).to_pylist())
        words = words_of(questions)
        hashes, places = ngrams_of(words, NGRAM)
        numbers = tuple(numbers_in(questions))
        return cls(
            items=names,
            skeletons=skeleton_bytes,
            numbers=numbers,
            exact=Postings.of(_digests(keys), np.arange(len(names))),
            windows=item_windows(skeleton_bytes, _CONTAINED),
            solutions=solutions,
            solution_windows=item_windows(solutions, _OWN_SOLUTION),
            runs=Postings.of(hashes, _text_of(words, places)),
            run_counts=np.maximum(np.diff(words.offsets) - NGRAM + 1, 1),
            shorter=ShortItems.build(words, [bool(some) for some in numbers], longest=NGRAM - 1),
            reworded=ParaphraseIndex.build(
                questions, _plain(items.column("answer")), items.column("language").to_pylist()
            ),
            templates=Postings.of(_digests(template_forms(questions)), np.arange(len(names))),
            variants=tuple(items.column("variants").to_pylist()),
        )


@dataclass(frozen=True, slots=True)
class _Side:
    """Which text of a candidate is looked at.

    Attributes:
        same: the rule by which all of the text is an item; None where that is not looked for.
        holds: the rule by which an item stands in the text.
        shares: the rule by which the text and an item have words in common.
        whole: the text asks one thing, so that all its numbers must be the item's.
    """

    name: str
    same: LedgerRule | None
    holds: LedgerRule
    shares: LedgerRule
    whole: bool


_PARAGRAPH = re.compile(r"\n\s*\n")
_TWO_NUMBERS = re.compile(r"\d\D+\d")
_QUESTION = _Side(
    "question",
    LedgerRule.QUESTION_IS_ITEM,
    LedgerRule.QUESTION_HOLDS_ITEM,
    LedgerRule.QUESTION_SHARES_WORDS,
    whole=True,
)
_SOLUTION = _Side("solution", None, LedgerRule.SOLUTION_HOLDS_ITEM, LedgerRule.SOLUTION_SHARES_WORDS, whole=False)
_SYSTEM = _Side(
    "system turn",
    LedgerRule.SYSTEM_HOLDS_ITEM,
    LedgerRule.SYSTEM_HOLDS_ITEM,
    LedgerRule.SYSTEM_SHARES_WORDS,
    whole=False,
)


@dataclass(frozen=True, slots=True)
class _Hit:
    """One item found in one text: evidence before the guard has spoken.

    Attributes:
        text: place of the text among those looked at.
        cover: share of the item's n-grams that the text holds.
        first: first matched word.
        last: one past the last matched word.
    """

    text: int
    item: int
    cover: float
    first: int
    last: int


def check(batch: pa.RecordBatch, index: BenchmarkIndex, settings: Decontaminate) -> list[Rejection | Note | None]:
    """Says for each candidate which benchmark item it leaks, if any.

    Needs the columns question, segments, answer and language; looks at `system` where it is. Candidates with one
    question are of one row, or alike.
    """
    asked = unescaped(pc.fill_null(batch.column("question"), ""))
    batch = batch.set_column(batch.schema.get_field_index("question"), "question", asked)
    encoded = pc.dictionary_encode(asked)
    texts = _solutions(batch)
    places = encoded.indices.to_numpy()
    firsts = np.unique(places, return_index=True)[1]

    def answer_of(row: int) -> str | None:
        given, language = batch.column("answer")[row].as_py(), batch.column("language")[row].as_py()
        return given or extract(texts[row].as_py(), language or "en").answer

    questions = _check_texts(encoded.dictionary, index, settings, lambda place: answer_of(firsts[place]), _QUESTION)
    solutions = _check_texts(texts, index, settings, answer_of, _SOLUTION)
    systems = _check_systems(batch, index, settings)
    open_ = np.array([place for place in range(len(firsts)) if place not in questions], np.int64)
    rows = firsts[open_]
    reworded, varied = _check_wording(batch.take(pa.array(rows)), lambda place: answer_of(rows[place]), index)
    questions |= {int(open_[place]): rejection for place, rejection in reworded.items()}
    variants = {int(open_[place]): variant for place, variant in varied.items()}
    verdicts: list[Rejection | Note | None] = []
    for row, place in enumerate(places.tolist()):
        leak = questions.get(place) or solutions.get(row) or systems.get(row)
        variant = variants.get(place)
        if leak and variant and leak.rule is LedgerRule.OWN_SOLUTION and leak.partner == variant.partner:
            item = index.items.index((variant.benchmark, variant.item))
            leak = None if _differ(answer_of(row), index, item) else leak
        verdicts.append(leak or variant)
    return verdicts


def _differ(answer: str | None, index: BenchmarkIndex, item: int) -> bool:
    """Whether an answer is known not to be the item's."""
    known = index.reworded.answers[item]
    return bool(answer and known) and compare_exactly(known, str(answer)).outcome is Relation.NOT_EQUAL


def _check_wording(
    batch: pa.RecordBatch, answer_of: Callable[[int], str | None], index: BenchmarkIndex
) -> tuple[dict[int, Rejection], dict[int, Rejection | Note]]:
    """Rewordings and translations, and variants, among questions that are no item word for word, by place."""
    languages = pc.fill_null(batch.column("language"), "en").to_pylist()
    rejections: dict[int, Rejection] = {}
    variants: list[tuple[int, int]] = []

    def work(row: int, item: int) -> bool | None:
        own = worked_numbers(_prose(batch, row), batch.column("question")[row].as_py())
        theirs = worked_numbers(index.solutions[item], index.reworded.questions[item])
        return shared_work(own, theirs, index.reworded.answers[item])

    for match in index.reworded.find(batch.column("question"), answer_of, languages, work):
        if match.variant:
            variants.append((match.text, match.item))
            continue
        words = "in another language" if match.cosine is None else f"in other words (cosine {match.cosine:.2f})"
        answers = {True: ", the same answer", None: "", False: ", another answer"}[match.answers]
        detail = f"the question is the item {words}: numbers alike {match.numbers:.2f}{answers}"
        score = match.numbers if match.cosine is None else match.cosine
        rule = LedgerRule.QUESTION_TRANSLATED if match.cosine is None else LedgerRule.QUESTION_REWORDED
        rejections[match.text] = _rejection(
            index, match.item, Reason.BENCHMARK_PARAPHRASE, rule, detail, score=round(score, 4)
        )
    forms = _digests(template_forms(batch.column("question")))
    variants.extend(zip(*map(np.ndarray.tolist, index.templates.hits(forms)), strict=True))
    return rejections, _variants(variants, index)


def _variants(found: Sequence[tuple[int, int]], index: BenchmarkIndex) -> dict[int, Rejection | Note]:
    """What the benchmarks do about their variants, by place of the text: the strictest policy of those that match."""
    strictest: dict[int, int] = {}
    for text, item in found:
        known = strictest.setdefault(text, item)
        if _POLICIES.index(index.variants[item]) > _POLICIES.index(index.variants[known]):
            strictest[text] = item
    return {text: _variant(index, item) for text, item in strictest.items()}


def _variant(index: BenchmarkIndex, item: int) -> Rejection | Note:
    if index.variants[item] == "report":
        return Note(LedgerRule.VARIANT_REPORTED, _name(index, item), *index.items[item])
    detail = "the question is the item with other numbers"
    return _rejection(index, item, Reason.BENCHMARK_VARIANT, LedgerRule.QUESTION_VARIED, detail)


def _rejection(
    index: BenchmarkIndex, item: int, reason: Reason, rule: LedgerRule, detail: str, *, score: float | None = None
) -> Rejection:
    benchmark, position = index.items[item]
    return Rejection(reason, detail, _name(index, item), score=score, rule=rule, benchmark=benchmark, item=position)


def _name(index: BenchmarkIndex, item: int) -> str:
    return "{}/{}".format(*index.items[item])


def shared_ngrams(texts: pa.Array, items: pa.Array, *, n: int = NGRAM) -> npt.NDArray[np.int64]:
    """How many n-grams of each text also stand in some item: a fact about text, before any guard."""
    known = ngrams_of(words_of(items), n)[0]
    wanted = Postings.of(known, np.zeros(len(known), np.int64))
    words = words_of(texts)
    hashes, places = ngrams_of(words, n)
    found, _ = wanted.hits(hashes)
    return np.bincount(_text_of(words, places[found]), minlength=len(texts))


def _check_texts(
    texts: pa.Array,
    index: BenchmarkIndex,
    settings: Decontaminate,
    answer_of: Callable[[int], str | None],
    side: _Side,
) -> dict[int, Rejection]:
    """Rejections by place of the text."""
    rejections: dict[int, Rejection] = {}
    for text, item, rule, detail in _exact_hits(texts, index, side):
        if text not in rejections:
            rejections[text] = _rejection(index, item, Reason.BENCHMARK_EXACT, rule, detail, score=1.0)
    guarded = settings.ngram == "guarded"
    hits = [hit for hit in _run_hits(words_of(texts), index, strict=not guarded) if hit.text not in rejections]
    if guarded:
        hits = list(_guarded(hits, texts, index, answer_of, whole=side.whole))
    for hit in sorted(hits, key=lambda hit: (hit.text, -hit.cover, hit.item)):
        if hit.text not in rejections:
            span = " ".join(texts[hit.text].as_py().split()[hit.first : hit.last])
            detail = f"the {side.name} shares '{shortened(span, _EVIDENCE)}'"
            rejections[hit.text] = _rejection(
                index, hit.item, Reason.BENCHMARK_NGRAM, side.shares, detail, score=round(hit.cover, 4)
            )
    return rejections


def _check_systems(batch: pa.RecordBatch, index: BenchmarkIndex, settings: Decontaminate) -> dict[int, Rejection]:
    """Rejections by row for what stands before its question; a source has few system turns, each is looked at once."""
    if "system" not in batch.schema.names or batch.column("system").null_count == len(batch):
        return {}
    encoded = unescaped(batch.column("system")).dictionary_encode()
    found = _reworded_systems(encoded.dictionary, index)
    found |= _check_texts(encoded.dictionary, index, settings, lambda _: None, _SYSTEM)
    places = enumerate(encoded.indices.to_pylist())
    return {row: found[place] for row, place in places if place in found}


def _reworded_systems(texts: pa.Array, index: BenchmarkIndex) -> dict[int, Rejection]:
    """Rejections by place of the system turn, one of whose paragraphs or lines is an item in other words.

    Nothing answers there, so only numbers and words that leave no doubt count.
    """
    passages = [
        (place, passage)
        for place, text in enumerate(texts.to_pylist())
        for passage in dict.fromkeys(_PARAGRAPH.split(text) + text.split("\n"))
        if _TWO_NUMBERS.search(passage)
    ]
    asked = pa.array([passage for _, passage in passages], pa.string())
    matches = index.reworded.find(asked, lambda _: None, ["en"] * len(passages)) if passages else []
    rejections: dict[int, Rejection] = {}
    for match in matches:
        if match.variant or match.cosine is None or match.cosine < SAME_STORY:
            continue
        detail = f"the system turn holds the item in other words (cosine {match.cosine:.2f})"
        rejections[passages[match.text][0]] = _rejection(
            index,
            match.item,
            Reason.BENCHMARK_PARAPHRASE,
            LedgerRule.SYSTEM_REWORDED,
            detail,
            score=round(match.cosine, 4),
        )
    return rejections


def _exact_hits(texts: pa.Array, index: BenchmarkIndex, side: _Side) -> Iterator[tuple[int, int, LedgerRule, str]]:
    """(text, item, rule, evidence in words) of items whose skeleton, or whose solution's, stands in a text."""
    keys, same = skeletons(texts), side.same
    if same is not None:
        for forms in (keys, pc.replace_substring_regex(keys, LABEL, "")):
            for text, item in zip(*map(np.ndarray.tolist, index.exact.hits(_digests(forms))), strict=True):
                yield text, item, same, f"the {side.name} is the item"
        chosen = pc.indices_nonzero(pc.match_substring_regex(texts, OPTIONS))
        bare = skeletons(pc.replace_substring_regex(texts.take(chosen), OPTIONS, ""))
        for place, item in zip(*map(np.ndarray.tolist, index.exact.hits(_digests(bare))), strict=True):
            yield chosen[place].as_py(), item, same, f"the {side.name} is the item, options aside"
        for text, item in _behind_instructions(texts, index):
            yield text, item, same, f"the {side.name} is the item behind an instruction"
    for text, item in standing(keys, index.windows, index.skeletons):
        yield text, item, side.holds, f"the {side.name} holds the item"
    for text, item in () if side.whole else standing(keys, index.solution_windows, index.solutions):
        yield text, item, LedgerRule.OWN_SOLUTION, f"the {side.name} is the item's own"


def _behind_instructions(texts: pa.Array, index: BenchmarkIndex) -> Iterator[tuple[int, int]]:
    """(text, item) where the item follows a line or sentence without numbers and formulas, however short it is."""
    for instruction in INSTRUCTIONS:
        places = np.flatnonzero(np.asarray(pc.match_substring_regex(texts, instruction)))
        if len(places):
            rest = skeletons(pc.replace_substring_regex(texts.take(pa.array(places)), instruction, ""))
            found, items = index.exact.hits(_digests(pc.replace_substring_regex(rest, LABEL, "")))
            for place, item in zip(places[found].tolist(), items.tolist(), strict=True):
                if index.numbers[item]:
                    yield place, item


def _run_hits(words: Words, index: BenchmarkIndex, *, strict: bool) -> Iterator[_Hit]:
    """Items whose n-grams stand in the texts, with the stretch of words from the first shared n-gram to the last."""
    hashes, places = ngrams_of(words, NGRAM)
    found, items = index.runs.hits(hashes)
    begins = places[found]
    texts = _text_of(words, begins)
    pairs, pair = np.unique((texts << 32) | items, return_inverse=True)
    texts, items = pairs >> 32, pairs & 0xFFFFFFFF
    first = np.full(len(pairs), len(words.hashes))
    np.minimum.at(first, pair, begins)
    last = np.zeros(len(pairs), np.int64)
    np.maximum.at(last, pair, begins + NGRAM)
    order = np.lexsort((hashes[found], pair))
    grams, owners = hashes[found][order], pair[order]
    fresh = np.concatenate(([True], (grams[1:] != grams[:-1]) | (owners[1:] != owners[:-1])))[: len(owners)]
    cover = np.bincount(owners[fresh], minlength=len(pairs)) / index.run_counts[items]
    start = words.offsets[texts]
    columns = (array.tolist() for array in (texts, items, cover, first - start, last - start))
    for text, item, share, begin, end in zip(*columns, strict=True):
        yield _Hit(text, item, share, begin, end)
    for text, item, begin, end in index.shorter.find(words, strict=strict):
        yield _Hit(text, item, 1.0, begin, end)


def _guarded(
    hits: Sequence[_Hit],
    texts: pa.Array,
    index: BenchmarkIndex,
    answer_of: Callable[[int], str | None],
    *,
    whole: bool,
) -> Iterator[_Hit]:
    """The hits whose numbers agree with the item's, or whose item has none.

    A question that asks for something else in the item's words is another problem (`terms`), as is one with another
    answer, unless nearly all of the item stands in it with its numbers in their order.

    An item without numbers needs a text without numbers as well, where it is short ("Find the area.") or less than half
    of it stands there. A solution must hold half of the item's n-grams and all its numbers, among others of its own.
    """
    looked_at = sorted({hit.text for hit in hits})
    numbers = dict(zip(looked_at, numbers_in(texts.take(pa.array(looked_at, pa.int64()))), strict=True))
    for hit in hits:
        asked, own = index.numbers[hit.item], numbers[hit.text]
        if whole:
            short = index.run_counts[hit.item] == 1
            agreed = own == asked or (not asked and not short and hit.cover >= _MIN_COVER)
            text = texts[hit.text : hit.text + 1]
            if agreed:
                agreed = not siblings(text[0].as_py(), index.reworded.questions[hit.item])
            if agreed and hit.cover < _NEARLY_ALL:
                agreed = not index.reworded.of_another_kind(text, hit.item)
            if agreed and (hit.cover < _NEARLY_ALL or own != asked or _reordered(text, index.skeletons[hit.item])):
                agreed = not _differ(answer_of(hit.text), index, hit.item)
        else:
            agreed = hit.cover >= _MIN_COVER and not Counter(asked) - Counter(own)
        if agreed:
            yield hit


def _reordered(text: pa.Array, item: bytes) -> bool:
    """Whether a text has the numbers of an item's skeleton in another order."""
    own, asked = _DIGITS.findall(skeletons(text).cast(pa.large_binary())[0].as_py()), _DIGITS.findall(item)
    return own != asked and sorted(own) == sorted(asked)


def _solutions(batch: pa.RecordBatch) -> pa.Array:
    """Each candidate's solution as running text."""
    segments = batch.column("segments")
    return joined_segments(segments, unmarked(_unannotated(segments.flatten().field("text"))), "\n")


def _prose(batch: pa.RecordBatch, row: int) -> bytes:
    """The key form of a solution that is text alone; empty where a program does the work."""
    segments = batch.column("segments")[row].as_py() or []
    if any(segment["kind"] != "text" for segment in segments):
        return b""
    text = pa.array(["\n".join(segment["text"] or "" for segment in segments)], pa.string())
    return bytes(skeletons(_unannotated(text)).cast(pa.large_binary())[0].as_py())


def _unannotated(solutions: pa.Array) -> pa.Array:
    """Solutions without calculator annotations."""
    return pc.replace_substring_regex(pc.fill_null(solutions, ""), r"<<[^<>]*>>", "")


def _digests(texts: pa.Array) -> Hashes:
    plain = texts.cast(pa.large_binary()).to_pylist()
    return np.fromiter(map(xxhash.xxh3_64_intdigest, plain), np.uint64, len(plain))


def _text_of(words: Words, places: Places) -> Places:
    return np.searchsorted(words.offsets, places, "right") - 1


def _plain(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())
