"""Greedy generation in batches, and the dialogue with a tool.

In a dialogue the model writes a program and opens an output fence; the program is run and what it printed is appended.
Those words enter as tokens encoded on their own, exactly as in training, so the prefix that the model continues is one
that it was trained on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from schemas.config import ProgramLimits
from schemas.problem import SegmentKind
from schemas.transcript import OUTPUT_FENCE, parse_response
from training.chat import ChatLayout
from training.forward import accepted
from training.model import stop_ids
from training.untyped import Model

if TYPE_CHECKING:
    from validation.programs import Execution

_OUTPUT_CHARS = 2000  # of one tool output; the rest is cut with a mark
_COMPACT_BELOW = 0.6  # rows that ended leave the batch when this share is still writing


@dataclass(slots=True)
class Answer:
    """What the model wrote to one prompt.

    Attributes:
        tokens: the response so far, tool outputs included, without the stop token.
        written: how many of them the model wrote.
        tool_calls: programs that were run for it.
        ended: it stopped of its own accord.
    """

    tokens: list[int] = field(default_factory=list)
    written: int = 0
    tool_calls: int = 0
    ended: bool = False


class Writer:
    """Writes greedily with a key-value cache.

    Args:
        model: a causal language model in evaluation mode.
        layout: how conversations of its tokenizer are laid out.
        batch_size: prompts at once.
    """

    def __init__(self, model: Model, layout: ChatLayout, *, batch_size: int) -> None:
        self._model = model
        self.layout = layout
        self._batch = batch_size
        self._stops = set(stop_ids(model, layout.tokenizer, layout.stop_id))
        self._alone = bool(getattr(model, "_is_stateful", False)) or "past_key_values" not in accepted(type(model))
        self._newlines: set[int] = set()

    def answer(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answers prompts without a tool."""
        answers = [Answer() for _ in prompts]
        self._extend(self.layout.encode(prompts), answers, max_new_tokens, pause=False, on_done=on_done)
        return answers

    def converse(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int,
        max_tool_calls: int,
        limits: ProgramLimits,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answers prompts with a tool: whenever the model opens an output fence its programs are run.

        Blocks of one answer share their state, as in a notebook.
        """
        from validation.programs import run_blocks

        prefixes, answers = self.layout.encode(prompts), [Answer() for _ in prompts]
        active = list(range(len(prompts)))
        while active:
            chosen = [answers[i] for i in active]
            self._extend([prefixes[i] for i in active], chosen, max_new_tokens, pause=True, on_done=None)
            waiting = []
            for position in active:
                answer = answers[position]
                text = self.layout.decode(answer.tokens)
                room = answer.written < max_new_tokens and answer.tool_calls < max_tool_calls
                if answer.ended or not text.endswith(OUTPUT_FENCE) or not room:
                    if on_done:
                        on_done(1)
                    continue
                blocks = [s.text for s in parse_response(text) if s.kind is SegmentKind.CODE]
                said = _said(run_blocks(blocks, limits)[-1]) if blocks else "no program"
                answer.tokens += self.layout.encode([f"{self.layout.guard(said)}\n```\n"])[0]
                answer.tool_calls += 1
                waiting.append(position)
            active = waiting
        return answers

    def _extend(
        self,
        prefixes: Sequence[list[int]],
        answers: Sequence[Answer],
        max_new_tokens: int,
        *,
        pause: bool,
        on_done: Callable[[int], None] | None,
    ) -> None:
        """Continues each answer until it stops, pauses at an output fence, or has no room; like lengths together."""
        order = sorted(range(len(prefixes)), key=lambda i: len(prefixes[i]) + len(answers[i].tokens))
        for start in range(0, len(order), self._batch):
            members = order[start : start + self._batch]
            batch = [answers[i] for i in members]
            self._write([prefixes[i] + answers[i].tokens for i in members], batch, max_new_tokens, pause=pause)
            if on_done:
                on_done(len(members))

    def _write_alone(self, rows: list[list[int]], answers: list[Answer], max_new_tokens: int, *, pause: bool) -> None:
        """Writes row by row, by transformers' own loop: a recurrent state takes no padding and loses no rows."""
        from transformers import StoppingCriteriaList

        def paused(tokens: torch.Tensor, _scores: object, **_settings: object) -> torch.Tensor:
            text = self.layout.decode(tokens[0, -16:].tolist()) if pause else ""
            return torch.tensor([text.endswith(OUTPUT_FENCE)], device=tokens.device)

        for row, answer in zip(rows, answers, strict=True):
            tokens = torch.tensor([row], device=self._model.device)
            settings = {"do_sample": False, "eos_token_id": sorted(self._stops), "pad_token_id": self.layout.stop_id}
            room = max_new_tokens - answer.written
            whole = self._model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=room,
                stopping_criteria=StoppingCriteriaList([paused]),
                **settings,
            )
            for token in whole[0, len(row) :].tolist():
                self._accept(answer, token, max_new_tokens, pause=False)

    @torch.inference_mode()
    def _write(self, rows: list[list[int]], answers: list[Answer], max_new_tokens: int, *, pause: bool) -> None:
        if self._alone:
            self._write_alone(rows, answers, max_new_tokens, pause=pause)
            return
        tokens, mask = self._pad(rows)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        cache = None
        while answers:
            out = self._model(
                input_ids=tokens,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = out.past_key_values
            chosen = out.logits[:, -1].argmax(-1)
            live = [
                self._accept(answer, token, max_new_tokens, pause=pause)
                for answer, token in zip(answers, chosen.tolist(), strict=True)
            ]
            if not any(live):
                return
            if sum(live) < _COMPACT_BELOW * len(live):
                keep = torch.tensor([i for i, alive in enumerate(live) if alive], device=tokens.device)
                cache.batch_select_indices(keep)
                mask, positions, chosen = mask[keep], positions[keep], chosen[keep]
                answers = [answer for answer, alive in zip(answers, live, strict=True) if alive]
            tokens = chosen[:, None]
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
            positions = positions[:, -1:] + 1

    def _accept(self, answer: Answer, token: int, max_new_tokens: int, *, pause: bool) -> bool:
        """Adds a token to an answer; returns whether the answer goes on. Rows that have ended ignore what follows."""
        if answer.ended or answer.written >= max_new_tokens or (pause and self._at_fence(answer)):
            return False
        if token in self._stops:
            answer.ended = True
            return False
        answer.tokens.append(token)
        answer.written += 1
        return answer.written < max_new_tokens and not (pause and self._at_fence(answer))

    def _at_fence(self, answer: Answer) -> bool:
        """Whether the answer's last words open an output fence. A token is at least a byte, so 16 tokens tell."""
        if not answer.tokens or not self._ends_line(answer.tokens[-1]):
            return False
        return self.layout.decode(answer.tokens[-16:]).endswith(OUTPUT_FENCE)

    def _ends_line(self, token: int) -> bool:
        if not self._newlines:
            pieces = self.layout.tokenizer.batch_decode([[i] for i in range(len(self.layout.tokenizer))])
            self._newlines = {i for i, piece in enumerate(pieces) if piece.endswith("\n")}
        return token in self._newlines

    def _pad(self, rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Pads on the left: tokens[B, T] and their mask."""
        width = max(len(row) for row in rows)
        fill = self.layout.stop_id
        device = self._model.device
        tokens = torch.tensor([[fill] * (width - len(row)) + row for row in rows], device=device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
        return tokens, mask


def _said(execution: "Execution") -> str:
    """What a program's run looks like to the model: what it printed, and the error's line when it failed."""
    parts = [execution.stdout.rstrip("\n")]
    if execution.error:
        parts.append(execution.error)
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= _OUTPUT_CHARS else text[:_OUTPUT_CHARS] + " ..."
