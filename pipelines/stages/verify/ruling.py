"""Answers, programs and tool dialogues judged: the final answer against the reference, every program run in isolation.

`answer` may come from the same text as the solution (GSM8K, MATH): then `reference` is `self`, and equality with
oneself is not evidence. Verdicts are cached beside the part: a later run judges only what it has not judged yet.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial

import pyarrow as pa

from pipelines.engine.rejection import Rejection
from pipelines.engine.tags import TAG_SCHEMA
from pipelines.sources.normalise import control_characters, normalise
from pipelines.stages.verify.finals import (
    Case,
    behind_final,
    candidates_of,
    compare_final,
    find_concluded_final,
    find_final,
    find_stated_final,
)
from pipelines.text.quality import JUDGED
from schemas.attempts import Crash, attempted
from schemas.config import Verify
from schemas.example import QUALITY
from schemas.exits import RunFailedError, one_line
from schemas.ledger import LedgerRule
from schemas.problem import Format, Segment, SegmentKind
from schemas.reason import Reason, Stage
from schemas.transcript import is_faithful
from schemas.wording import shortened
from schemas.work import OverBudgetError, budget_of
from validation.answers import (
    Arithmetic,
    Comparison,
    Extraction,
    Relation,
    check_arithmetic,
    compare,
    extract_reference,
    reaches,
)
from validation.answers.endings import answer_sentence
from validation.answers.outcome import CLOCK
from validation.answers.spelling import DECIMAL_COMMA
from validation.programs import (
    Ending,
    Execution,
    Pool,
    ServerError,
    map_repeatable,
    map_repeatable_blocks,
    recovered,
)

RULING_SCHEMA = pa.schema(
    [
        *TAG_SCHEMA,
        pa.field("verdict", pa.string()),
        pa.field("path", pa.string()),
        pa.field("reference", pa.string()),
        pa.field("programs", pa.int32()),
        pa.field("answer", pa.string(), metadata={"doc": "the reference, or the final answer where there is none"}),
        pa.field("final", pa.string(), metadata={"doc": "what the solution or its program ends in"}),
        *(QUALITY.field(name) for name in JUDGED),
        pa.field("outputs", pa.list_(pa.string()), metadata={"doc": "tool outputs as run, for `regenerate`"}),
        pa.field("cut", pa.string(), metadata={"doc": "what stands behind the final answer, for `trim`"}),
        pa.field("appended", pa.string(), metadata={"doc": "the sentence that states the reference, for `unstated`"}),
    ]
)
RulingRow = tuple[object, ...]
"""a row of it"""
_CHUNK = 4  # candidates a server whose verdicts come together: a kill loses those that run
_AHEAD = 2  # chunks whose programs run: the slowest program of one leaves no server without work


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the judge found.

    Attributes:
        verdict: equal | not_equal | unknown, of the final answer; null when it was never reached.
        answer: the reference, or the final answer where the source gives none.
        final: what the solution or its program ends in.
        equations: calculations of the text that were checked, and those that were not read whole.
        trailing: characters behind the sentence of the final answer that stay there.
        outputs: what each code block printed when it was run here.
        cut: what stands behind the sentence of the final answer, where it is to be trimmed.
        appended: the sentence to add, which states the reference.
    """

    rejection: Rejection | None
    verdict: str | None = None
    path: str | None = None
    reference: str = "self"
    programs: int = 0
    answer: str | None = None
    final: str | None = None
    equations: tuple[int | None, int | None] = (None, None)
    trailing: int | None = None
    outputs: tuple[str, ...] = ()
    cut: str = ""
    appended: str = ""


def verify(
    batch: pa.RecordBatch,
    indices: Sequence[int],
    *,
    settings: Verify,
    pool: Pool,
    longest: int | None = None,
) -> Iterator[list[RulingRow]]:
    """Judges some candidates of a part and gives their rulings, a chunk at a time, in order.

    Args:
        batch: the part.
        indices: positions of the candidates to judge.
        settings: what to do with recorded outputs, and what a program may use.
        pool: where programs run.
        longest: characters that question and solution may have with outputs as run (`regenerate`); None: any number.
    """
    size = _CHUNK * pool.size
    chunks = (candidates_of(batch, indices[start : start + size]) for start in range(0, len(indices), size))
    for chunk, executions in _executed(chunks, settings, pool):
        yield _ruling_rows(chunk, executions, settings, pool, longest)


def ruling_batch(rows: Sequence[RulingRow]) -> pa.RecordBatch:
    """Rulings as the store has them; a batch costs the same for one as for a thousand."""
    columns = zip(*rows, strict=True) if rows else [()] * len(RULING_SCHEMA)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, RULING_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=RULING_SCHEMA)


Executions = list[list[Execution]]
"""of each case of a chunk: what each of its programs did"""


