import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from schemas.exits import UserError
from schemas.requirements import Recheck, Validate
from schemas.verdict import Status
from tests.validation.dataset.handmade import write_data
from validation.dataset.gate import judge


@pytest.fixture
def words(tmp_path) -> str:
    """A tokenizer with a token per word."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "model").mkdir()
    tokenizer.save(str(tmp_path / "model/tokenizer.json"))
    return str(tmp_path / "model")


@pytest.mark.parametrize(("context", "status", "long"), [(4096, Status.PASSED, 0), (60, Status.WARNING, 24)])
def test_examples_longer_than_the_context_show(tmp_path, words, context, status, long):
    config = Validate(recheck=Recheck(sample=0), tokenizer=words, context=context)
    checks = {check.name: check for check in judge(write_data(tmp_path / "data"), config).verdict.checks}
    assert checks["lengths_fit_context"].status is status
    assert checks["lengths_fit_context"].checked == 72
    assert checks["lengths_fit_context"].unexpected == long


def test_a_tokenizer_that_is_not_there_cannot_start(tmp_path):
    (tmp_path / "empty").mkdir()
    config = Validate(recheck=Recheck(sample=0), tokenizer=str(tmp_path / "empty"))
    with pytest.raises(UserError, match=r"validate\.tokenizer: .*no tokenizer can be loaded"):
        judge(write_data(tmp_path / "data"), config)
