"""What is exported loads in `transformers serve` and stops there of its own accord."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.training.models import small_run
from training.train import train

NEEDS = ("fastapi", "uvicorn", "openai")
LIMIT = 200


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def asked(address, path, body=None, *, timeout):
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{address}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)


@pytest.fixture
def served(data, tmp_path):
    """A model that learned its rows, in bfloat16, and the address that it is served at."""
    config = small_run(steps=150, export_dtype="bfloat16", device="cpu", trackers=[], checkpoint_every=1000)
    model = train(config, [data], tmp_path / "RUN").model
    port, command = free_port(), shutil.which("transformers", path=str(Path(sys.executable).parent))
    process = subprocess.Popen(
        [command, "serve", str(model), "--port", str(port), "--device", "cpu"],
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + 240
    while True:
        try:
            asked(address, "/health", timeout=5)
            break
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.5)
    yield model, address
    process.terminate()
    process.wait(30)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not all(map(importlib.util.find_spec, NEEDS)), reason=f"{', '.join(NEEDS)} are not installed")
def test_an_exported_model_answers_and_stops_where_it_is_served(served):
    model, address = served
    question = [{"role": "user", "content": "Tom has 3 pens and buys 4 more. How many pens has he?"}]
    body = {"model": str(model), "messages": question, "max_tokens": LIMIT, "temperature": 0}
    answer = asked(address, "/v1/chat/completions", body, timeout=240)
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "stop"
    assert 0 < answer["usage"]["completion_tokens"] < LIMIT
    assert "<|" not in choice["message"]["content"]