def _executed(
    chunks: Iterator[list[Case]], settings: Verify, pool: Pool
) -> Iterator[tuple[list[Case], Executions | Crash]]:
    """Chunks with what their programs did, in order; those of the next chunks run meanwhile."""
    waiting: deque[tuple[list[Case], Future[Executions | Crash]]] = deque()
    with ThreadPoolExecutor(_AHEAD) as threads:
        try:
            for chunk in chunks:
                waiting.append((chunk, threads.submit(_attempt_programs, chunk, settings, pool)))
                if len(waiting) == _AHEAD:
                    chunk, executions = waiting.popleft()
                    yield chunk, executions.result()
            while waiting:
                chunk, executions = waiting.popleft()
                yield chunk, executions.result()
        except BaseException:  # Ctrl-C: leaving waits for the threads, which have many programs before them
            pool.stop()
            raise


def _attempt_programs(chunk: Sequence[Case], settings: Verify, pool: Pool) -> Executions | Crash:
    """Runs the programs of a chunk.

    Raises:
        RunFailedError: no server starts: that is no matter of a row.
    """
    try:
        return attempted(partial(_run_programs, chunk, settings, pool))
    except ServerError as error:
        raise RunFailedError(f"programs cannot be run on this machine: {one_line(str(error))[-200:]}") from error


def _ruling_rows(
    chunk: Sequence[Case], executions: Executions | Crash, settings: Verify, pool: Pool, longest: int | None
) -> list[RulingRow]:
    """Judges a chunk; a case whose programs or whose answer make the judge raise is quarantined, the others live."""
    if not isinstance(executions, Crash):
        return [_judged_row(case, ran, settings, longest) for case, ran in zip(chunk, executions, strict=True)]
    if len(chunk) == 1:
        return [_crashed_row(chunk[0], executions)]
    middle = len(chunk) // 2
    rows = []
    for half in (chunk[:middle], chunk[middle:]):
        rows += _ruling_rows(half, _attempt_programs(half, settings, pool), settings, pool, longest)
    return rows


def _judged_row(case: Case, ran: Sequence[Execution], settings: Verify, longest: int | None) -> RulingRow:
    ruling = attempted(partial(_judge_within, case, ran, settings, longest))
    return _crashed_row(case, ruling) if isinstance(ruling, Crash) else _ruling_row(case, ruling)


def _judge_within(case: Case, ran: Sequence[Execution], settings: Verify, longest: int | None) -> Ruling:
    """Judges within the budget of a row of its length (`schemas.work`)."""
    characters = len(case.question) + len(case.answer or "") + sum(len(text) for _, text in case.segments)
    try:
        with budget_of(characters):
            return _judge(case, ran, settings, longest)
    except OverBudgetError as error:
        return Ruling(Rejection(Reason.TOO_COSTLY, str(error)), programs=len(ran))


def _crashed_row(case: Case, crash: Crash) -> RulingRow:
    return _ruling_row(case, Ruling(Rejection(Reason.JUDGE_CRASH, f"{Stage.VERIFY}: {crash.words}")))


def _run_programs(chunk: Sequence[Case], settings: Verify, pool: Pool) -> list[list[Execution]]:
    """Runs every program of a chunk: one execution for a PoT program, one for each block of a dialogue."""
    executions: list[list[Execution]] = [[] for _ in chunk]
    code = {i: case.texts(SegmentKind.CODE) for i, case in enumerate(chunk) if case.format is not Format.COT}
    programs = {i: blocks[0] for i, blocks in code.items() if chunk[i].format is Format.POT}
    for i, execution in zip(programs, map_repeatable(pool, list(programs.values()), settings.limits), strict=True):
        executions[i] = [execution]
    if settings.outputs != "keep":
        dialogues = {i: blocks for i, blocks in code.items() if chunk[i].format is Format.TIR}
        executed = map_repeatable_blocks(pool, list(dialogues.values()), settings.limits)
        for i, ran in zip(dialogues, executed, strict=True):
            executions[i] = ran
    return executions


def _judge(case: Case, ran: Sequence[Execution], settings: Verify, longest: int | None) -> Ruling:
    sound = recovered(ran, case.texts(SegmentKind.OUTPUT)) if case.format is Format.TIR else set()
    for place, execution in enumerate(ran):
        if execution.ending is not Ending.OK and place not in sound:
            assert execution.reason is not None, execution
            detail = f"needs {execution.package}" if execution.package else execution.error or execution.ending
            return Ruling(Rejection(execution.reason, detail), programs=len(ran))
    if case.format is Format.POT:
        return _judge_final(case, ran[-1].value, settings, programs=len(ran))
    if case.format is Format.TIR and settings.outputs == "check" and (wrong := _wrong_output(case, ran)):
        return Ruling(wrong, programs=len(ran))
    ruling = _judge_text(case, settings, programs=len(ran))
    if ruling.rejection is None and ran and settings.outputs == "regenerate":
        ruling = replace(ruling, rejection=_stale_answer(case, ran, ruling.final or ""))
    if settings.trim and ruling.rejection is None and ruling.trailing:
        ruling = replace(ruling, cut=behind_final(case, *find_final(case)), trailing=0)
    if settings.outputs == "regenerate" and ran:
        outputs = tuple(normalise(_shown(execution), code=True) for execution in ran)
        ruling = replace(ruling, outputs=outputs, rejection=ruling.rejection or _unfit(case, outputs, longest))
    return ruling


