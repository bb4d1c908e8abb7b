"""What is exported loads in `transformers serve` and stops there of its own accord."""

import importlib.util
import json
import urllib.request

import pytest

from benchmarks.model_server import serving_model
from tests.training.models import small_run
from training.train import train

NEEDS = ("fastapi", "uvicorn", "openai")
LIMIT = 200


def asked(address, path, body):
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{address}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=240) as answer:
        return json.load(answer)


@pytest.fixture
def served(data, tmp_path):
    """A model that learned its rows, in bfloat16, and the address that it is served at."""
    config = small_run(steps=150, export_dtype="bfloat16", device="cpu", trackers=[], checkpoint_every=1000)
    model = train(config, [data], tmp_path / "RUN").model
    with serving_model(model, tmp_path) as address:
        yield model, address


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not all(map(importlib.util.find_spec, NEEDS)), reason=f"{', '.join(NEEDS)} are not installed")
def test_an_exported_model_answers_and_stops_where_it_is_served(served):
    model, address = served
    question = [{"role": "user", "content": "Tom has 3 pens and buys 4 more. How many pens has he?"}]
    body = {"model": str(model), "messages": question, "max_tokens": LIMIT, "temperature": 0}
    answer = asked(address, "/v1/chat/completions", body)
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "stop"
    assert 0 < answer["usage"]["completion_tokens"] < LIMIT
    assert "<|" not in choice["message"]["content"]
