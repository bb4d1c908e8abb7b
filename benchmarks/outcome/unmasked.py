"""`mathmill train`, but what a tool wrote bears loss too: what happens without the mask.

    python -m benchmarks.outcome.unmasked train CONFIG --data DATA --output RUN

The spans of `schemas.transcript` are changed in this process alone; nothing of the product has such a switch. So the
cache of tokens, which other runs share, is left alone: it could not tell these tokens from theirs.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace

import training.chat
from schemas.problem import Segment
from schemas.transcript import Transcript, transcribe
from training.__main__ import main


def all_supervised(segments: Sequence[Segment], *, supervise_think: bool = True) -> Transcript:
    """The transcript of a response with loss on every character."""
    transcript = transcribe(segments, supervise_think=supervise_think)
    return replace(transcript, spans=tuple(replace(span, supervised=True) for span in transcript.spans))


if __name__ == "__main__":
    training.chat.transcribe = all_supervised  # type: ignore[attr-defined]
    sys.exit(main([*sys.argv[1:], "--set", "train.token_cache_gb=0"]))
