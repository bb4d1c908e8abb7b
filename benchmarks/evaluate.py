"""Answers in batches with a key-value cache beside plain `generate` in a loop: same prompts, same model, same run.

    python -m benchmarks.evaluate [--model FOLDER] [--problems 32] [--tokens 128] [--batch 32]

Without a model a small Llama of random weights writes: it never stops, so both write as many tokens. Tokens per CPU
second decide: cores are shared. `other_answers` counts what batching changes: sums of another order may tip a token.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.measuring import record
from schemas.config import FreshModel
from schemas.problem import Format
from training.chat import ChatLayout
from training.fresh import BEGIN, CHAT_TEMPLATE, END, PAD, fresh_model
from training.generate import Writer
from training.model import load_model, load_tokenizer
from training.shards import Example

_SMALL = FreshModel(hidden_size=256, layers=6, heads=4)


def questions(number: int) -> list[str]:
    """Word problems of 40 to 110 characters, each a token of the small model's."""
    line = "A shop sells {a} pens in the morning and {b} in the afternoon, and {c} more on the next day. "
    return [
        line.format(a=3 + at, b=2 + at * 7 % 30, c=5 + at * 11 % 40)[-20 - 5 * (at % 15) :] + "How many in all?"
        for at in range(number)
    ]


def small_layout() -> ChatLayout:
    """The layout of a tokenizer of bytes and digits."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = {sign: at for at, sign in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, pad_token=PAD, chat_template=CHAT_TEMPLATE
    )
    return ChatLayout(fast)


def plain(model: Any, layout: ChatLayout, prompts: list[str], tokens: int) -> list[list[int]]:  # noqa: ANN401
    """The answers of `generate`, prompt by prompt."""
    answers = []
    for ids in layout.encode(prompts, begins=True):
        batch = torch.tensor([ids])
        with torch.inference_mode():
            whole = model.generate(
                batch, attention_mask=torch.ones_like(batch), max_new_tokens=tokens, do_sample=False,
                pad_token_id=layout.stop_id,
            )  # fmt: skip
        answers.append([token for token in whole[0, len(ids) :].tolist() if token != layout.stop_id])
    return answers


def main() -> None:
    """Measures both, one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path)
    parser.add_argument("--problems", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    torch.set_num_threads(1)
    layout = ChatLayout(load_tokenizer(options.model)) if options.model else small_layout()
    model = (
        load_model(options.model) if options.model else fresh_model(_SMALL, layout.tokenizer, context=2048, seed=0)
    ).eval()
    prompts = [
        layout.prompt(Example(str(at), str(at), question, Format.COT, (), None, "en", "bench"))
        for at, question in enumerate(questions(options.problems))
    ]
    figures: dict[str, object] = {}
    began, cpu = time.perf_counter(), time.process_time()
    alone = plain(model, layout, prompts, options.tokens)
    figures["generate"] = _figures(alone, began, cpu)
    began, cpu = time.perf_counter(), time.process_time()
    writer = Writer(model, layout, batch_size=options.batch)
    together = [answer.tokens for answer in writer.answer(prompts, max_new_tokens=options.tokens)]
    figures["ours"] = _figures(together, began, cpu)
    rates = [figures[name]["tokens_per_cpu_s"] for name in ("ours", "generate")]  # type: ignore[index]
    figures |= {
        "times_faster": round(rates[0] / rates[1], 2),
        "other_answers": sum(one != two for one, two in zip(alone, together, strict=True)),
        "model": options.model.name if options.model else f"Llama {_SMALL.layers} x {_SMALL.hidden_size}, random",
        "problems": options.problems,
        "batch": options.batch,
    }
    record("evaluate", figures, [])


def _figures(answers: list[list[int]], began: float, cpu: float) -> dict[str, float]:
    tokens, spent = sum(map(len, answers)), time.process_time() - cpu
    return {
        "tokens": tokens,
        "cpu_s": round(spent, 1),
        "wall_s": round(time.perf_counter() - began, 1),
        "tokens_per_cpu_s": round(tokens / spent, 1),
    }


if __name__ == "__main__":
    main()
