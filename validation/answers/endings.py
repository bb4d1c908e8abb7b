"""How solutions of every language announce their final answer: the table `endings.yaml`, compiled.

Every repetition in the patterns is bounded, so that a search takes time in proportion to the text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from validation.answers.spelling import UNSPACED

_TABLE = Path(__file__).with_name("endings.yaml")
_GAP = r"[\s*_]{0,6}"
_OTHER = "en"  # whose sentence is added where a language has none


@dataclass(frozen=True, slots=True)
class Endings:
    """The table, compiled.

    Attributes:
        announced: for each language, words of which a text that announces an answer holds one, in small letters, and
            the pattern of everything that stands before the answer, up to its first character.
        behind: words of the sentence that stand behind a number or an option.
        denied: what a sentence holds that says what the answer is not.
        prose: what begins a sentence that names no answer.
        sentences: how an answer is added, by language.
        conclusions: how a last sentence concludes, by language.
    """

    announced: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]
    behind: re.Pattern[str]
    denied: re.Pattern[str]
    prose: re.Pattern[str]
    sentences: dict[str, str]
    conclusions: dict[str, "Conclusion"]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How a language concludes with a value.

    Attributes:
        begins: where a sentence, or its last clause, begins to conclude.
        arrives: a pattern of what stands before the value that a sentence ends in.
        doubts: what denies a value, or leaves it open.
    """

    begins: re.Pattern[str]
    arrives: str
    doubts: re.Pattern[str]


@cache
def endings() -> Endings:
    """Reads and compiles the table."""
    table = yaml.safe_load(_TABLE.read_text("utf-8"))
    entries = table.values()
    behind = _either(word for entry in entries for word in entry.get("behind", ()))
    denied = _either(word for entry in entries for word in entry.get("denied", ()))
    prose = _either(word for entry in entries for word in entry.get("prose", ()))
    return Endings(
        announced=tuple((_cues(entry), re.compile(_announced(entry))) for entry in entries),
        behind=re.compile(rf"(?:(?<=[\d)}}\]%$①-⑳])|(?<![^\W_][A-J])(?<=[A-J]))\s{{0,3}}(?:{behind})\Z"),
        denied=re.compile(rf"(?<![^\W\d_])(?:{denied})(?![^\W_])"),
        prose=re.compile(rf"(?:{prose})(?![^\W_])", re.IGNORECASE),
        sentences={language: entry["sentence"] for language, entry in table.items()},
        conclusions={language: _conclusion(entry) for language, entry in table.items() if "concludes" in entry},
    )


def announcements(text: str) -> list[re.Match[str]]:
    """Finds what announces an answer, in the order of the text; of two that overlap the first, then the longest."""
    lowered = text.lower()
    found = [
        match
        for cues, pattern in endings().announced
        if any(cue in lowered for cue in cues)
        for match in pattern.finditer(text)
    ]
    found.sort(key=lambda match: (match.start(), -match.end()))
    apart: list[re.Match[str]] = []
    for match in found:
        if not apart or match.start() >= apart[-1].end():
            apart.append(match)
    return apart


def answer_sentence(answer: str, language: str) -> str:
    """Returns the sentence that states an answer in a language, in English where the table has none."""
    sentences = endings().sentences
    return sentences.get(language[:2], sentences[_OTHER]).format(answer=answer)


def _conclusion(entry: dict[str, list[str]]) -> Conclusion:
    spaced = not re.search(f"[{UNSPACED}]", entry["nouns"][0])
    before, start, end = (r"[,;،]", r"(?<![^\W_])", r"(?![^\W_])") if spaced else (r"[,;，、；\s]", "", "")
    begins, arrives, doubts = ("|".join(entry[key]) for key in ("concludes", "arrives", "doubts"))
    return Conclusion(
        begins=re.compile(rf"(?:\A\W{{0,4}}|{before}\s{{0,3}})(?:{begins}){end}", re.IGNORECASE),
        arrives=rf"{start}(?:{arrives})",
        doubts=re.compile(rf"{start}(?:{doubts}){end}|[?？]", re.IGNORECASE),
    )


def _cues(entry: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(noun.partition("(")[0].lower() for noun in (*entry["nouns"], *entry.get("cues", ())))


def _announced(entry: dict[str, list[str]]) -> str:
    """Returns the pattern of one language: noun, verb or colon, adverbs; or a direct announcement."""
    cased = any(noun.upper() != noun for noun in entry["nouns"])
    start, end = (r"(?<![^\W_])", r"(?![^\W_])") if cased else ("", "")
    verbs = rf"(?:{_either(entry['verbs'])}){end}"
    about = rf"(?:\s(?:{_either(entry['about'])})\s[^\n.:=]{{1,60}}?\s)?" if "about" in entry else ""
    joint = rf"{about}{_GAP}(?:{verbs}{_GAP}[:：]?|[:：=]{{1,2}}(?!=)(?:{_GAP}{verbs})?|[—–-](?=\s)|[-=]>|→)"
    bare = rf"|{_GAP}(?=[\d$\\(（①-⑳-]|[A-J](?![A-Za-z]))" if entry.get("bare") else ""
    bracket = "" if cased else "|[】）]"
    adverbs = rf"(?:,?{_GAP}(?:{_either(entry['adverbs'])}){end},?){{0,2}}{_GAP}:?" if "adverbs" in entry else ""
    direct = rf"|(?:{_either(entry['direct'])}){_GAP}[:：]?" if "direct" in entry else ""
    return rf"(?:{start}(?:{_either(entry['nouns'])})(?:{joint}{bare}{bracket}){adverbs}{direct})\s{{0,8}}"


def _either(words: Iterable[str]) -> str:
    return "|".join(map(_in_either_case, sorted(words, key=len, reverse=True)))


def _in_either_case(word: str) -> str:
    """Returns a pattern of a word in capitals or small letters, which begins with a set of characters to search for."""
    if not word.replace(" ", "").isalpha():
        return word
    return "".join(
        f"[{letter.lower()}{letter.upper()}]" if letter.lower() != letter.upper() else letter for letter in word
    )