def _shown(execution: Execution) -> str:
    """What a block prints, and the error that it ends in."""
    return execution.stdout if execution.error is None else f"{execution.stdout}{execution.error}\n"


def _unfit(case: Case, outputs: Sequence[str], longest: int | None) -> Rejection | None:
    """Rejects outputs that no shard may hold, as the stages before reject text of the source."""
    for position, output in enumerate(outputs):
        if found := control_characters(output):
            return Rejection(Reason.CONTROL_CHARACTERS, f"block {position + 1} of {len(outputs)} prints {found}")
    fresh = iter(outputs)
    texts = [next(fresh) if kind == SegmentKind.OUTPUT else text for kind, text in case.segments]
    segments = [Segment(SegmentKind(kind), text) for (kind, _), text in zip(case.segments, texts, strict=True)]
    if not is_faithful(segments):
        return Rejection(Reason.BAD_SEGMENTS, "an output holds a fence of its own")
    size = len(case.question) + sum(map(len, texts))
    if longest is not None and size > longest:
        detail = f"question and solution have {size} characters with outputs as run; at most {longest}"
        return Rejection(Reason.TOO_LONG, detail)
    return None


def _wrong_output(case: Case, ran: Sequence[Execution]) -> Rejection | None:
    recorded = case.texts(SegmentKind.OUTPUT)
    for position, (output, execution) in enumerate(zip(recorded, ran, strict=True)):
        if execution.ending is Ending.OK and not same_output(output, execution.stdout):
            detail = f"block {position + 1} of {len(ran)} prints {_short(execution.stdout)}, recorded {_short(output)}"
            return Rejection(Reason.OUTPUT_MISMATCH, detail)
    return None


def _stale_answer(case: Case, ran: Sequence[Execution], final: str) -> Rejection | None:
    """Rejects an answer that repeats a recorded output which its program does not print."""
    recorded, printed = case.texts(SegmentKind.OUTPUT)[-1], ran[-1].stdout
    if same_output(recorded, printed) or not same_output(recorded, final) or same_output(printed, final):
        return None
    detail = f"the answer repeats {_short(recorded)}, where the program prints {_short(printed)}"
    return Rejection(Reason.OUTPUT_MISMATCH, detail)


def same_output(recorded: str, printed: str) -> bool:
    """Whether a recorded output is what the program prints: outer and repeated space aside, or equal by value."""
    if recorded.split() == printed.split():
        return True
    return compare(printed.strip(), recorded.strip()).outcome is Relation.EQUAL


def _judge_text(case: Case, settings: Verify, *, programs: int) -> Ruling:
    text, found = find_final(case)
    gold = None if case.answer is None else extract_reference(case.answer, case.language)
    if found.answer is None and found.path != "broken":
        stated = (
            find_concluded_final(case, text) if gold is None else find_stated_final(case, text, gold, settings.rounding)
        )
        if stated is None:
            return _judge_unstated(case, text, gold, settings, programs=programs)
        found = stated
    if found.path == "stated":
        ruling = Ruling(None, "equal", "stated", "independent", programs, gold, found.answer)
    else:
        ruling = _judge_marked(case, text, found, gold, settings, programs=programs)
    assert found.answer is not None or ruling.rejection is not None, case
    arithmetic = _arithmetic_of(case, "\n".join(case.texts(SegmentKind.TEXT)))
    if ruling.rejection is None:
        rejection = _unreached(case, text[: found.start], found.answer or "") or _miscalculated(arithmetic)
        ruling = replace(ruling, rejection=rejection)
    trailing = len(behind_final(case, text, found).strip())
    return replace(ruling, equations=(arithmetic.checked, arithmetic.unparsed), trailing=trailing)


def _judge_marked(
    case: Case, text: str, found: Extraction, gold: str | None, settings: Verify, *, programs: int
) -> Ruling:
    """Judges marked answers; of several that differ the last decides where it equals a reference of its own field."""
    ambiguous = Rejection(
        Reason.AMBIGUOUS_ANSWER, f"{found.count} final answers that differ, the last is {_short(found.answer or '')}"
    )
    if found.path == "broken" or (found.disagree and not (case.independent and gold)):
        return Ruling(ambiguous, programs=programs)
    if gold is None:
        return _judge_final(case, found.answer, settings, programs=programs)
    found, verdict = compare_final(case, text, found, gold, settings.rounding)
    ruling = _compared(case, gold, found.answer or "", verdict, programs=programs)
    return replace(ruling, rejection=ambiguous) if found.disagree and ruling.rejection is not None else ruling


