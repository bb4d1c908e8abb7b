"""Chat templates in the wild: where an assistant's words begin, and which token ends them."""

from dataclasses import replace

import pytest

from schemas.config import FreshModel
from schemas.exits import UserError
from schemas.problem import Format, Segment, SegmentKind
from training import shards
from training.chat import ChatLayout
from training.encode import encode
from training.fresh import fit_tokenizer
from training.shards import Example

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
THINKS_FIRST = CHATML.replace("assistant\n' }}{% endif", "assistant\n<think>\n' }}{% endif")
SWITCHED = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% if m['role'] == 'assistant' and '</think>' not in m['content'] %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{% endif %}"
)
SWITCHED_OPEN = SWITCHED.replace(
    "</think>\n\n' }}{% endif %}{% endif %}", "</think>\n\n' }}{% else %}{{ '<think>\n' }}{% endif %}{% endif %}"
)
NO_END = (
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)


def tokenizer_of(data, template, *, eos="<|endoftext|>"):
    fitted = fit_tokenizer(shards.open(data), FreshModel(vocabulary=400), context=256)
    tokenizer = type(fitted)(
        tokenizer_object=fitted.backend_tokenizer,
        eos_token=eos,
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        chat_template=template,
    )
    tokenizer.name_or_path = "wild"
    return tokenizer


ROW = Example("e1", "p1", "1 + 1?", Format.COT, (Segment(SegmentKind.TEXT, "\\boxed{2}"),), "2", "en", "hand")


def test_chatml_ends_a_turn_with_im_end_though_the_tokenizer_has_another_end_token(data):
    layout = ChatLayout(tokenizer_of(data, CHATML))
    assert layout.stop_token == "<|im_end|>"
    (one,) = encode([ROW], layout, supervise_think=True)
    text = layout.tokenizer.decode(one.tokens)
    assert text.startswith("<|im_start|>user\n1 + 1?\nPlease reason")
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n\\boxed{2}<|im_end|>")
    supervised = [token for token, flag in zip(one.tokens.tolist(), one.supervised.tolist(), strict=True) if flag]
    assert layout.tokenizer.decode(supervised) == "\\boxed{2}<|im_end|>"


def test_an_examples_own_instruction_stands_in_its_prompt_and_bears_no_loss(data):
    layout = ChatLayout(tokenizer_of(data, CHATML))
    (one,) = encode([replace(ROW, instruction="Think first.")], layout, supervise_think=True)
    assert layout.tokenizer.decode(one.tokens).startswith("<|im_start|>user\n1 + 1?\nThink first.<|im_end|>")
    (other,) = encode([ROW], layout, supervise_think=True)
    assert one.supervised.sum() == other.supervised.sum()


def test_a_template_without_a_token_behind_the_words_takes_the_end_token(data):
    assert ChatLayout(tokenizer_of(data, NO_END)).stop_token == "<|endoftext|>"


def test_a_template_and_no_end_token_at_all_is_refused(data):
    with pytest.raises(UserError, match="wild: a tokenizer without a stop token: its chat template"):
        ChatLayout(tokenizer_of(data, NO_END, eos=None))


def test_a_template_that_puts_words_before_the_assistants_is_refused(data):
    with pytest.raises(UserError, match="does not put an assistant's words right behind the generation prompt"):
        ChatLayout(tokenizer_of(data, THINKS_FIRST))


@pytest.mark.parametrize("template", [SWITCHED, SWITCHED_OPEN])
def test_a_template_with_a_thinking_switch_serves_those_who_think_and_those_who_do_not(data, template):
    layout = ChatLayout(tokenizer_of(data, template))
    assert layout.stop_token == "<|im_end|>"
    thought = replace(ROW, segments=(Segment(SegmentKind.THINK, "One and one."), *ROW.segments))
    plain, thinking = (written(one, layout) for one in encode([ROW, thought], layout, supervise_think=True))
    assert plain == ("<|im_start|>assistant\n<think>\n\n</think>\n\n", "\\boxed{2}<|im_end|>")
    assert thinking == ("<|im_start|>assistant\n", "<think>\nOne and one.\n</think>\n\\boxed{2}<|im_end|>")


def written(one, layout):
    """What stands behind the user's turn and bears no loss, and what bears loss."""
    first = one.supervised.tolist().index(1)
    prompt = layout.tokenizer.decode(one.tokens[:first])
    return prompt.partition("<|im_end|>\n")[2], layout.tokenizer.decode(one.tokens[first:])
