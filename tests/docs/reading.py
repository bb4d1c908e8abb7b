"""Documents as the tests read them: their code, their links, the commands that they show."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
_FENCE = re.compile(r"(`{3,})(\w*)$")
_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A block of code: its language (empty without one) and its lines."""

    language: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Document:
    """A document taken apart: prose without its code, blocks of code, and code inside the prose."""

    prose: str
    blocks: tuple[Block, ...]
    spans: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """A command line; `whole` when it can be typed as it stands, not only named in a sentence."""

    words: tuple[str, ...]
    whole: bool


def read_document(text: str) -> Document:
    prose, blocks = [], []
    lines = iter(text.splitlines())
    before = ""
    for line in lines:
        if opening := _FENCE.match(line):
            blocks.append(Block(opening[2], tuple(_until(lines, opening[1]))))
        elif line.startswith("    ") and (not before.strip() or before.startswith("    ")):
            if before.startswith("    ") and blocks:
                blocks[-1] = Block("", (*blocks[-1].lines, line[4:]))
            else:
                blocks.append(Block("", (line[4:],)))
        else:
            prose.append(line)
        before = line
    words = "\n".join(prose)
    return Document(_SPAN.sub("`code`", words), tuple(blocks), tuple(_SPAN.findall(words)))


def _until(lines: Iterator[str], fence: str) -> Iterator[str]:
    for line in lines:
        if re.fullmatch(f"`{{{len(fence)},}}", line):
            return
        yield line


def links(text: str) -> list[str]:
    """Targets of links and pictures that stand in this repository."""
    targets = re.findall(r"!?\[[^\]]*\]\(([^)\s]+)\)", read_document(text).prose)
    return [target for target in targets if not re.match(r"https?:", target)]


def anchors(text: str) -> set[str]:
    """What links can point to: each heading in lower case, its spaces as hyphens, without other signs."""
    prose = "\n".join(line for line in _outside_code(text))
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _outside_code(text: str) -> Iterator[str]:
    lines = iter(text.splitlines())
    for line in lines:
        if opening := _FENCE.match(line):
            list(_until(lines, opening[1]))
        else:
            yield line


def commands(text: str) -> list[Command]:
    """Every command of ours that a document shows."""
    document = read_document(text)
    shown = [(line, True) for block in document.blocks for line in _joined(block.lines)]
    shown += [(span, False) for span in document.spans]
    return [
        Command(tuple(words), whole) for line, whole in shown for part in line.split(" && ") if (words := _ours(part))
    ]


def _joined(lines: tuple[str, ...]) -> list[str]:
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def _ours(line: str) -> list[str] | None:
    line = re.sub(r"^(?:\w+=\S+ +)*", "", line.strip().removeprefix("$ "))
    if not re.match(r"(?:\S+/)?(?:mathmill|make|python3?|torchrun) ", line):
        return None
    words = shlex.split(line, comments=True)
    return [words[0].rpartition("/")[2], *words[1:]]
