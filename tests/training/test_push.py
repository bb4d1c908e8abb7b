"""What a finished run gives to others: its model in the dtype of the source, and a push to a hub."""

import http.server
import json
import threading

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from schemas.exits import RunFailedError, UserError
from tests.training.models import small_model, small_run
from training.push import cast_folder, push, require_hub, source_dtype
from training.train import train


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of a hub as a push of small files asks of it."""

    known = True
    files: list[str]

    def answer(self, status, table):
        body = json.dumps(table).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(
            200 if self.known else 401, {"name": "me", "id": "me/mine"} if self.known else {"error": "Invalid token"}
        )

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/repos/create":
            self.answer(200, {"url": f"{constants.ENDPOINT}/me/mine"})
        elif self.path == "/api/validate-yaml":
            self.answer(200, {"warnings": [], "errors": []})
        elif "/preupload/" in self.path:
            names = [file["path"] for file in json.loads(raw)["files"]]
            files = [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]
            self.answer(200, {"files": files})
        elif "/commit/" in self.path:
            lines = [json.loads(line) for line in raw.splitlines()]
            type(self).files = sorted(line["value"]["path"] for line in lines if line["key"] == "file")
            self.answer(200, {"commitUrl": f"{constants.ENDPOINT}/me/mine/commit/1", "commitOid": "1"})
        else:
            self.answer(404, {"error": self.path})

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def hub(monkeypatch):
    """A hub on this machine that knows who asks."""
    handler = type("Served", (Hub,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", address)
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    yield handler
    server.shutdown()
    server.server_close()


def test_a_run_exports_as_its_model_is_kept_and_checkpoints_stay_float32(data, tmp_path):
    begun = train(small_run(steps=1, export_dtype="bfloat16"), [data], tmp_path / "BASE").model
    config = small_run(model=str(begun), steps=2)
    result = train(config, [data], tmp_path / "RUN")
    assert source_dtype(config.train) == torch.bfloat16
    exported = load_file(result.model / "model.safetensors")
    kept = load_file(tmp_path / "RUN" / "checkpoints" / "step-00000002" / "model" / "model.safetensors")
    assert {tensor.dtype for tensor in kept.values()} == {torch.float32}
    assert all(torch.equal(exported[name], tensor.to(torch.bfloat16)) for name, tensor in kept.items())
    loaded = AutoModelForCausalLM.from_pretrained(result.model)
    assert loaded.dtype == torch.bfloat16
    assert source_dtype(small_run(model=str(begun), export_dtype="float32").train) == torch.float32


def test_weights_that_must_stay_float32_do(tmp_path):
    model = small_model(dtype=torch.float32)
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    model._keep_in_fp32_modules = ["input_layernorm"]
    cast_folder(tmp_path, model, torch.bfloat16)
    tensors = {name: tensor for path in tmp_path.glob("*.safetensors") for name, tensor in load_file(path).items()}
    assert all((tensor.dtype == torch.float32) == ("input_layernorm" in name) for name, tensor in tensors.items())
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in tensors.values())


def test_a_push_that_could_not_end_well_is_refused_before_step_1(hub):
    config = small_run(push_to_hub="me/mine").train
    require_hub(config)
    hub.known = False
    with pytest.raises(UserError, match=r"^train\.push_to_hub: the hub does not know who asks"):
        require_hub(config)


def test_a_hub_that_nobody_answers_for_is_refused_before_step_1(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    require_hub(small_run().train)
    with pytest.raises(UserError, match=r"^train\.push_to_hub: the hub cannot be reached"):
        require_hub(small_run(push_to_hub="me/mine").train)


def test_a_model_is_pushed_whole(hub, tmp_path):
    for name in ("config.json", "README.md"):
        (tmp_path / name).write_text("{}")
    assert push(small_run().train, tmp_path) is None
    assert push(small_run(push_to_hub="me/mine").train, tmp_path).endswith("/me/mine")
    assert hub.files == ["README.md", "config.json"]


def test_a_push_that_fails_leaves_the_model_and_says_how(hub, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(hub, "do_POST", lambda handler: handler.answer(403, {"error": "no"}))
    with pytest.raises(RunFailedError, match=r"the model is whole and was not pushed to me/mine .*`hf upload me/mine"):
        push(small_run(push_to_hub="me/mine").train, tmp_path)
