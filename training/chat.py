"""How a question and its solution become one conversation: the tokenizer's chat template, else DeepSeekMath's layout.

    prompt    what stands before the response, up to the point where the model begins to write
    response  what transcript.transcribe laid out, after `lead`
    stop      the token that ends the model's turn; supervised

The response is encoded apart from the prompt, and each supervised stretch apart from the others. So a token can never
straddle two of them, and the tokens before a supervised one in training are exactly those that generation puts there.
"""

from collections.abc import Sequence

from schemas.exits import UserError
from schemas.prompts import prompt_of
from schemas.transcript import THINK_OPEN
from training.shards import Example
from training.untyped import Tokenizer

_PROBE = "mathmill probe 0"


class ChatLayout:
    """The layout of conversations for one tokenizer.

    Attributes:
        lead: text that opens every response and belongs to it (DeepSeekMath's layout has a space there).
        stop_id: the token that ends a response.

    Raises:
        UserError: the tokenizer has no stop token, or its template changes what an assistant says.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.name = str(tokenizer.name_or_path) or "tokenizer"
        self.templated = bool(tokenizer.chat_template)
        self.lead = "" if self.templated else " "
        self.stop_id = self._stop_id()
        self._require_separable()

    def prompt(self, example: Example) -> str:
        """Returns the text before an example's response.

        Templates with a thinking switch (`enable_thinking`) put an empty thought before a response that does not think.
        Where they open the thought of one that does, that opening is left to the response.
        """
        user = prompt_of(example.question, example.format, example.language, example.instruction)
        if self.templated:
            begun = self._render([{"role": "user", "content": user}], begin=True, thinks=example.thinks)
            return begun.removesuffix(THINK_OPEN) if example.thinks else begun
        # DeepSeekMath, evaluation README: "User: {instruction}\n\nAssistant: {output}", after the begin token.
        return f"{self.tokenizer.bos_token or ''}User: {user}\n\nAssistant:"

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Encodes texts as they are, adding no token."""
        if not texts:
            return []
        return self.tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)[
            "input_ids"
        ]

    def decode(self, tokens: Sequence[int]) -> str:
        """Returns the exact text of tokens, without special ones."""
        return self.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)

    @property
    def stop_token(self) -> str:
        """The text of the stop token."""
        return str(self.tokenizer.convert_ids_to_tokens(self.stop_id))

    def _render(self, messages: list[dict[str, str]], *, begin: bool, thinks: bool = False) -> str:
        return self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=begin, enable_thinking=thinks
        )

    def _stop_id(self) -> int:
        """The token that the template puts behind an assistant's words; else the tokenizer's end-of-sequence token."""
        eos = self.tokenizer.eos_token_id
        if not self.templated:
            if eos is None:
                raise UserError(
                    f"{self.name}: a tokenizer without a stop token: it has neither eos_token nor a chat template, so "
                    "a model could never learn to end; set eos_token in its tokenizer_config.json"
                )
            return eos
        user = {"role": "user", "content": "1"}
        begun = self._render([user], begin=True)
        whole = self._render([user, {"role": "assistant", "content": _PROBE}], begin=False)
        if not whole.startswith(begun + _PROBE):
            raise UserError(
                f"{self.name}: its chat template does not put an assistant's words right behind the generation prompt, "
                "so training and generation would differ; use a training template that does"
            )
        behind = self.encode([whole.removeprefix(begun + _PROBE)])[0]
        if behind and behind[0] in self.tokenizer.all_special_ids:
            return behind[0]
        if eos is None:
            raise UserError(
                f"{self.name}: a tokenizer without a stop token: its chat template puts no special token behind an "
                "assistant's words and it has no eos_token; set eos_token in its tokenizer_config.json"
            )
        return eos

    def _require_separable(self) -> None:
        pieces = ["We add.\n```output\n", "12\n```\n", "So 12."]
        tokens = [token for ids in self.encode(pieces) for token in ids]
        if self.decode(tokens) != "".join(pieces):
            raise UserError(
                f"{self.name}: this tokenizer changes text at the start of a piece (found {self.decode(tokens)!r}), so "
                "tool outputs cannot be masked exactly; use a byte-level tokenizer"
            )
