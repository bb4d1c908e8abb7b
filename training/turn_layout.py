"""What a chat template writes around an assistant's words: found by rendering marks, not by knowing templates.

    begun  ..lead  THOUGHT  ..middle  WORDS  ..trail  stop        the turn of a row that thinks
    begun  ..lead                     WORDS  ..trail  stop        of one that does not

`begun` is the generation prompt. Everything behind it is the model's to write, so it bears loss: Qwen3's `</think>` and
a blank line, Gemma's channel, gpt-oss's `<|channel|>final<|message|>`.
"""

import re
from dataclasses import dataclass
from datetime import date

from jinja2 import TemplateError

from schemas.exits import UserError
from schemas.transcript import THINK_CLOSE, THINK_OPEN
from training.untyped import Tokenizer

DAY = date(2024, 7, 26)
"""stands in all prompts of a template that writes the day: tokens must not depend on when they are made. It is the day
that Llama 3.2's own template falls back to"""
_TODAY = re.compile(r"""strftime_now\(\s*(["'])(?P<format>[^"']*)\1\s*\)""")
_THOUGHT, _WORDS, _SYSTEM = "mathmill thought 0", "mathmill words 0", "mathmill system 0"
# Where templates look for a thought: Qwen, GLM and Gemma; vLLM's name; gpt-oss.
_KEYS = ("reasoning_content", "reasoning", "thinking")


@dataclass(frozen=True, slots=True)
class Turn:
    """The texts around thought and words; `behind` stands behind the words, the stop token and more.

    Attributes:
        key: where a message holds its thought; empty: among its words, between <think> tags.
        dropped: the template leaves a thought out, so the tags are ours alone.
    """

    lead: str
    middle: str
    behind: str
    key: str = ""
    dropped: bool = False


def render(
    tokenizer: Tokenizer,
    question: str,
    answer: dict[str, str] | None = None,
    *,
    thinks: bool,
    system: str | None = None,
) -> str:
    """The conversation as the template writes it; without an answer, up to where the model begins to write.

    Raises:
        UserError: the template fails on it.
    """
    messages = [] if system is None else [{"role": "system", "content": system}]
    messages.append({"role": "user", "content": question})
    if answer is not None:
        messages.append({"role": "assistant"} | answer)
    try:
        return tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=answer is None,
            enable_thinking=thinks,
            chat_template=_of_one_day(tokenizer),
        )
    except (TemplateError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{tokenizer.name_or_path or 'tokenizer'}: its chat template fails on a question and its answer "
            f"({reason}); give another by train.chat_template"
        ) from error


def writes_the_day(tokenizer: Tokenizer) -> bool:
    """Whether the template asks which day it is, as those of Llama 3.2 and gpt-oss do."""
    return "strftime_now" in tokenizer.get_chat_template()


def _of_one_day(tokenizer: Tokenizer) -> str | None:
    """The template with DAY where it asks for today; None where it does not."""
    if not writes_the_day(tokenizer):
        return None
    return _TODAY.sub(lambda found: repr(DAY.strftime(found["format"])), tokenizer.get_chat_template())


def generation_prompt(tokenizer: Tokenizer, question: str, *, thinks: bool, system: str | None = None) -> str:
    """What stands before a response. An opened thought is left to the response, where it belongs."""
    begun = render(tokenizer, question, thinks=thinks, system=system)
    return begun.removesuffix(THINK_OPEN) if thinks else begun


def takes_system(tokenizer: Tokenizer) -> bool:
    """Whether the template writes a system turn; some refuse it, some leave it out."""
    try:
        return _SYSTEM in render(tokenizer, "1", thinks=False, system=_SYSTEM)
    except UserError:
        return False


def turn_of(tokenizer: Tokenizer, *, thinks: bool) -> Turn:
    """Finds what the template writes around a response that thinks, or one that does not.

    Raises:
        UserError: what it writes does not follow the generation prompt, or holds no words.
    """
    begun = generation_prompt(tokenizer, "1", thinks=thinks)
    if thinks:
        return _turn_with_thought(tokenizer, begun)
    whole = render(tokenizer, "1", {"content": _WORDS}, thinks=False)
    if (around := _around(_WORDS, whole, begun)) is None:
        raise UserError(
            f"{tokenizer.name_or_path or 'tokenizer'}: its chat template does not put an assistant's words behind the "
            "generation prompt, so training and generation would differ; give a training template by "
            "train.chat_template"
        )
    lead, behind = around
    return Turn(lead, "", behind)


def _turn_with_thought(tokenizer: Tokenizer, begun: str) -> Turn:
    for key in _KEYS:
        whole = render(tokenizer, "1", {"content": _WORDS, key: _THOUGHT}, thinks=True)
        if around := _around(_THOUGHT, whole, begun):
            lead, rest = around
            middle, found, behind = rest.partition(_WORDS)
            if found:
                return Turn(lead, middle, behind, key)
    tagged = f"{THINK_OPEN}{_THOUGHT}{THINK_CLOSE}\n{_WORDS}"
    whole = render(tokenizer, "1", {"content": tagged}, thinks=True)
    if around := _around(tagged, whole, begun):
        lead, behind = around
        return Turn(lead + THINK_OPEN, f"{THINK_CLOSE}\n", behind)
    _, _, behind = whole.partition(_WORDS)
    return Turn(THINK_OPEN, f"{THINK_CLOSE}\n", behind, dropped=True)


def _around(mark: str, whole: str, begun: str) -> tuple[str, str] | None:
    """What stands between the generation prompt and a mark, and behind the mark; None where it does not follow."""
    if not whole.startswith(begun):
        return None
    lead, found, behind = whole.removeprefix(begun).partition(mark)
    return (lead, behind) if found else None


def stop_in(tokenizer: Tokenizer, behind: str) -> tuple[str, int] | None:
    """The stop token behind an assistant's words, and the text between; None when there is no such token.

    Of several control tokens in a row it is the tokenizer's end-of-sequence token, else the first: Cohere ends a turn
    with two, and Phi puts <|end|>, a line end and <|endoftext|>.
    """
    ids = tokenizer(behind, add_special_tokens=False)["input_ids"]
    controls = control_ids(tokenizer)
    first = next((place for place, token in enumerate(ids) if token in controls), None)
    if first is None:
        return None
    last = first
    while last + 1 < len(ids) and ids[last] != tokenizer.eos_token_id and ids[last + 1] in controls:
        last += 1
    if ids[last] != tokenizer.eos_token_id:
        last = first
    between, _, _ = behind.partition(str(tokenizer.convert_ids_to_tokens(ids[last])))
    return between, ids[last]


def control_ids(tokenizer: Tokenizer) -> frozenset[int]:
    """The tokens that steer: special ones, and added ones that the chat template writes."""
    template = str(tokenizer.chat_template or "")
    added = {id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special or token.content in template}
    return frozenset(added | set(tokenizer.all_special_ids))
