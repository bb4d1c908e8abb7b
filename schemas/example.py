"""The columns of a shard: one row is one example, a question with one solution in one format.

This pyarrow schema is the source of truth. Arrow does not enforce `nullable=False` (measured), so the gate checks
nulls itself. A change of a column needs a change of `SCHEMA_VERSION`: `schemas/evolution.py` says which, and a test
insists on it.
"""

import pyarrow as pa

SCHEMA_NAME = "mathmill.example"
SCHEMA_VERSION = "1.2.0"


def _required(name: str, kind: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, kind, nullable=False, metadata={"doc": doc})


def _optional(name: str, kind: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, kind, nullable=True, metadata={"doc": doc})


SEGMENTS = pa.list_(pa.struct([pa.field("kind", pa.string()), pa.field("text", pa.string())]))

SELECTION = pa.struct(
    [
        _optional("decision", pa.string(), "accepted | rejected; null: nobody decided"),
        _optional("annotator", pa.string(), "who wrote, labelled or voted"),
        _optional("reviewer", pa.string(), "who decided over the votes"),
        _optional("confidence", pa.float64(), "of the reviewer, else the mean of the votes, 0 to 1"),
        _optional("votes", pa.int32(), "how many people voted"),
        _optional("agreement", pa.float64(), "share of the votes, by weight, for the value that most agree on"),
        _optional("time", pa.float64(), "of the decision, seconds since 1970"),
        _optional("adjudicated", pa.bool_(), "a reviewer's decision stands over votes"),
    ]
)

VERIFICATION = pa.struct(
    [
        _optional("verdict", pa.string(), "equal | unverified: the final answer beside the reference"),
        _optional("path", pa.string(), "which comparison decided; human: a person accepted what the judge stopped"),
        _optional("reference", pa.string(), "independent | self: taken from the solution, so equality is no evidence"),
        _optional("programs", pa.int32(), "programs that were run"),
    ]
)

QUALITY = pa.struct(
    [
        _optional("question_chars", pa.int32(), "characters of the question"),
        _optional("solution_chars", pa.int32(), "characters of the solution, programs and outputs included"),
        _optional("steps", pa.int32(), "lines of prose that are not empty"),
        _optional("equations", pa.int32(), "equals signs in the prose"),
        _optional("code_lines", pa.int32(), "lines of programs that are not empty"),
        _optional("words_per_step", pa.float64(), "words of prose per step, LaTeX aside; null: no prose"),
        _optional(
            "repetition", pa.float64(), "share of the prose in sentences that stood in it before; null: no prose"
        ),
        _optional(
            "branching", pa.int32(), "wait, alternatively, let me check and their like, in English, Chinese, Portuguese"
        ),
        _optional("equations_checked", pa.int32(), "equations that the judge calculated exactly; null: not judged"),
        _optional("equations_unparsed", pa.int32(), "equations that the judge could not read whole; null: not judged"),
        _optional("trailing_chars", pa.int32(), "characters behind the sentence of the final answer; null: not judged"),
    ]
)

EXAMPLE_SCHEMA = pa.schema(
    [
        _required("id", pa.string(), "row_id-format, with -n for an identical later row"),
        _required("problem_id", pa.string(), "examples that ask the same thing share it"),
        _required("template_id", pa.string(), "problems that differ in their numbers only share it"),
        _required("split", pa.string(), "train | heldout, assigned by template"),
        _required("question", pa.string(), "the problem, normalised"),
        _optional("system", pa.string(), "the system turn of a chat, which stands before the question"),
        _required("format", pa.string(), "cot | pot | tir"),
        _required("segments", SEGMENTS, "the solution: kind (text | think | code | output) and text"),
        _optional("answer", pa.string(), "the reference answer as the source states it"),
        _required("language", pa.string(), "ISO 639-1 code"),
        _required("source", pa.string(), "name of the source in the config"),
        _required("source_row", pa.int64(), "0-based position in its source"),
        _required("author", pa.string(), "human | model:NAME"),
        _required("licence", pa.string(), "licence of the source, as the config names it"),
        _optional("topic", pa.string(), "given or predicted topic"),
        _optional("topic_method", pa.string(), "given | predicted; null: no topic"),
        _optional("difficulty", pa.int32(), "the source's scale, 1 upwards"),
        _optional("difficulty_method", pa.string(), "given | predicted; null: no difficulty"),
        _optional(
            "instruction", pa.string(), "what the model is asked to do; null: schemas/prompts.py has the wording"
        ),
        _optional("effort", pa.string(), "reasoning effort or mode, where the source names one"),
        _required("derived", pa.bool_(), "built from another solution of the same row"),
        _optional("selection", SELECTION, "what humans decided about the row"),
        _required("verification", VERIFICATION, "how the answer was verified"),
        _required("quality", QUALITY, "facts about the text, not judgements"),
        _required("weight", pa.float64(), "expected appearances per epoch, > 0; never a loss weight"),
    ],
    metadata={"name": SCHEMA_NAME, "version": SCHEMA_VERSION},
)
