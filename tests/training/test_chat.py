"""Chat templates in the wild: where an assistant's words begin, and which token ends them."""

from dataclasses import replace

import pytest
from tokenizers import AddedToken

from schemas.config import FreshModel
from schemas.exits import UserError
from schemas.problem import Format, Segment, SegmentKind
from training import shards
from training.chat import ChatLayout
from training.encode import encode
from training.fresh import fit_tokenizer
from training.model import load_tokenizer
from training.notes import notes_on_template
from training.shards import Example
from training.turn_layout import control_ids

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


def thinking(words="\\boxed{2}"):
    return replace(ROW, segments=(Segment(SegmentKind.THINK, "One and one."), Segment(SegmentKind.TEXT, words)))


def test_a_template_that_opens_a_thought_serves_those_who_think_and_refuses_the_others(data):
    layout = ChatLayout(tokenizer_of(data, THINKS_FIRST))
    (row,) = encode([thinking()], layout, supervise_think=True)
    assert written(row, layout) == ("<|im_start|>assistant\n", "<think>\nOne and one.\n</think>\n\\boxed{2}<|im_end|>")
    with pytest.raises(UserError, match="does not put an assistant's words behind the generation prompt"):
        encode([ROW], layout, supervise_think=True)


@pytest.mark.parametrize("template", [SWITCHED, SWITCHED_OPEN])
def test_a_template_with_a_thinking_switch_serves_those_who_think_and_those_who_do_not(data, template):
    layout = ChatLayout(tokenizer_of(data, template))
    assert layout.stop_token == "<|im_end|>"
    plain, thought = (written(row, layout) for row in encode([ROW, thinking()], layout, supervise_think=True))
    assert plain == ("<|im_start|>assistant\n<think>\n\n</think>\n\n", "\\boxed{2}<|im_end|>")
    assert thought == ("<|im_start|>assistant\n", "<think>\nOne and one.\n</think>\n\\boxed{2}<|im_end|>")


TURN = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}ANSWER{% else %}"
    "{{ m['content'] }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
THOUGHT = "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}{{ m['content'] }}"
CHANNELS = "{% if m.thinking %}thought{{ m.thinking }}<|endoftext|>{% endif %}<|im_start|>final {{ m['content'] }}"


@pytest.mark.parametrize(
    ("answer", "thought", "plain"),
    [
        (THOUGHT, "<think>\nOne and one.\n</think>\n\n\\boxed{2}<|im_end|>", "\\boxed{2}<|im_end|>"),
        (
            CHANNELS,
            "thoughtOne and one.<|endoftext|><|im_start|>final \\boxed{2}<|im_end|>",
            "<|im_start|>final \\boxed{2}<|im_end|>",
        ),
        ("{{ m['content'] }}\n", "<think>\nOne and one.\n</think>\n\\boxed{2}\n<|im_end|>", "\\boxed{2}\n<|im_end|>"),
    ],
    ids=["a blank line behind the thought", "channels", "a line end before the stop token"],
)
def test_thoughts_and_words_stand_as_the_template_itself_lays_them_out(data, answer, thought, plain):
    layout = ChatLayout(tokenizer_of(data, TURN.replace("ANSWER", answer)))
    rows = encode([thinking(), ROW], layout, supervise_think=True)
    assert [written(row, layout)[1] for row in rows] == [thought, plain]
    for example, row in zip((thinking(), ROW), rows, strict=True):
        assert layout.as_template(example) == layout.decode_all(row.tokens) + "\n"
    responses = [row.tokens[row.supervised.tolist().index(1) : -1].tolist() for row in rows]
    assert layout.response(responses[1]) == "\\boxed{2}"
    assert layout.response(responses[0]) == "<think>\nOne and one.\n</think>\n\\boxed{2}"


@pytest.mark.parametrize("unnamed", [True, False])
def test_the_stop_token_is_the_control_token_behind_the_words_whether_the_tokenizer_names_it_or_not(data, unnamed):
    tokenizer = tokenizer_of(data, CHATML)
    if unnamed:  # as Phi's <|end|>, Gemma's <end_of_turn> and Llama's <|eot_id|>
        tokenizer.add_tokens([AddedToken("<|turn|>", special=True)])
        tokenizer.chat_template = CHATML.replace("<|im_end|>", "<|turn|>")
        assert tokenizer.convert_tokens_to_ids("<|turn|>") not in tokenizer.all_special_ids
    assert ChatLayout(tokenizer).stop_token == ("<|turn|>" if unnamed else "<|im_end|>")


