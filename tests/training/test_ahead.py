"""What is counted ahead of a run is what the run would count, and it then counts nothing."""

import pytest
from tokenizers import normalizers

from schemas.config import Config, FreshModel, Train, TrainData
from schemas.copies import cache_folder
from schemas.exits import UserError
from tests.training.models import small_run
from training import shards
from training.ahead import count_ahead
from training.fresh import fit_tokenizer
from training.sealed import CHECKSUMS
from training.train import train

CONTEXT = 160


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    """A model's folder whose tokenizer makes more of a text than its bytes, so that every example needs a look."""
    result = train(small_run(), [data], tmp_path_factory.mktemp("model") / "RUN")
    tokenizer = fit_tokenizer(shards.open(data), FreshModel(vocabulary=300), context=256)
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("Ada", "Ada Ada")
    tokenizer.save_pretrained(result.model)
    (result.model / CHECKSUMS).unlink()
    return result.model


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def settings_of(model, **changes):
    return Train(
        model=str(model), examples_per_step=4, steps=1, context=CONTEXT, long_rows="drop", trackers=[], **changes
    )


def counts():
    """The files of counts, as they were last written."""
    return {path.name: path.stat().st_mtime_ns for path in (cache_folder() / "lengths").iterdir()}


def test_a_run_counts_nothing_of_what_was_counted_ahead(data, model, tmp_path):
    fit = count_ahead(settings_of(model), [TrainData(path=str(data))], draft=False)
    assert fit.entering + sum(fit.longer.values()) == 48
    assert fit.longer
    kept = counts()
    assert len(kept) == 2
    result = train(Config(train=settings_of(model)), [data], tmp_path / "RUN")
    assert counts() == kept
    assert result.steps == 1
    train(Config(train=settings_of(model, supervise_think=False)), [data], tmp_path / "OTHER")
    assert len(counts()) == 4


def test_what_is_longer_shows_and_whether_it_is_refused_is_left_to_the_run(data, model, tmp_path):
    refusing = settings_of(model).model_copy(update={"long_rows": "refuse"})
    fit = count_ahead(refusing, [TrainData(path=str(data))], draft=False)
    assert fit.line().startswith(f"{fit.entering} of 48 train examples fit into {CONTEXT} tokens; longer are ")
    with pytest.raises(UserError, match=f"{48 - fit.entering} of 48 examples are longer than train.context"):
        train(Config(train=refusing), [data], tmp_path / "RUN")


def test_a_model_from_scratch_has_nothing_to_count_with(data):
    with pytest.raises(UserError, match="its tokenizer is made when the run begins"):
        count_ahead(Train(model=FreshModel(), steps=1), [TrainData(path=str(data))], draft=False)
