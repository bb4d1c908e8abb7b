"""A served model that answers queries: by any server that speaks OpenAI's completions (vLLM, transformers serve).

What a server says is not trusted: every request has one deadline from its first byte to its last, an answer that is
half a line counts as none, and tool outputs are those of programs that were run here. A server that is busy, broken or
gone is asked again; when it stays gone, what was answered is kept.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from schemas.config import Evaluate
from schemas.exits import RunFailedError, UserError
from schemas.problem import Format, SegmentKind
from schemas.transcript import OUTPUT_FENCE, THINK_CLOSE, THINK_OPEN, parse_response
from training.backend import Key, Query, Response, at_fence, tool_reply
from training.chat import ChatLayout
from training.endpoint import Endpoint, RefusedError
from training.fewshot import STOP, fewshot_prompt
from training.model import load_tokenizer
from training.shards import Example

_MOST_REFUSED = 8
_APART = "\u200b"  # stands inside what would be a control token, in text that a server reads whole


class Written(NamedTuple):
    """What a server wrote to one request.

    Attributes:
        reason: stop | length, and whatever else a server says.
        stop: the stop text that ended it, where the server tells.
    """

    text: str
    reason: str | None
    tokens: int
    stop: object


class Served:
    """Has answers written by a server.

    Args:
        url: where it listens, with or without `/v1`.
        settings: how it is asked.
        first_pause_s: seconds before a request is sent again; they double each time.

    Raises:
        UserError: TIR without a tokenizer, no such tokenizer, or a server that serves no such model.
        RunFailedError: nobody answers there.
    """

    def __init__(self, url: str, settings: Evaluate, *, first_pause_s: float = 1.0) -> None:
        self._settings = settings
        self._layout = self._layout_of(settings)
        self._endpoint = Endpoint(url, settings.endpoint, first_pause_s=first_pause_s)
        self._model = settings.endpoint.model or self._endpoint.only_model()

    def respond(self, queries: Sequence[Query], done: Collection[Key]) -> Iterator[list[tuple[Query, Response]]]:
        """Answers queries as they come, as `Backend` has it.

        Raises:
            RunFailedError: the server is gone, or refuses everything; those that were under way come first.
        """
        failure: Exception | None = None
        refused = _Refusals()
        workers = ThreadPoolExecutor(self._settings.endpoint.concurrency)
        try:
            asked = {workers.submit(self._response, query): query for query in queries if query.key not in done}
            for future in _as_they_end(asked):
                if future.cancelled():
                    continue
                try:
                    response = future.result()
                    refused.count(response, self._endpoint.url)
                except (UserError, RunFailedError) as error:
                    failure = failure or error
                    workers.shutdown(wait=False, cancel_futures=True)
                    continue
                yield [(asked[future], response)]
        finally:
            workers.shutdown(wait=False, cancel_futures=True)
            self._endpoint.close()
            workers.shutdown()
        if failure is not None:
            raise failure

    def _response(self, query: Query) -> Response:
        try:
            if self._layout is None and self._settings.prompt == "training":
                return self._chat(query)
            if query.form is Format.TIR:
                return self._converse(query)
            return self._answer(query)
        except RefusedError as error:
            return Response("", ended=False, tokens=0, refusal=str(error))

    def _chat(self, query: Query) -> Response:
        messages = [{"role": "user", "content": query.item.example.request}]
        choice, tokens = self._endpoint.choice("chat/completions", self._body(query, messages=messages))
        message = choice.get("message")
        message = message if isinstance(message, dict) else {}
        text, thought = message.get("content"), message.get("reasoning_content") or message.get("reasoning")
        words = text if isinstance(text, str) else ""
        if isinstance(thought, str):
            words = f"{THINK_OPEN}{thought.strip()}{THINK_CLOSE}\n{words}"
        return Response(words, choice.get("finish_reason") == "stop", tokens)

    def _answer(self, query: Query) -> Response:
        written = self._written(query, self._prompt(query.item.example), self._settings.max_new_tokens)
        return Response(self._words(written.text), written.reason == "stop", written.tokens)

    def _converse(self, query: Query) -> Response:
        """Writes a dialogue with a tool: stops at each output fence, runs the programs here, goes on behind it."""
        settings, prompt = self._settings, self._prompt(query.item.example)
        text, tokens, calls = "", 0, 0
        while True:
            written = self._written(query, prompt + text, settings.max_new_tokens - tokens, OUTPUT_FENCE)
            tokens += written.tokens
            turn = _up_to_fence(text, written)
            text += written.text if turn is None else turn
            if turn is None or calls >= settings.max_tool_calls or tokens >= settings.max_new_tokens:
                return Response(self._words(text), turn is None and written.reason == "stop", tokens, calls)
            text += f"{self._plain(tool_reply(text, settings.limits))}\n```\n"
            calls += 1

    def _written(self, query: Query, prompt: str, room: int, *stops: str) -> Written:
        stops = (*stops, STOP) if self._settings.prompt == "fewshot" else stops
        body = self._body(query, prompt=prompt) | {"max_tokens": room} | ({"stop": list(stops)} if stops else {})
        choice, tokens = self._endpoint.choice("completions", body)
        text = choice.get("text")
        text = text if isinstance(text, str) else ""
        cut, found, _ = text.partition(STOP) if self._settings.prompt == "fewshot" else (text, "", "")
        reason = "stop" if found else str(choice.get("finish_reason"))
        return Written(cut, reason, max(tokens, 1), choice.get("stop_reason") or choice.get("matched_stop"))

    def _body(self, query: Query, **asked: object) -> dict[str, object]:
        settings = self._settings
        body: dict[str, object] = {
            **asked,
            "max_tokens": settings.max_new_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "seed": query.seed(settings.seed) % (1 << 31),
        }
        return body if self._model is None else {"model": self._model, **body}

    def _prompt(self, example: Example) -> str:
        """The text that a server encodes; without the begin token where its tokenizer puts one by itself."""
        if self._settings.prompt == "fewshot":
            return self._plain(fewshot_prompt(example))
        assert self._layout is not None
        prompt = self._layout.uncut(self._layout.prompt(example), mark=_APART)
        begin = str(self._layout.tokenizer.bos_token or "")
        adds = bool(begin) and self._layout.tokenizer("a")["input_ids"][0] == self._layout.tokenizer.bos_token_id
        return prompt.removeprefix(begin) if adds else prompt

    def _plain(self, text: str) -> str:
        """Text that holds no control token, as far as the tokenizer is known."""
        return text if self._layout is None else self._layout.uncut(self._layout.guard(text), mark=_APART)

    def _words(self, text: str) -> str:
        """What was written, as `transcribe` would lay it out."""
        if self._layout is None or self._settings.prompt == "fewshot":
            return text
        return self._layout.as_response(text)

    @staticmethod
    def _layout_of(settings: Evaluate) -> ChatLayout | None:
        name = settings.endpoint.tokenizer
        if name is not None:
            return ChatLayout(load_tokenizer(Path(name) if Path(name).is_dir() else name, option="endpoint.tokenizer"))
        if Format.TIR in settings.formats and settings.prompt == "training":
            raise UserError(
                "evaluate.endpoint.tokenizer: in tir a response goes on behind a tool's output, so prompts are laid "
                "out here; name the served model's tokenizer, or leave tir out: --set evaluate.formats=[cot,pot]"
            )
        return None


class _Refusals:
    """Counts requests that were refused from the first on: then it is the server that is meant, not the problem."""

    def __init__(self) -> None:
        self._from_the_first = 0
        self._answered = False

    def count(self, response: Response, url: str) -> None:
        self._answered = self._answered or response.refusal is None
        self._from_the_first += 1
        if not self._answered and self._from_the_first >= _MOST_REFUSED:
            raise RunFailedError(f"{url}: refuses every request: {response.refusal}")


def _as_they_end(futures: Collection[Future[Response]]) -> Iterator[Future[Response]]:
    """Futures in the order of their ends, cancelled ones too: `as_completed` waits for those without end."""
    ended: SimpleQueue[Future[Response]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(ended.put)
    for _ in futures:
        yield ended.get()


def is_url(model: Path | str) -> bool:
    """Whether a model is one that is served."""
    return str(model).startswith(("http://", "https://"))


def _up_to_fence(before: str, written: Written) -> str | None:
    """What was written up to the output fence that it opens; None when it opens none.

    Servers differ in what they leave of a stop text: the whole of it, nothing, or nothing and no word about it. Then a
    response that stops right behind a program has opened the fence.
    """
    end = at_fence(written.text)
    if end is not None:
        return written.text[:end]
    if written.reason != "stop" or written.stop not in (None, OUTPUT_FENCE):
        return None
    segments = parse_response(before + written.text)
    behind_program = bool(segments) and segments[-1].kind is SegmentKind.CODE
    if written.stop is None and not behind_program:
        return None
    return written.text + ("" if written.text.endswith("\n") else "\n") + OUTPUT_FENCE
