"""Missing topics and difficulties, predicted by a small linear model fitted in the run on the rows that have them.

Words and LaTeX commands of the question, one and two in a row, weighed by TF-IDF; a linear classifier. A fifth of the
labelled templates is held out, and the model is used only when its macro-F1 there reaches what the config asks for.
On MATH that holds for subjects (0.79, measured) and not for levels (0.29): levels stay null.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

METHOD = "TF-IDF of one and two words of the question, linear SVM"
LEAST = 10  # labelled rows of a topic; fewer are too few to fit on and to measure with
_LEAST_ROWS = 200  # labelled rows in all
_HELD_OUT = 5  # one in so many templates
_MOST_WORDS = 100_000
_TOKENS = r"\\[A-Za-z]+|[^\W\d_]+|\d+|[^\w\s]"
_HAN_TOKENS = r"[\u3400-\u9fff]|[A-Za-z]+|\d+|[^\w\s]"  # Chinese has no spaces: characters, one to three in a row


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model, or the reason why there is none.

    Attributes:
        model: predicts labels of questions; null when they are not good enough, or when there was nothing to fit on.
        rows: labelled rows that it was fitted on; `held_out` those that it was measured on.
        macro_f1: on the rows held out.
        baseline: macro-F1 of always saying the most frequent label.
    """

    model: "Pipeline | None"
    rows: int
    held_out: int
    macro_f1: float | None
    baseline: float | None


def fit(
    questions: Sequence[str], labels: Sequence[str], templates: Sequence[bytes], *, language: str, min_f1: float
) -> Fitted:
    """Fits on four fifths of the templates and measures on the others.

    Args:
        questions: labelled questions, in an order that does not depend on the run.
        labels: their labels.
        templates: keys of their templates: rows that differ in numbers only are on one side.
        language: ISO 639-1 code of the questions.
        min_f1: macro-F1 that a model needs to be used.
    """
    counts = Counter(labels)
    usable = [at for at, label in enumerate(labels) if counts[label] >= LEAST]
    is_out = [templates[at][0] % _HELD_OUT == 0 for at in usable]
    train, held_out = ([at for at, out in zip(usable, is_out, strict=True) if out == side] for side in (False, True))
    if len(train) < _LEAST_ROWS or len({labels[at] for at in train}) < 2 or not held_out:
        return Fitted(None, len(train), len(held_out), None, None)
    model = _model(language)
    model.fit([questions[at] for at in train], [labels[at] for at in train])
    truth = [labels[at] for at in held_out]
    measured = _macro_f1(truth, model.predict([questions[at] for at in held_out]))
    frequent = counts.most_common(1)[0][0]
    baseline = _macro_f1(truth, [frequent] * len(truth))
    return Fitted(model if measured >= min_f1 else None, len(train), len(held_out), measured, baseline)


def _model(language: str) -> "Pipeline":
    from sklearn.feature_extraction.text import TfidfVectorizer  # deferred: two seconds that few runs need
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    han = language in ("zh", "ja")
    words = TfidfVectorizer(
        token_pattern=_HAN_TOKENS if han else _TOKENS,
        ngram_range=(1, 3) if han else (1, 2),
        sublinear_tf=True,
        min_df=2,
        max_features=_MOST_WORDS,
    )
    return make_pipeline(words, LinearSVC(C=0.5, class_weight="balanced", random_state=0))


def _macro_f1(truth: Sequence[str], predicted: Any) -> float:  # noqa: ANN401  labels as scikit-learn has them
    from sklearn.metrics import f1_score  # deferred, as above

    return round(float(f1_score(truth, predicted, average="macro", zero_division=0)), 4)