@pytest.mark.parametrize(
    ("behind", "stop"),
    [("<|im_start|><|endoftext|>", "<|endoftext|>"), ("<|im_end|>\n<|endoftext|>", "<|im_end|>")],
    ids=["two in a row end with the end-of-sequence token", "a line end stands between"],
)
def test_of_several_control_tokens_behind_the_words(data, behind, stop):
    layout = ChatLayout(tokenizer_of(data, CHATML.replace("<|im_end|>", behind)))
    assert layout.stop_token == stop
    (row,) = encode([ROW], layout, supervise_think=True)
    assert layout.as_template(ROW).startswith(layout.decode_all(row.tokens))


def test_each_control_token_that_a_row_writes_as_text_stays_text(data):
    tokenizer = tokenizer_of(data, TURN.replace("ANSWER", THOUGHT))
    tokenizer.add_tokens([AddedToken("<|extra|>", special=True), AddedToken("<think>"), AddedToken("</think>")])
    layout = ChatLayout(tokenizer)
    (clean,) = encode([thinking("so 5")], layout, supervise_think=True)
    controls = control_ids(tokenizer)
    assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|extra|>", "<think>", "</think>"} <= set(
        tokenizer.convert_ids_to_tokens(sorted(controls))
    )
    for token in sorted(controls):
        text = tokenizer.convert_ids_to_tokens(token)
        row = replace(thinking(f"so {text} 5"), question=f"What is {text}{text} it?")
        (found,) = encode([row], layout, supervise_think=True)
        assert [t for t in found.tokens if t in controls] == [t for t in clean.tokens if t in controls]
        assert layout.decode_all(found.tokens) + "\n" == layout.as_template(row)
    assert layout.encode(["<|im_end|>"]) != layout.encode([layout.guard("<|im_end|>")])  # the control


TOLD = replace(ROW, system="You are a baker.")
LEAVES_OUT = CHATML.replace("{% for m in messages %}", "{% for m in messages if m['role'] != 'system' %}")
REFUSES = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHATML


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        (CHATML, "<|im_start|>system\nYou are a baker.<|im_end|>\n<|im_start|>user\n1 + 1?"),
        (LEAVES_OUT, "<|im_start|>user\nYou are a baker.\n\n1 + 1?"),
        (REFUSES, "<|im_start|>user\nYou are a baker.\n\n1 + 1?"),
        (None, "User: You are a baker.\n\n1 + 1?"),
    ],
    ids=["as a turn", "left out", "refused", "no template"],
)
def test_a_system_turn_stands_before_the_question_and_bears_no_loss(data, template, prompt):
    layout = ChatLayout(tokenizer_of(data, template))
    told, plain = encode([TOLD, ROW], layout, supervise_think=True)
    text = layout.decode_all(told.tokens)
    assert text.startswith(prompt)
    assert [told.supervised.sum(), *told.tokens[told.supervised == 1]] == [
        plain.supervised.sum(), *plain.tokens[plain.supervised == 1]
    ]  # fmt: skip
    if template is not None:
        assert layout.as_template(TOLD).startswith(text)


DATED = "{{ 'Today is ' + strftime_now('%d %b %Y') + '.' }}" + CHATML


def test_a_template_that_asks_for_today_gets_one_day_for_ever(data):
    layout = ChatLayout(tokenizer_of(data, DATED))
    assert layout.prompt(ROW).startswith("Today is 26 Jul 2024.<|im_start|>user")
    (row,) = encode([ROW], layout, supervise_think=True)
    assert layout.as_template(ROW).startswith(layout.decode_all(row.tokens))
    today = layout.tokenizer.apply_chat_template([{"role": "user", "content": "1"}], tokenize=False)
    assert "2024" not in today  # what transformers alone would train on differs from day to day
    assert notes_on_template(layout.tokenizer)
    assert not notes_on_template(tokenizer_of(data, CHATML))
    assert not notes_on_template(tokenizer_of(data, None))


def test_a_template_of_ones_own_replaces_the_tokenizers(data, tmp_path):
    tokenizer_of(data, CHATML).save_pretrained(tmp_path / "model")
    (tmp_path / "own.jinja").write_text(TURN.replace("ANSWER", THOUGHT))
    tokenizer = load_tokenizer(tmp_path / "model", template=str(tmp_path / "own.jinja"))
    assert "reasoning_content" in tokenizer.chat_template
    with pytest.raises(UserError, match=r"train.chat_template .*nowhere.jinja: cannot be read"):
        load_tokenizer(tmp_path / "model", template=str(tmp_path / "nowhere.jinja"))


def written(one, layout):
    """What stands behind the user's turn and bears no loss, and what bears loss."""
    first = one.supervised.tolist().index(1)
    prompt = layout.tokenizer.decode(one.tokens[:first])
    return prompt.partition("<|im_end|>\n")[2], layout.tokenizer.decode(one.tokens[first:])
