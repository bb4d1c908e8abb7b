"""Where a model comes from, and the one line when there is none: at once, without the retries of the hub's client."""

import http.server
import json
import logging
import threading
import time
import types

import pytest
import torch
import transformers
from huggingface_hub import constants

from schemas.exits import UserError
from tests.training.models import small_model
from training.model import _local_only, load_model, load_tokenizer, stop_ids


@pytest.fixture
def unreachable(monkeypatch, tmp_path):
    """A hub that nobody answers for, and an empty cache."""
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def reachable(unreachable, monkeypatch):
    """A hub that answers 404 to everything."""
    server = http.server.HTTPServer(("127.0.0.1", 0), type("Nothing", (http.server.BaseHTTPRequestHandler,), {}))
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("mistyped", "no such folder, and the hub of models cannot be reached"),
        ("org/mistyped", "no such folder, and the hub of models cannot be reached"),
        ("./mistyped", "no such folder"),
        ("runs/of/mine", "no such folder"),
    ],
)
def test_a_model_that_is_nowhere_is_one_line_at_once(source, says, unreachable, caplog, capfd):
    caplog.set_level(logging.WARNING)
    began = time.monotonic()
    with pytest.raises(UserError) as refused:
        load_tokenizer(source, option="--model")
    assert str(refused.value) == f"--model {source}: no tokenizer could be loaded: {says}"
    assert time.monotonic() - began < 10
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_a_hub_that_answers_is_asked(reachable):
    assert not _local_only("org/model")


def test_without_a_hub_its_cache_serves(unreachable):
    snapshot = unreachable / "models--org--model" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (unreachable / "models--org--model" / "refs").mkdir()
    (unreachable / "models--org--model" / "refs" / "main").write_text("abc")
    assert _local_only("org/model")


def test_a_folder_is_never_looked_for_elsewhere(unreachable, tmp_path):
    assert _local_only(str(tmp_path))


@pytest.mark.parametrize(
    ("own", "stops"),
    [(None, [7, 9]), (3, [7, 3, 9]), ([9, 7, 5], [7, 9, 5])],
    ids=["none of its own", "one", "several"],
)
def test_stop_tokens_of_the_layout_the_model_and_the_tokenizer_are_merged(own, stops):
    model = small_model()
    model.generation_config.eos_token_id = own
    assert stop_ids(model, types.SimpleNamespace(eos_token_id=9), 7) == stops


def test_weights_that_a_model_would_scale_outside_of_training_stay_as_they_are(tmp_path):
    torch.manual_seed(0)
    settings = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 3, "rescale_every": 1}
    written = transformers.RwkvForCausalLM(transformers.RwkvConfig(**settings))
    written.save_pretrained(tmp_path)
    tokens, weights = torch.arange(9)[None], {key: value.clone() for key, value in written.state_dict().items()}
    ours, theirs = load_model(tmp_path), transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    with torch.no_grad():
        assert torch.equal(ours(tokens).logits, written.train()(tokens).logits)
        theirs(tokens)
    assert _changed(ours, weights) == set()
    assert "rwkv.blocks.2.attention.output.weight" in _changed(theirs, weights)
    ours.save_pretrained(tmp_path / "again")
    assert json.loads((tmp_path / "again" / "config.json").read_text())["rescale_every"] == 1


def _changed(model, weights):
    return {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, weights[name])}