def _judge_unstated(case: Case, text: str, gold: str | None, settings: Verify, *, programs: int) -> Ruling:
    """Decides over a solution without a marked answer whose reference, if it has one, it does not state."""
    if gold is None or not case.independent:
        return Ruling(Rejection(Reason.NO_ANSWER, f"ends in {_short(text[-60:])}"), programs=programs)
    if settings.unstated == "quarantine":
        detail = f"the reference {_short(gold)} is not stated, it ends in {_short(text[-60:])}"
        return Ruling(Rejection(Reason.UNSTATED_ANSWER, detail), reference="independent", programs=programs)
    path, sentence = "unstated", ""
    if settings.unstated == "append" and case.texts(SegmentKind.TEXT):
        path, sentence = "appended", answer_sentence(gold.strip(), case.language)
    return Ruling(None, "equal", path, "independent", programs, gold, gold, appended=sentence)


def _unreached(case: Case, rationale: str, final: str) -> Rejection | None:
    """Rejects a final answer on a line of its own that no step before it arrives at."""
    if case.annotations is None:
        return None
    if reaches(rationale, final, case.question, case.language, annotations=case.annotations):
        return None
    return Rejection(Reason.RATIONALE_MISMATCH, f"no step arrives at {_short(final)}: {_short(rationale[-60:])}")


def _arithmetic_of(case: Case, text: str) -> Arithmetic:
    readable = case.language[:2] not in DECIMAL_COMMA
    found = check_arithmetic(text if readable else "", case.annotations or ())
    return found if readable else replace(found, unparsed=found.unparsed + text.count("="))


def _miscalculated(arithmetic: Arithmetic) -> Rejection | None:
    if not arithmetic.wrong:
        return None
    return Rejection(Reason.ARITHMETIC_ERROR, "; ".join(_short(equation) for equation in arithmetic.wrong[:3]))


def _judge_final(case: Case, final: str | None, settings: Verify, *, programs: int) -> Ruling:
    if final is None or not final.strip():
        return Ruling(Rejection(Reason.NO_ANSWER, "the program gave no value"), programs=programs)
    if case.answer is None:
        return Ruling(None, "equal", "self", "self", programs, final, final)
    gold = extract_reference(case.answer, case.language)
    verdict = compare(gold, final, case.question, case.language, rounding=settings.rounding)
    return _compared(case, gold, final, verdict, programs=programs)


def _compared(case: Case, gold: str, final: str, verdict: Comparison, *, programs: int) -> Ruling:
    reference = "independent" if case.independent else "self"
    rejection = None
    if verdict.path == CLOCK:
        detail = (
            f"{_short(final)} and the reference {_short(gold)} were not compared within the limits of time and memory"
        )
        rejection = Rejection(Reason.JUDGE_CRASH, f"{Stage.VERIFY}: {detail}")
    elif verdict.outcome is not Relation.EQUAL:
        reason = Reason.ANSWER_MISMATCH if verdict.outcome is Relation.NOT_EQUAL else Reason.ANSWER_UNKNOWN
        what = "is not" if verdict.outcome is Relation.NOT_EQUAL else "could not be compared with"
        why = f": {verdict.detail}" if verdict.path in ("rounded", "float", "choice") and verdict.detail else ""
        rejection = Rejection(reason, f"{_short(final)} {what} the reference {_short(gold)}{why}")
    return Ruling(rejection, verdict.outcome.value, verdict.path, reference, programs, gold, final)


def _ruling_row(case: Case, ruling: Ruling) -> RulingRow:
    rejection = ruling.rejection
    nothing = dict.fromkeys(TAG_SCHEMA.names)
    noted: dict[str, object] = {}
    if ruling.cut:
        noted = {"detail": f"cut behind the final answer: {ruling.cut.strip()!r}", "rule": LedgerRule.TRIMMED}
    if ruling.appended:
        noted = {"detail": f"added: {ruling.appended!r}", "rule": LedgerRule.APPENDED}
    tag = nothing | (asdict(rejection) if rejection else noted) | {"index": case.index}
    return (
        *tag.values(),
        ruling.verdict,
        ruling.path,
        ruling.reference,
        ruling.programs,
        ruling.answer,
        ruling.final,
        *ruling.equations,
        ruling.trailing,
        list(ruling.outputs),
        ruling.cut or None,
        ruling.appended or None,
    )


def _short(text: str, limit: int = 60) -> str:
    return repr(shortened(" ".join(text.split()), limit))
