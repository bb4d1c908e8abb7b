"""How a question and its solution become one conversation: the tokenizer's chat template, else DeepSeekMath's layout.

    prompt    what stands before the response, up to the point where the model begins to write: the system turn, where
              there is one, and the user's words. A template without system turns gets it in front of those words
    response  what transcript.transcribe laid out, its thought as the template lays out thoughts
    stop      the token behind an assistant's words in the template; supervised

The response is encoded apart from the prompt, and each supervised stretch apart from the others. So a token can never
straddle two of them, and the tokens before a supervised one in training are exactly those that generation puts there.

Control tokens come from the layout alone. Where a question, a solution or a tool writes one as text, the text is cut
inside it before it is encoded, so it stays text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from schemas.exits import UserError
from schemas.problem import SegmentKind
from schemas.transcript import THINK_CLOSE, THINK_OPEN, transcribe
from training.onward import onward
from training.shards import Example
from training.turn_layout import DAY, Turn, control_ids, generation_prompt, render, stop_in, takes_system, turn_of
from training.untyped import Tokenizer

# Marks the cut inside a control token that is meant as text: a noncharacter, which no text holds.
_CUT = "\U0010ffff"
# DeepSeekMath, evaluation README: "User: {instruction}\n\nAssistant: {output}", after the begin token.
_PLAIN = Turn(lead=" ", middle="", behind="")
_PLAIN_THINKING = Turn(lead=f" {THINK_OPEN}", middle=f"{THINK_CLOSE}\n", behind="")


class ChatLayout:
    """The layout of conversations for one tokenizer.

    Attributes:
        stop_id: the token that ends a response.
        trail: text between the words and it, such as the line end of some templates.

    Raises:
        UserError: the tokenizer has no stop token, or its template changes what an assistant says.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.name = str(tokenizer.name_or_path) or "tokenizer"
        self.templated = bool(tokenizer.chat_template)
        self.turn = lru_cache(maxsize=2)(self._turn)
        self.trail, self.stop_id = self._stop()
        self._require_separable()

    def prompt(self, example: Example) -> str:
        """Returns the text before an example's response, cuts included: `encode` takes it.

        Templates with a thinking switch (`enable_thinking`) put an empty thought before a response that does not think.
        """
        system, words = self.asked(example)
        user = self.guard(words)
        if self.templated:
            self.turn(example.thinks)  # refuses what training and generation would disagree on
            told = None if system is None else self.guard(system)
            return generation_prompt(self.tokenizer, user, thinks=example.thinks, system=told)
        return f"{self.tokenizer.bos_token or ''}User: {user}\n\nAssistant:"

    def asked(self, example: Example) -> tuple[str | None, str]:
        """The system turn, null where the layout has none, and the user's words."""
        if example.system is None or (self.templated and self._takes_system):
            return example.system, example.request
        return None, f"{example.system}\n\n{example.request}"

    def stretches(self, example: Example, *, supervise_think: bool) -> Iterator[tuple[str, bool]]:
        """Maximal stretches of a response that are wholly supervised or wholly not, cuts included."""
        text, flag = "", True
        for piece, supervised in self._pieces(example, supervise_think):
            if supervised != flag:
                if text:
                    yield text, flag
                text, flag = "", supervised
            text += piece
        if not flag and self.trail:
            yield text, flag
            text, flag = "", True
        if text + self.trail:
            yield text + self.trail, flag

    def message(self, example: Example) -> dict[str, str]:
        """The assistant's message, as a template takes it."""
        first, *rest = example.segments
        if example.thinks and first.kind is SegmentKind.THINK and (key := self.turn(True).key):
            return {"content": transcribe(rest).response, key: first.text}
        return {"content": transcribe(example.segments).response}

    def as_template(self, example: Example) -> str:
        """The whole conversation as the template itself writes it."""
        system, user = self.asked(example)
        return render(self.tokenizer, user, self.message(example), thinks=example.thinks, system=system)

    def response(self, tokens: Sequence[int]) -> str:
        """What a model wrote, as `transcribe` would lay it out: a thought between <think> tags."""
        return self.as_response(self.decode(tokens))

    def as_response(self, text: str) -> str:
        """What a model wrote, without special tokens, as `response` has it."""
        thinking, plain = self.turn(True), self._any_turn()
        if (lead := self._shown(thinking.lead)) and text.startswith(lead):
            thought, found, words = text.removeprefix(lead).partition(self._shown(thinking.middle))
            text = f"{THINK_OPEN}{thought}{THINK_CLOSE}\n{words}" if found else THINK_OPEN + thought
        else:
            text = text.removeprefix(self._shown(plain.lead))
        return text.removesuffix(self.trail)

    def guard(self, text: str) -> str:
        """Cuts text inside each control token that it writes, so that it is encoded as text."""
        if self._controls is None:
            return text
        return self._controls.sub(lambda found: f"{found[0][:1]}{_CUT}{found[0][1:]}", text)

    @staticmethod
    def uncut(text: str, *, mark: str = "") -> str:
        """Text as people read it, without the marks of cuts, or with another mark for whoever encodes it whole."""
        return text.replace(_CUT, mark)

    def encode(self, texts: Sequence[str], *, begins: bool = False) -> list[list[int]]:
        """Encodes texts as they are, adding no token; a text is encoded in parts where it is cut.

        Args:
            texts: what stands in a sequence.
            begins: each begins one, as prompts do, and the tokenizer encodes it as it would for anybody.
        """
        parts = [text.split(_CUT) for text in texts]
        ahead = int(begins)
        first = iter(_tokens(self._backend, [part for text in parts for part in text[:ahead]]))
        others = iter(_tokens(self._onward, [part for text in parts for part in text[ahead:]]))
        return [[token for at in range(len(text)) for token in next(first if at < ahead else others)] for text in parts]

    def decode(self, tokens: Sequence[int]) -> str:
        """Returns the exact text of tokens, without special ones."""
        return str(self._onward.decode(list(tokens), skip_special_tokens=True))

    def decode_all(self, tokens: Sequence[int]) -> str:
        """Returns the exact text of tokens, special ones included."""
        return str(self._onward.decode(list(tokens), skip_special_tokens=False))

    @cached_property
    def digest(self) -> str:
        """A name for tokenizer, template and stop token; it is made of the whole tokenizer, a tenth of a second."""
        tokenizer = self.tokenizer.backend_tokenizer.to_str()
        facts = (tokenizer, str(self.tokenizer.chat_template), str(self.stop_id), str(DAY))
        return sha256("\0".join(facts).encode()).hexdigest()

    @property
    def stop_token(self) -> str:
        """The text of the stop token."""
        return str(self.tokenizer.convert_ids_to_tokens(self.stop_id))

    @cached_property
    def _takes_system(self) -> bool:
        return takes_system(self.tokenizer)

    @cached_property
    def _controls(self) -> re.Pattern[str] | None:
        names = (str(self.tokenizer.convert_ids_to_tokens(token)) for token in control_ids(self.tokenizer))
        longest_first = sorted((name for name in names if len(name) > 1), key=lambda name: (-len(name), name))
        return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def _pieces(self, example: Example, supervise_think: bool) -> Iterator[tuple[str, bool]]:
        segments = [replace(segment, text=self.guard(segment.text)) for segment in example.segments]
        if segments and segments[0].kind is SegmentKind.THINK:
            thought, *segments = segments
            turn = self.turn(True)
            yield turn.lead + thought.text + turn.middle, supervise_think
        elif not example.thinks:
            yield self.turn(False).lead, True
        transcript = transcribe(segments, supervise_think=supervise_think)
        for span in transcript.spans:
            yield transcript.response[span.start : span.end], span.supervised

    def _turn(self, thinks: bool) -> Turn:
        if not self.templated:
            return _PLAIN_THINKING if thinks else _PLAIN
        return turn_of(self.tokenizer, thinks=thinks)

    def _shown(self, text: str) -> str:
        """Layout as `decode` shows it, which leaves special tokens out."""
        return self.decode(_tokens(self._onward, [text])[0])

    @cached_property
    def _backend(self) -> Any:  # noqa: ANN401  tokenizers has no types
        """What transformers itself asks, set up by it once: it never cuts and never pads."""
        self.tokenizer(["1"], add_special_tokens=False)
        return self.tokenizer.backend_tokenizer

    @cached_property
    def _onward(self) -> Any:  # noqa: ANN401
        return onward(self._backend)

    def _stop(self) -> tuple[str, int]:
        """What the template puts behind an assistant's words; else the tokenizer's end-of-sequence token."""
        eos = self.tokenizer.eos_token_id
        if self.templated and (found := stop_in(self.tokenizer, self._any_turn().behind)):
            return found
        if eos is None:
            behind = "its chat template puts no control token behind an assistant's words and it has no eos_token"
            raise UserError(
                f"{self.name}: a tokenizer without a stop token: "
                f"{behind if self.templated else 'it has neither eos_token nor a chat template'}, so a model could "
                "never learn to end; set eos_token in its tokenizer_config.json"
            )
        return "", eos

    def _any_turn(self) -> Turn:
        """The turn of responses that do not think; of those that do where the template always thinks."""
        try:
            return self.turn(False)
        except UserError:
            if (turn := self.turn(True)).behind:
                return turn
            raise

    def _require_separable(self) -> None:
        pieces = ["We add.\n```output\n", "12\n```\n", "So 12."]
        tokens = [token for ids in self.encode(pieces) for token in ids]
        if self.decode(tokens) != "".join(pieces):
            raise UserError(
                f"{self.name}: this tokenizer changes text at the start of a piece (found {self.decode(tokens)!r}), so "
                "tool outputs cannot be masked exactly; use a byte-level tokenizer"
            )


def _tokens(backend: Any, texts: Sequence[str]) -> list[list[int]]:  # noqa: ANN401
    """Tokens of texts, by the tokenizer's own threads; Python waits without holding them up."""
    if not texts:
        return []
    return [encoding.ids for encoding in backend.encode_batch_fast(list(texts), add_special_tokens=False)]
