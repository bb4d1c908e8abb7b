"""Compiled layers: packs of few lengths, and the same J and gradient as without."""

import pytest
import torch
from torch._dynamo.utils import counters

from tests.training.models import CPU, distance, random_rows, small_model, summed, whole_batch
from training.pack import length_step
from training.speed import compile_layers
from training.step import collate, micro_batches

PIECES = 4  # of a layer that are compiled: attention stays outside, and its caller is split around it


@pytest.fixture(scope="module")
def encoded():
    return random_rows([59, 54, 48, 47, 41, 40, 39, 33, 31, 30, 26, 23, 22, 19, 17, 15, 12, 9, 8, 6])


def test_packs_have_few_lengths_and_are_never_longer_than_asked(encoded):
    multiple = length_step(200)
    assert multiple == 25
    batch = whole_batch(encoded, capacity=200)
    micros = list(micro_batches(encoded, batch, CPU, torch.float32, multiple=multiple))
    for micro, members in zip(micros, batch.packs, strict=True):
        length = micro.tokens.shape[1]
        assert length % multiple == 0
        assert 0 <= length - batch.lengths[members].sum() < multiple
        assert length <= 200
        assert micro.documents.bounds[-1] == length == micro.positions.shape[1]
    assert sum(float(micro.weights.sum()) for micro in micros) == pytest.approx(1)


def test_padding_is_short_documents_of_their_own(encoded):
    micro = collate(encoded, whole_batch(encoded, capacity=200), [], CPU, torch.float32, multiple=300)
    assert micro.documents.bounds.tolist() == [0, 128, 256, 300]
    assert micro.positions[0, [0, 127, 128, 299]].tolist() == [0, 127, 0, 43]
    assert len(micro.targets) == len(micro.weights) == 0


def test_padding_changes_neither_j_nor_its_gradient(encoded):
    plain, gradient = summed(small_model(), encoded, capacity=200)
    padded, other = summed(small_model(), encoded, capacity=200, multiple=length_step(200))
    assert distance(other, gradient) < 1e-12
    assert padded == pytest.approx(plain, rel=1e-12)


@pytest.fixture
def graphs():
    """Counts the graphs that are compiled from here on."""
    torch._dynamo.reset()
    counters.clear()
    yield counters["stats"]
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layers", [2, 3])
def test_compiled_layers_give_the_same_j_and_gradient(encoded, graphs, layers):
    """Traced and differentiated ahead of time; layers share what is compiled, once per length of packs."""
    settings = {"dtype": torch.float32, "num_hidden_layers": layers}
    plain, gradient = summed(small_model(**settings), encoded, capacity=170, dtype=torch.float32)
    model, compiled = small_model(**settings), {"capacity": 170, "multiple": 85, "dtype": torch.float32}
    compile_layers(model, backend="aot_eager")
    objective, other = summed(model, encoded, **compiled)
    batch = whole_batch(encoded, capacity=170)
    lengths = {-(-int(batch.lengths[members].sum()) // 85) for members in batch.packs}
    assert len(lengths) == 2
    assert graphs["unique_graphs"] == PIECES * len(lengths)
    assert not counters["recompile_limit"]
    assert distance(other, gradient) < 5e-6
    assert objective == pytest.approx(plain, rel=1e-5)
    summed(model, encoded, **compiled)
    assert graphs["unique_graphs"] == PIECES * len(lengths)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_inductor_makes_code_that_gives_the_same_j_and_gradient(graphs, tmp_path, monkeypatch):
    """A C++ compiler runs 8 times, about 4 CPU seconds each: forward and backward of each piece at one length."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    encoded, settings = random_rows([30, 25, 20, 20, 5]), {"dtype": torch.float32, "capacity": 100}
    plain, gradient = summed(small_model(dtype=torch.float32), encoded, **settings)
    model = small_model(dtype=torch.float32)
    compile_layers(model)
    objective, other = summed(model, encoded, multiple=100, **settings)
    assert graphs["unique_graphs"] == PIECES
    assert list(tmp_path.rglob("*.so"))
    assert distance(other, gradient) < 5e-6
    assert objective == pytest.approx(plain, rel=1e-5)
