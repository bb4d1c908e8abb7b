"""A model in this process that answers queries: batches of like length, the same in every run of an evaluation."""

import os
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from schemas.config import Evaluate
from schemas.exits import RunFailedError, UserError
from schemas.place import on_this_machine
from schemas.problem import Format
from training.backend import Key, Query, Response
from training.chat import ChatLayout
from training.checkpoint import CHECKPOINTS, STATE, damaged_file
from training.fewshot import STOP, fewshot_prompt
from training.generate import Answer, Sampling, Writer
from training.model import load_model, load_tokenizer
from training.runfile import RUN
from training.shards import Example
from training.world import device_of

_LAST_BYTES = 1 << 20


class InProcess:
    """Writes answers by a model of this process.

    Args:
        source: a Hugging Face folder or name; a folder of adapters is put beside its base, not merged.
        settings: how it is asked.

    Raises:
        UserError: there is no such model.
    """

    def __init__(self, source: Path | str, settings: Evaluate) -> None:
        self._settings = settings
        self._layout = ChatLayout(load_tokenizer(source, option="--model"))
        model = load_model(source, option="--model").to(device_of(settings.device)).eval()
        self._positions: int | None = getattr(model.config, "max_position_embeddings", None)
        self._writer = Writer(
            model.bfloat16() if model.device.type == "cuda" else model,
            self._layout,
            batch_size=settings.batch_size,
            sampling=Sampling(settings.temperature, settings.top_p),
            stop_text=STOP if settings.prompt == "fewshot" else None,
        )

    def respond(self, queries: Sequence[Query], done: Collection[Key]) -> Iterator[list[tuple[Query, Response]]]:
        """Answers queries, a batch at a time, as `Backend` has it."""
        for form in Format:
            asked = [query for query in queries if query.form is form]
            prompts = [prompt_of(self._layout, query.item.example, self._settings) for query in asked]
            refused = self._refused(prompts)
            if any(asked[i].key not in done for i in refused):
                yield [(asked[i], response) for i, response in refused.items() if asked[i].key not in done]
            order = sorted((i for i in range(len(asked)) if i not in refused), key=lambda i: len(prompts[i]))
            for start in range(0, len(order), self._settings.batch_size):
                members = order[start : start + self._settings.batch_size]
                if all(asked[i].key in done for i in members):
                    continue
                answers = self._answer(form, [prompts[i] for i in members], [asked[i] for i in members])
                yield [
                    (asked[i], self._response(answer))
                    for i, answer in zip(members, answers, strict=True)
                    if asked[i].key not in done
                ]

    def _refused(self, prompts: Sequence[str]) -> dict[int, Response]:
        """Prompts that leave no place for an answer, by their position: a pass over them costs their length squared."""
        if self._positions is None:
            return {}
        lengths = map(len, self._layout.encode(prompts, begins=True))
        why = f"the prompt has {{:,}} tokens, and the model knows {self._positions:,} positions"
        return {
            i: Response("", ended=False, tokens=0, refusal=why.format(length))
            for i, length in enumerate(lengths)
            if length >= self._positions
        }

    def _answer(self, form: Format, prompts: Sequence[str], queries: Sequence[Query]) -> list[Answer]:
        settings = self._settings
        seeds = [query.seed(settings.seed) for query in queries]
        if form is not Format.TIR:
            return self._writer.answer(prompts, max_new_tokens=settings.max_new_tokens, seeds=seeds)
        return self._writer.converse(
            prompts,
            max_new_tokens=settings.max_new_tokens,
            max_tool_calls=settings.max_tool_calls,
            limits=settings.limits,
            seeds=seeds,
        )

    def _response(self, answer: Answer) -> Response:
        words = self._layout.decode if self._settings.prompt == "fewshot" else self._layout.response
        return Response(words(answer.tokens), answer.ended, answer.written, answer.tool_calls)


def prompt_of(layout: ChatLayout, example: Example, settings: Evaluate) -> str:
    """The text before a response, as `ChatLayout.encode` takes it."""
    if settings.prompt == "training":
        return layout.prompt(example)
    return f"{layout.tokenizer.bos_token or ''}{layout.guard(fewshot_prompt(example))}"


def model_folder(model: Path | str) -> Path | str:
    """RUN -> RUN/model; a checkpoint -> its model; anything else is a Hugging Face folder or name.

    Raises:
        UserError: a run without a model yet, or no such checkpoint.
        RunFailedError: a damaged checkpoint.
    """
    folder = on_this_machine(model, "--model")
    if (folder / STATE).is_file():
        if (damaged := damaged_file(folder)) is not None:
            raise RunFailedError(f"{folder}: {damaged} is damaged; evaluate another checkpoint")
        return folder / "model"
    if (folder / RUN).is_file() and not (folder / "config.json").is_file():
        if (folder / "adapter_config.json").is_file():
            return folder
        if not (folder / "model").is_dir():
            raise UserError(f"{folder}: a run without a model yet; finish it with `mathmill train ... --resume`")
        return folder / "model"
    if folder.parent.name == CHECKPOINTS and not folder.is_dir():
        raise UserError(f"{folder}: no such checkpoint; look into {folder.parent}")
    return model


def weights_mark(source: Path) -> str | None:
    """Tells whether a folder holds the same weights again: names, sizes and last bytes; None for a name of the hub."""
    digest = sha256()
    files = sorted(source.glob("*.safetensors"))
    for path in files:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LAST_BYTES))
            digest.update(f"{path.name} {size} ".encode() + file.read())
    return digest.hexdigest()[:16] if files else None
