"""Decisions as other tools write them, in the words of the journal: Label Studio, Prodigy, Argilla, spreadsheets.

A file is told by what stands in it, not by its name: tools name their exports as they like. Drafts, predictions and
what somebody cancelled or discarded are no decisions.
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.review.desk import FACTS
from pipelines.review.votes import Vote
from pipelines.sources.adapters.decisions import DECISIONS
from pipelines.sources.files.records import MAX_LINE_BYTES

Fields = dict[str, Any]
Entry = tuple[str, Fields]
"""where a decision stands in its file, and what it says"""

_OF_JOURNAL = ("group", "decision", "verdict", "annotator", "reviewer", "comment", "corrected", "time", "seconds")
OF_ACT = ("act", "undoes", "queue", "data", "suite", "control", "expected")
"""what the page writes about the act that a line belongs to"""
_SAID = frozenset({*FACTS, *_OF_JOURNAL, *OF_ACT})
_SEPARATORS = ";\t,"
_DRAFTS = frozenset({"draft", "discarded", "pending"})
_SURROGATE = re.compile(r"\\u[Dd][89A-Fa-f]")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def text_of_file(raw: bytes) -> str:
    """The text of a file: UTF-8, or as spreadsheets save it (UTF-16 with its mark, or Windows' own letters)."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        if raw.lstrip()[:1] in (b"{", b"["):
            raise
        return raw.decode("cp1252")


def entries_of(text: str) -> Iterator[Entry]:
    """All decisions of a file, in its order; those of one person about one task in the order of their time.

    Raises:
        ValueError: it is no JSON, no JSON lines and no table.
    """
    start = text.lstrip()[:1]
    records = _records(text) if start in ("{", "[") else _table(text)
    for where, record in records:
        yield from ((where, entry) for entry in _entries(record))


def _records(text: str) -> Iterator[Entry]:
    """The objects of a JSON array, of one object, or of JSON lines."""
    try:
        value = _of_json(text)
    except ValueError:
        value = None
    if value is not None:
        found = [(f"entry {at}", entry) for at, entry in enumerate(value if isinstance(value, list) else [value], 1)]
    else:
        lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
        found = [(f"line {number}", _loaded(line, number)) for number, line in lines]
    for where, record in found:
        if not isinstance(record, dict):
            raise ValueError(f"{where}: an object is expected, not {type(record).__name__}")
        yield where, record


def _loaded(line: str, number: int) -> object:
    try:
        return _of_json(line)
    except ValueError as error:
        raise ValueError(f"line {number}: not JSON: {error}") from error


def _of_json(text: str) -> Any:  # noqa: ANN401 - a JSON value
    """Reads JSON; half a surrogate pair, which Python's reader takes for a letter and no file can hold, is U+FFFD."""
    value = json.loads(text)
    if _SURROGATE.search(text) is None:
        return value
    units = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    return json.loads(units.decode("utf-16-le", "replace"))


def _table(text: str) -> Iterator[Entry]:
    """The rows of a table with a header, whichever separator a spreadsheet took."""
    csv.field_size_limit(MAX_LINE_BYTES)
    stream = io.StringIO(text, newline="")
    head = stream.readline().rstrip("\r\n")
    if head.lower().startswith("sep="):
        separator = head[len("sep=") :] or ","
    else:
        separator = max(_SEPARATORS, key=head.count)
        stream.seek(0)
    reader = csv.reader(stream, delimiter=separator, strict=True)
    names = [name.strip().lower() for name in next(reader, [])]
    if not {"row_id", "id"} & {*names}:
        raise ValueError(f"neither JSON nor a table with a column row_id: it begins with {text[:40]!r}")
    for cells in reader:
        row = {name: cell for name, cell in zip(names, map(plain, cells), strict=False) if name and cell}
        if row:
            yield f"line {reader.line_num}", row


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_text(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; `plain` brings it back."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def plain(cell: str) -> str:
    """A cell as it was before `as_text`."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _entries(record: Fields) -> Iterator[Fields]:
    if isinstance(record.get("data"), dict) and any(name in record for name in ("annotations", "completions")):
        yield from _label_studio(record)
    elif "annotation_id" in record:
        yield _label_studio_row(record)
    elif responses := _responses(record):
        yield from _argilla(record, responses)
    elif "decision" not in record and record.get("answer") in ("accept", "reject", "ignore"):
        yield _prodigy(record)
    else:
        yield {name: record[name] for name in _SAID & record.keys()}


def _about(record: Mapping[str, Any]) -> Fields:
    """What a task says of its row, itself or in what its tool calls meta or metadata; a task's number is no id."""
    meta: Fields = {}
    for name in ("metadata", "meta"):
        inner = record.get(name)
        inner = _of_json(inner) if isinstance(inner, str) and inner.startswith("{") else inner
        meta |= inner if isinstance(inner, dict) else {}
    about = {name: meta.get(name, record.get(name)) for name in (*FACTS, "group")}
    return {name: value for name, value in about.items() if name != "id" or not str(value).isdecimal()}


def _label_studio(task: Fields) -> Iterator[Fields]:
    """The annotations of a task. One that is marked as ground truth is a reviewer's decision."""
    annotations = task.get("annotations") or task.get("completions") or ()
    for annotation in sorted(annotations, key=_when):
        if annotation.get("was_cancelled"):
            continue
        chosen, texts = _results(annotation.get("result") or ())
        corrected = " ".join(texts.pop("corrected", []))
        yield _about(task["data"]) | {
            "decision": chosen or (Vote.ACCEPTED if corrected else Vote.UNSURE),
            "reviewer" if annotation.get("ground_truth") else "annotator": _user(annotation.get("completed_by")),
            "comment": "\n".join(text for found in texts.values() for text in found),
            "corrected": corrected,
            "time": _when(annotation) or None,
            "seconds": annotation.get("lead_time"),
        }


def _when(annotation: Fields) -> str:
    return str(annotation.get("updated_at") or annotation.get("created_at") or "")


def _results(results: Any) -> tuple[str | None, dict[str, list[str]]]:  # noqa: ANN401 - a JSON value
    """What was chosen, and what was written, by the name of its field; nothing is chosen by two contrary choices."""
    chosen: set[str] = set()
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for result in results:
        value = result.get("value") or {}
        choices = [str(choice).strip() for choice in value.get("choices") or ()]
        if result.get("from_name") == "decision":
            chosen |= set(choices)
        else:
            chosen |= {choice for choice in choices if choice.lower() in DECISIONS}
        texts[str(result.get("from_name"))] += [text.strip() for text in _listed(value.get("text")) if text.strip()]
    return (chosen.pop() if len(chosen) == 1 else None), texts


def _listed(value: object) -> list[str]:
    return [] if value is None else [*map(str, value)] if isinstance(value, list) else [str(value)]


def _label_studio_row(row: Fields) -> Fields:
    """A row of Label Studio's JSON-MIN or CSV: one annotation, its fields beside those of the task."""
    chosen = row.get("decision")
    chosen = chosen.get("choices") if isinstance(chosen, dict) else chosen
    chosen = _listed(chosen)[0] if len(_listed(chosen)) == 1 else None
    written = {name: "\n".join(_listed(row.get(name))).strip() for name in ("comment", "corrected")}
    return (
        _about(row)
        | written
        | {
            "decision": chosen,
            "annotator": _user(row.get("annotator")),
            "time": _when(row) or None,
            "seconds": row.get("lead_time"),
        }
    )


def _user(completed_by: object) -> str | None:
    """A person as Label Studio names one: a number, an address, or an object with both."""
    if isinstance(completed_by, dict):
        return str(completed_by["email"]) if completed_by.get("email") else _user(completed_by.get("id"))
    text = "" if completed_by is None else str(completed_by).strip()
    return f"user {text}" if text.isdecimal() else text or None


def _prodigy(task: Fields) -> Fields:
    """A task of Prodigy: its answer, or the one option that was chosen where it offers some."""
    options = _listed(task.get("accept"))
    chosen = options[0] if task["answer"] == "accept" and len(options) == 1 else task["answer"]
    session = str(task.get("_annotator_id") or task.get("_session_id") or "")
    written = {name: task[name] for name in ("comment", "corrected") if task.get(name)}
    return _about(task) | written | {"decision": chosen, "annotator": session or None, "time": task.get("_timestamp")}


_Response = tuple[str, str, Any, str]
"""question, person, value, status"""


def _responses(record: Fields) -> list[_Response]:
    """The responses of a record of Argilla, in each of the shapes that its versions export."""
    given = record.get("responses")
    if isinstance(given, dict):
        return [_response(question, answer) for question, found in given.items() for answer in found or ()]
    if isinstance(given, list):
        whole = [(answer, (answer.get("values") or {}).items()) for answer in given]
        return [_response(question, {**answer, **value}) for answer, values in whole for question, value in values]
    flat = [name.removesuffix(".responses") for name in record if name.endswith(".responses")]
    if flat:
        return [response for question in flat for response in _flat(question, record)]
    lists = [(name, value) for name, value in record.items() if isinstance(value, list)]
    answers = [(name, answer) for name, value in lists for answer in value if isinstance(answer, dict)]
    return [_response(name, answer) for name, answer in answers if {"user_id", "value"} <= answer.keys()]


def _response(question: str, answer: Fields) -> _Response:
    return question, str(answer.get("user_id") or ""), answer.get("value"), str(answer.get("status") or "")


def _flat(question: str, record: Fields) -> Iterator[_Response]:
    values, users, states = (_cells(record.get(f"{question}.responses{part}")) for part in ("", ".users", ".status"))
    for at, value in enumerate(values):
        user, status = (found[at] if at < len(found) else "" for found in (users, states))
        yield question, user, value, status


def _cells(value: object) -> list[str]:
    """A list, or the text that a table has of one: ['a', 'b'], ["a", "b"] or ['a' 'b']."""
    if isinstance(value, str) and value.startswith("["):
        return [single or double for single, double in _QUOTED.findall(value)]
    return _listed(value)


def _argilla(record: Fields, responses: list[_Response]) -> Iterator[Fields]:
    people: defaultdict[str, Fields] = defaultdict(dict)
    for question, person, value, status in responses:
        if status not in _DRAFTS:
            people[person][question] = value
    for person, answers in people.items():
        votes = {name: answers.get(name) for name in ("decision", "comment", "corrected")}
        yield _about(record) | votes | {"annotator": person or None, "time": record.get("updated_at")}
