"""Generation in batches with a key-value cache, greedy or sampled, and the dialogue with a tool.

In a dialogue the model writes a program and opens an output fence; the program is run and what it printed is appended.
Those words enter as tokens encoded on their own, exactly as in training, so the prefix that the model continues is one
that it was trained on. What stands behind the fence in the same token is taken back: outputs are the tool's alone.

B answers, T tokens of prompt and answer so far, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from schemas.config import ProgramLimits
from schemas.transcript import OUTPUT_FENCE
from training.backend import at_fence, tool_reply
from training.chat import ChatLayout
from training.forward import accepted
from training.model import stop_ids
from training.untyped import Model

_COMPACT_BELOW = 0.6  # rows that ended leave the batch when this share is still writing
_ROUNDING, _ROUNDING_IN_HALF = 1e-3, 0.05  # of the largest score; a batch rounds otherwise than a row
_TAIL = 24  # tokens in which a stop text ends: a token is at least a byte


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the likeliest.
        top_p: sampled from the likeliest tokens that together have this probability.
    """

    temperature: float = 0.0
    top_p: float = 1.0


@dataclass(slots=True)
class Answer:
    """What the model wrote to one prompt.

    Attributes:
        tokens: the response so far, tool outputs included, without the stop token.
        written: how many of them the model wrote.
        tool_calls: programs that were run for it.
        ended: it stopped of its own accord.
        draws: numbers in [0, 1) that decide its tokens, one each; empty where the likeliest is taken.
        turn: where in `tokens` the words begin that the model wrote since the last tool output.
    """

    tokens: list[int] = field(default_factory=list)
    written: int = 0
    tool_calls: int = 0
    ended: bool = False
    draws: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    turn: int = 0


