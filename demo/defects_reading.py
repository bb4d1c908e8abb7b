"""Planted defects of the record itself and of its text: what reading, selection and the screens catch.

Every function plants the i-th case of one defect and, beside it, a near miss: a row that looks alike and is right.
"""

from demo import layout
from demo.record_shapes import (
    CLASSROOM,
    DIALOGUES,
    LARGE,
    LESSONS,
    PROGRAMS,
    SCRAPED,
    Drafts,
    Planted,
    Record,
    dialogue,
    encoded,
    lesson,
    program,
    reviewed,
)
from schemas.reason import Reason

MIN_CHARS, MAX_CHARS, MIN_VOTES, MIN_AGREEMENT = 8, 1200, 2, 0.6  # of demo.yaml; a test compares


def bad(source: str, record: object, reason: Reason) -> Planted:
    """A defect, with the reason that it must get."""
    return Planted(source, encoded(record), reason, reason)


def near(source: str, record: object, reason: Reason) -> Planted:
    """A near miss: it looks like a case of `reason` and is right."""
    return Planted(source, encoded(record), None, reason)


def parse_error(drafts: Drafts, i: int) -> list[Planted]:
    """Half of a line, or one without a colon; beside it, odd spacing and escapes, and a comma behind the last field."""
    whole = encoded(lesson(drafts.next()))
    broken = whole[: len(whole) * 2 // 3] if i % 2 else whole.replace(b":", b"", 1)
    odd = encoded(lesson(drafts.next())).replace(b'": "', b'" :\t"').replace(b".", b"\\u002e")[:-1] + b",}"
    return [
        Planted(LESSONS, broken, Reason.PARSE_ERROR, Reason.PARSE_ERROR),
        Planted(LESSONS, odd, None, Reason.PARSE_ERROR),
    ]


def bad_encoding(drafts: Drafts, i: int) -> list[Planted]:
    """A Latin-1 letter in a file of UTF-8; beside it, the same letter in UTF-8."""
    name = ("Zoé", "Jürgen", "Begüm", "Søren")[i % 4]

    def line(encoding: str) -> bytes:
        record = lesson(drafts.next(templates=("gift", "pages_left", "same_price")))
        record["question"] = f"{name} asks: {record['question']}"
        return encoded(record).decode().encode(encoding)

    return [
        Planted(LESSONS, line("latin-1"), Reason.BAD_ENCODING, Reason.BAD_ENCODING),
        Planted(LESSONS, line("utf-8"), None, Reason.BAD_ENCODING),
    ]


def missing_field(drafts: Drafts, i: int) -> list[Planted]:
    """An absent or empty field, or no `####`; beside it, a field more than needed."""
    record = lesson(drafts.next())
    match i % 3:
        case 0:
            del record["answer"]
        case 1:
            record["question"] = " "
        case _:
            record["answer"] = record["answer"].partition("####")[0]
    return [
        bad(LESSONS, record, Reason.MISSING_FIELD),
        near(LESSONS, lesson(drafts.next()) | {"page": i, "hint": None}, Reason.MISSING_FIELD),
    ]


def unsupported(drafts: Drafts, i: int) -> list[Planted]:
    """A list for a record, a number for a question, two final answers; beside it, a number for an answer."""
    record = lesson(drafts.next())
    shapes: tuple[object, ...] = (
        list(record.values()),
        record | {"question": 12 + i},
        record | {"answer": f"{record['answer']}\n#### {i}"},
    )
    as_number = program(drafts.next(top=LARGE))
    as_number["answer"] = float(as_number["answer"])
    return [bad(LESSONS, shapes[i % 3], Reason.UNSUPPORTED), near(PROGRAMS, as_number, Reason.UNSUPPORTED)]


def control_characters(drafts: Drafts, i: int) -> list[Planted]:
    r"""A backslash lost in JSON: `\frac` is FORM FEED and `rac`; beside it, the backslash written twice."""
    good, lost = _latex_record(drafts, i), _latex_record(drafts, i)
    backslash = encoded(lost).replace(rb"\\frac", rb"\frac").replace(rb"\\times", rb"\times")
    return [
        Planted(CLASSROOM, backslash, Reason.CONTROL_CHARACTERS, Reason.CONTROL_CHARACTERS),
        near(CLASSROOM, good, Reason.CONTROL_CHARACTERS),
    ]


def _latex_record(drafts: Drafts, i: int) -> Record:
    draft = drafts.next(top=LARGE, templates=("half",) if i % 2 else ("twice",))
    record = reviewed(draft, drafts.rng)
    number = draft.steps[0].left_value if i % 2 else draft.steps[0].right_value
    term = rf"\frac{{1}}{{2}} \times {number}" if i % 2 else rf"2 \times {number}"
    record["question"] = f"{record['question']} (Compute ${term}$.)"
    record["solution"] = f"${term} = {draft.answer}$\n{layout.boxed(draft.answer)}"
    return record


def not_selected(drafts: Drafts, i: int) -> list[Planted]:
    """A row that a reviewer rejected; beside it, one that nobody has reviewed."""
    rejected = {"decision": "rejected", "reviewer": ("dora", "emeka")[i % 2]}
    unread = {"decision": None, "votes": None, "agreement": None}
    return [
        bad(CLASSROOM, _reviewed(drafts) | rejected, Reason.NOT_SELECTED),
        near(CLASSROOM, _reviewed(drafts) | unread, Reason.NOT_SELECTED),
    ]


def low_agreement(drafts: Drafts, i: int) -> list[Planted]:
    """Too few votes or too little agreement; beside it, exactly as much as is asked for."""
    too_low: Record = {"votes": MIN_VOTES - 1} if i % 2 else {"agreement": MIN_AGREEMENT - 0.1}
    enough = {"votes": MIN_VOTES, "agreement": MIN_AGREEMENT}
    return [
        bad(CLASSROOM, _reviewed(drafts) | too_low, Reason.LOW_AGREEMENT),
        near(CLASSROOM, _reviewed(drafts) | enough, Reason.LOW_AGREEMENT),
    ]


def _reviewed(drafts: Drafts) -> Record:
    return reviewed(drafts.next(), drafts.rng)


def bad_segments(drafts: Drafts, i: int) -> list[Planted]:
    """Code without output, output without code, an open fence, no words at the end; beside it, two programs."""
    draft = drafts.next(top=LARGE)
    record = dialogue(draft, drafts.rng)
    code, output = f"```python\n{layout.pot(draft)}\n```\n", f"```output\n{draft.answer}\n```\n"
    end = layout.boxed(draft.answer)
    record["dialogue"] = (
        f"I run it.\n{code}{end}",
        f"I ran it.\n{output}{end}",
        f"I run it.\n{code.rstrip('`').rstrip()}\n{end}",
        f"I run it.\n{code}{output}",
    )[i % 4]
    other = drafts.next(top=LARGE)
    twice = dialogue(other, drafts.rng)
    check = f"To be sure:\n```python\nprint({other.answer} > 0)\n```\n```output\nTrue\n```\n"
    twice["dialogue"] = twice["dialogue"].replace(layout.boxed(other.answer), check + layout.boxed(other.answer))
    return [bad(DIALOGUES, record, Reason.BAD_SEGMENTS), near(DIALOGUES, twice, Reason.BAD_SEGMENTS)]


def bad_latex(drafts: Drafts, i: int) -> list[Planted]:
    r"""A brace or \( that nothing closes; beside it, an odd number of dollar signs, which is money."""
    record = _latex_record(drafts, i)
    good = record["solution"]
    record["solution"] = good[:-2] + "." if i % 2 else rf"\( {good.replace('$', '')}"
    money = drafts.next(templates=("two_purchases", "several_and_one"))
    return [
        bad(CLASSROOM, record, Reason.BAD_LATEX),
        near(CLASSROOM, reviewed(money, drafts.rng), Reason.BAD_LATEX),
    ]


def too_short(drafts: Drafts, i: int) -> list[Planted]:
    """`8+13=?` has six characters; `Add 8+13`, eight, can be a problem."""
    a, b = 8 + i, 13 + 2 * i
    record = _reviewed(drafts) | {"solution": f"{a} + {b} = {a + b}\n{layout.boxed(a + b)}", "answer": a + b}
    return [
        bad(CLASSROOM, record | {"question": f"{a}+{b}=?"}, Reason.TOO_SHORT),
        near(CLASSROOM, record | {"question": f"Add {a}+{b + 1}.", **_sum(a, b + 1)}, Reason.TOO_SHORT),
    ]


def _sum(a: int, b: int) -> Record:
    return {"solution": f"{a} + {b} = {a + b}\n{layout.boxed(a + b)}", "answer": a + b}


def too_long(drafts: Drafts, i: int) -> list[Planted]:
    """A solution that repeats itself without end; beside it, one that is long because it explains itself."""

    def record(lines: int) -> Record:
        draft = drafts.next()
        again = f"\nWait, let me check that once more: {draft.rationale.splitlines()[0].split(':')[0][:60]}"
        padded = _reviewed(drafts) | {"question": draft.question, "answer": draft.answer}
        padded["solution"] = layout.words(draft).replace("\nThe answer", again * lines + "\nThe answer")
        return padded

    return [bad(CLASSROOM, record(MAX_CHARS // 36 + i), Reason.TOO_LONG), near(CLASSROOM, record(4), Reason.TOO_LONG)]


def truncated(drafts: Drafts, i: int) -> list[Planted]:
    """A solution that breaks off; beside it, one that ends in a comma after its answer."""
    draft = drafts.next()
    record = _reviewed(drafts) | {"question": draft.question, "answer": draft.answer}
    steps = layout.words(draft).rpartition("\n")[0]
    endings = (
        " Now we only have to look at the",
        " Therefore the number that was asked for is",
        " From this line and the one before it we get (",
    )
    record["solution"] = steps + endings[i % 3]
    other = drafts.next()
    ended = _reviewed(drafts) | {"question": other.question, "answer": other.answer}
    ended["solution"] = layout.words(other).rstrip(".") + ","
    return [bad(CLASSROOM, record, Reason.TRUNCATED), near(CLASSROOM, ended, Reason.TRUNCATED)]


def needs_figure(drafts: Drafts, i: int) -> list[Planted]:
    """A picture that the text does not hold; beside it, a picture that somebody buys."""
    pointer = (
        "As shown in the figure below, ",
        "Look at the diagram above. ",
        "![sketch](sketch.png) ",
        "Use the accompanying picture. ",
    )[i % 4]
    record = lesson(drafts.next())
    record["question"] = pointer + record["question"]
    bought = lesson(drafts.next(templates=("boxes", "share", "twice", "album", "older")))
    bought["question"] = f"{bought['question'][:-1]}, if a picture of it hangs on the wall?"
    return [bad(LESSONS, record, Reason.NEEDS_FIGURE), near(LESSONS, bought, Reason.NEEDS_FIGURE)]


def proof_only(drafts: Drafts, i: int) -> list[Planted]:
    """A proof without an answer; beside it, a number that can be shown."""
    a, b = 3 + i, 20 + 2 * i
    proof = _reviewed(drafts) | {
        "question": (f"Prove that {a} + {b} = {b} + {a}.", f"Show that {a * b} is a multiple of {a}.")[i % 2],
        "solution": "Adding the same two numbers in any order, or counting in steps, leads to the same number.",
        "answer": None,
    }
    draft = drafts.next()
    shown = _reviewed(drafts) | {"answer": draft.answer, "solution": layout.words(draft)}
    shown["question"] = f"{draft.question} Show that your number is right."
    return [bad(CLASSROOM, proof, Reason.PROOF_ONLY), near(CLASSROOM, shown, Reason.PROOF_ONLY)]


_OTHER_LANGUAGES = (
    "У Анны {a} яблок, и Борис даёт ей ещё {b}. Сколько яблок теперь у Анны?",
    "小明有{a}个苹果，小红又给了他{b}个苹果。小明现在一共有多少个苹果？",
    "りんごが{a}個あります。さらに{b}個もらいました。りんごは全部で何個ありますか。",
    "사과가 {a}개 있습니다. {b}개를 더 받으면 사과는 모두 몇 개입니까?",
    "مع ليلى {a} تفاحة وأعطاها سامي {b} تفاحة أخرى. كم تفاحة لديها الآن؟",
)
_QUOTED = ("出口", "Привет", "ようこそ", "안녕", "سلام")


def wrong_language(drafts: Drafts, i: int) -> list[Planted]:
    """A question in another script among English ones; beside it, English that quotes a foreign word."""
    a, b = 11 + i, 23 + 2 * i
    foreign = {
        "question": _OTHER_LANGUAGES[i % 5].format(a=a, b=b),
        "answer": f"In all there are {a} + {b} = <<{a}+{b}={a + b}>>{a + b}.\n#### {a + b}",
    }
    quoting = lesson(drafts.next())
    quoting["question"] = f"The word “{_QUOTED[i % 5]}” stands on a door. {quoting['question']}"
    return [bad(LESSONS, foreign, Reason.WRONG_LANGUAGE), near(LESSONS, quoting, Reason.WRONG_LANGUAGE)]


def forbidden_licence(drafts: Drafts, i: int) -> list[Planted]:
    """A row of a source whose licence was not allowed; beside it, a row of the same shape that may be used."""
    return [
        bad(SCRAPED, _reviewed(drafts), Reason.FORBIDDEN_LICENCE),
        near(CLASSROOM, _reviewed(drafts), Reason.FORBIDDEN_LICENCE),
    ]