class Writer:
    """Writes answers with a key-value cache.

    Args:
        model: a causal language model in evaluation mode.
        layout: how conversations of its tokenizer are laid out.
        batch_size: prompts at once.
        sampling: how the next token is chosen.
        stop_text: what also ends an answer, and is cut off; None where only stop tokens do.
    """

    def __init__(
        self,
        model: Model,
        layout: ChatLayout,
        *,
        batch_size: int,
        sampling: Sampling | None = None,
        stop_text: str | None = None,
    ) -> None:
        self._model = model
        self.layout = layout
        self._batch = batch_size
        self._sampling = sampling or Sampling()
        self._stop_text = stop_text
        self._stops = set(stop_ids(model, layout.tokenizer, layout.stop_id))
        self._alone = (
            bool(getattr(model, "_is_stateful", False))
            or "past_key_values" not in accepted(type(model))
            or (batch_size > 1 and not self._sees_no_padding())
        )
        self._pieces: list[str] = []

    def answer(self, prompts: Sequence[str], *, max_new_tokens: int, seeds: Sequence[int] = ()) -> list[Answer]:
        """Answers prompts without a tool.

        Args:
            prompts: as `ChatLayout.prompt` lays them out.
            max_new_tokens: most tokens of an answer.
            seeds: one for each prompt, where tokens are sampled.
        """
        answers = self._begin(prompts, seeds, max_new_tokens)
        self._extend(self.layout.encode(prompts, begins=True), answers, max_new_tokens, pause=False)
        return answers

    def converse(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int,
        max_tool_calls: int,
        limits: ProgramLimits,
        seeds: Sequence[int] = (),
    ) -> list[Answer]:
        """Answers prompts with a tool: whenever the model opens an output fence its programs are run.

        Blocks of one answer share their state, as in a notebook.
        """
        prefixes, answers = self.layout.encode(prompts, begins=True), self._begin(prompts, seeds, max_new_tokens)
        active = list(range(len(prompts)))
        while active:
            self._extend([prefixes[i] for i in active], [answers[i] for i in active], max_new_tokens, pause=True)
            waiting = []
            for position in active:
                answer = answers[position]
                room = answer.written < max_new_tokens and answer.tool_calls < max_tool_calls
                if answer.ended or not self._hands_over(answer) or not room:
                    continue
                shown = self.layout.guard(tool_reply(self.layout.decode(answer.tokens), limits))
                answer.tokens += self.layout.encode([f"{shown}\n```\n"])[0]
                answer.tool_calls += 1
                answer.turn = len(answer.tokens)
                waiting.append(position)
            active = waiting
        return answers

    def _begin(self, prompts: Sequence[str], seeds: Sequence[int], max_new_tokens: int) -> list[Answer]:
        if not self._sampling.temperature:
            return [Answer() for _ in prompts]
        seeds = seeds or range(len(prompts))
        return [
            Answer(draws=np.random.default_rng(seed).random(max_new_tokens))
            for _, seed in zip(prompts, seeds, strict=True)
        ]

    def _extend(
        self, prefixes: Sequence[list[int]], answers: Sequence[Answer], max_new_tokens: int, *, pause: bool
    ) -> None:
        """Continues each answer until it stops, pauses at an output fence, or has no room; like lengths together."""
        order = sorted(range(len(prefixes)), key=lambda i: len(prefixes[i]) + len(answers[i].tokens))
        for start in range(0, len(order), self._batch):
            members = order[start : start + self._batch]
            batch = [answers[i] for i in members]
            self._write([prefixes[i] + answers[i].tokens for i in members], batch, max_new_tokens, pause=pause)
        for answer in answers:
            self._cut(answer, pause=pause)

    def _write_alone(self, rows: list[list[int]], answers: list[Answer], max_new_tokens: int, *, pause: bool) -> None:
        """Writes row by row, by transformers' own loop: a recurrent state takes no padding and loses no rows."""
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        kept, self._model.generation_config = self._model.generation_config, GenerationConfig()  # no penalties, nothing
        try:
            for row, answer in zip(rows, answers, strict=True):
                tokens = torch.tensor([row], device=self._model.device)
                choose = partial(self._only_chosen, answer=answer, prompt=len(row))
                enough = partial(self._is_enough, prompt=len(row), pause=pause)
                whole = self._model.generate(
                    tokens,
                    attention_mask=torch.ones_like(tokens),
                    max_new_tokens=max_new_tokens - answer.written,
                    logits_processor=LogitsProcessorList([choose]),
                    stopping_criteria=StoppingCriteriaList([enough]),
                    do_sample=False,
                    eos_token_id=sorted(self._stops),
                    pad_token_id=self.layout.stop_id,
                )
                for token in whole[0, len(row) :].tolist():
                    self._accept(answer, token, max_new_tokens, pause=False)
        finally:
            self._model.generation_config = kept

    def _only_chosen(self, tokens: torch.Tensor, logits: torch.Tensor, *, answer: Answer, prompt: int) -> torch.Tensor:
        """Logits[1, V] that leave nothing but the token that `_choose` takes."""
        drawn = answer.draws[answer.written + tokens.shape[1] - prompt :]
        (chosen,) = self._choose(logits, [drawn])
        return torch.full_like(logits, -torch.inf).index_fill_(1, torch.tensor([chosen], device=logits.device), 0.0)

    def _is_enough(
        self, tokens: torch.Tensor, _scores: object, *, prompt: int, pause: bool, **_settings: object
    ) -> torch.Tensor:
        tail = self.layout.decode(tokens[0, max(prompt, tokens.shape[1] - _TAIL) :].tolist())
        stops = (pause and at_fence(tail) is not None) or (self._stop_text is not None and self._stop_text in tail)
        return torch.tensor([stops], device=tokens.device)

    @torch.inference_mode()
    def _sees_no_padding(self) -> bool:
        """Whether a row in a batch gets the scores of two passes over it alone, up to rounding."""
        long, short, token = [id_ % len(self.layout.tokenizer) for id_ in range(3, 15)], [3, 4, 5, 6], 7
        device = self._model.device
        alone = [
            self._model(input_ids=torch.tensor([row], device=device), use_cache=False).logits[0, -1]
            for row in (short, [*short, token])
        ]
        inputs = self._inputs([long, short])
        first = self._model(**inputs, use_cache=True)
        inputs |= _behind(torch.tensor([token, token], device=device), inputs["attention_mask"], inputs["position_ids"])
        second = self._model(**inputs, past_key_values=first.past_key_values, use_cache=True)
        expected, found = torch.stack(alone), torch.stack([first.logits[-1, -1], second.logits[-1, -1]])
        apart = (found - expected).abs().max() / expected.abs().max()
        return bool(apart < (_ROUNDING if self._model.dtype == torch.float32 else _ROUNDING_IN_HALF))

    def _inputs(self, rows: list[list[int]]) -> dict[str, Any]:
        """What the model is given for rows of tokens, padded on the left."""
        tokens, mask = self._pad(rows)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        return {"input_ids": tokens, "attention_mask": mask, "position_ids": positions, "logits_to_keep": 1}

    @torch.inference_mode()
    def _write(self, rows: list[list[int]], answers: list[Answer], max_new_tokens: int, *, pause: bool) -> None:
        if self._alone:
            self._write_alone(rows, answers, max_new_tokens, pause=pause)
            return
        from training.key_cache import with_room  # deferred: transformers

        inputs, cache = self._inputs(rows), None
        while answers:
            out = self._model(**inputs, past_key_values=cache, use_cache=True)
            cache = with_room(out.past_key_values) if cache is None else out.past_key_values
            chosen = self._choose(out.logits[:, -1], [answer.draws[answer.written :] for answer in answers])
            live = [
                self._accept(answer, token, max_new_tokens, pause=pause)
                for answer, token in zip(answers, chosen, strict=True)
            ]
            if not any(live):
                return
            mask, positions = inputs["attention_mask"], inputs["position_ids"]
            following = torch.tensor(chosen, device=mask.device)
            if sum(live) < _COMPACT_BELOW * len(live):
                keep = torch.tensor([i for i, alive in enumerate(live) if alive], device=mask.device)
                cache.batch_select_indices(keep)
                mask, positions, following = mask[keep], positions[keep], following[keep]
                answers = [answer for answer, alive in zip(answers, live, strict=True) if alive]
            inputs |= _behind(following, mask, positions)

    def _choose(self, logits: torch.Tensor, draws: Sequence[NDArray[np.float64]]) -> list[int]:
        """The next token of each answer, from logits[B, V]: the likeliest, or as the first of its draws falls."""
        if not self._sampling.temperature:
            return logits.argmax(-1).tolist()
        falls = torch.tensor([drawn[0] if len(drawn) else 0.0 for drawn in draws], device=logits.device)
        shares, tokens = (logits.float() / self._sampling.temperature).softmax(-1).sort(-1, descending=True)
        reached = shares.cumsum(-1)
        kept = torch.where(reached - shares < self._sampling.top_p, shares, 0.0).cumsum(-1)
        chosen = (kept <= falls[:, None] * kept[:, -1:]).sum(-1).clamp(max=logits.shape[-1] - 1)
        return tokens.gather(-1, chosen[:, None])[:, 0].tolist()

    def _accept(self, answer: Answer, token: int, max_new_tokens: int, *, pause: bool) -> bool:
        """Adds a token to an answer; returns whether the answer goes on. Rows that have ended ignore what follows."""
        if answer.ended or answer.written >= max_new_tokens or (pause and self._hands_over(answer)):
            return False
        if token in self._stops:
            answer.ended = True
            return False
        answer.tokens.append(token)
        answer.written += 1
        if self._stop_text is not None and self._stop_text in self._tail(answer):
            answer.ended = True
        return not answer.ended and answer.written < max_new_tokens and not (pause and self._hands_over(answer))

    def _hands_over(self, answer: Answer) -> bool:
        """Whether the answer's last token closes the line that opens an output fence."""
        if len(answer.tokens) == answer.turn or "\n" not in self._piece(answer.tokens[-1]):
            return False
        return at_fence(self._tail(answer)) is not None

    def _tail(self, answer: Answer) -> str:
        return self.layout.decode(answer.tokens[max(answer.turn, len(answer.tokens) - _TAIL) :])

    def _cut(self, answer: Answer, *, pause: bool) -> None:
        """Takes back what the last token wrote behind an output fence, and a stop text."""
        words = self.layout.decode(answer.tokens[answer.turn :])
        if self._stop_text is not None and self._stop_text in words:
            kept = words[: words.index(self._stop_text)]
            answer.tokens[answer.turn :] = self.layout.encode([kept])[0]
        elif pause and answer.tokens[answer.turn :] and self._hands_over(answer) and not words.endswith(OUTPUT_FENCE):
            before = self.layout.decode(answer.tokens[answer.turn : -1])
            end = words.rindex(OUTPUT_FENCE) + len(OUTPUT_FENCE)
            answer.tokens[-1:] = self.layout.encode([words[len(before) : end]])[0]

    def _piece(self, token: int) -> str:
        if not self._pieces:
            tokenizer = self.layout.tokenizer
            self._pieces = tokenizer.batch_decode([[i] for i in range(len(tokenizer))])
        return self._pieces[token] if token < len(self._pieces) else ""

    def _pad(self, rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Pads on the left: tokens[B, T] and their mask."""
        width = max(len(row) for row in rows)
        fill = self.layout.stop_id
        device = self._model.device
        tokens = torch.tensor([[fill] * (width - len(row)) + row for row in rows], device=device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
        return tokens, mask


def _behind(following: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor) -> dict[str, torch.Tensor]:
    """What a model with a cache is given next: one token for each row."""
    return {
        "input_ids": following[:, None],
        "attention_mask": torch.cat([mask, mask.new_ones(len(mask), 1)], 1),
        "position_ids": positions[:, -1:] + 1,
    }
