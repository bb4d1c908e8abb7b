from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.problem import Segment, SegmentKind
from schemas.transcript import CODE_FENCE, OUTPUT_FENCE, is_faithful, parse_response, transcribe

TEXT, THINK, CODE, OUTPUT = SegmentKind.TEXT, SegmentKind.THINK, SegmentKind.CODE, SegmentKind.OUTPUT

_WORDS = st.text(st.characters(blacklist_characters="`<>\r", blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1)
_PROSE = st.lists(_WORDS.map(str.strip).filter(bool), min_size=1, max_size=4).map("\n".join)
_LINES = st.lists(_WORDS.map(str.rstrip).filter(bool), min_size=1, max_size=4).map("\n".join)


def _segment(kind: SegmentKind) -> st.SearchStrategy[Segment]:
    return (_PROSE if kind is TEXT else _LINES).map(lambda text: Segment(kind, text))


def _no_neighbours_of_text(segments: list[Segment]) -> list[Segment]:
    return [
        one for place, one in enumerate(segments) if not (place and one.kind is TEXT is segments[place - 1].kind)
    ]  # two texts in a row are one text


CLEAN = st.lists(st.sampled_from(list(SegmentKind)).flatmap(_segment), min_size=1, max_size=6).map(
    _no_neighbours_of_text
)
ANY = st.lists(st.builds(Segment, st.sampled_from(list(SegmentKind)), st.text(max_size=30)), max_size=6)


@settings(deadline=None, max_examples=60)
@given(CLEAN)
def test_a_response_reads_back_as_the_segments_that_it_was_made_of(segments: list[Segment]) -> None:
    assert parse_response(transcribe(segments).response) == tuple(segments)
    assert is_faithful(segments)


@settings(deadline=None, max_examples=60)
@given(ANY)
def test_spans_cover_a_response_without_gap_or_overlap(segments: list[Segment]) -> None:
    transcript = transcribe(segments)
    edges = [0]
    for span in transcript.spans:
        assert span.start == edges[-1]
        assert span.end >= span.start
        edges.append(span.end)
    assert edges[-1] == len(transcript.response)


@settings(deadline=None, max_examples=60)
@given(ANY)
def test_only_what_a_tool_wrote_bears_no_loss(segments: list[Segment]) -> None:
    transcript = transcribe(segments)
    tool = "".join(transcript.response[s.start : s.end] for s in transcript.spans if not s.supervised)
    outputs = [one.text for one in segments if one.kind is OUTPUT]
    ends = [f"\n```{'' if one is segments[-1] else chr(10)}" for one in segments if one.kind is OUTPUT]
    assert tool == "".join(text + end for text, end in zip(outputs, ends, strict=True))


def test_the_model_opens_an_output_and_the_tool_writes_and_closes_it() -> None:
    transcript = transcribe([Segment(CODE, "print(1)"), Segment(OUTPUT, "1"), Segment(TEXT, "One.")])
    assert transcript.response == f"{CODE_FENCE}print(1)\n```\n{OUTPUT_FENCE}1\n```\nOne."
    pieces = [(transcript.response[s.start : s.end], s.kind, s.supervised) for s in transcript.spans]
    assert pieces == [
        (f"{CODE_FENCE}print(1)\n```\n", CODE, True),
        (OUTPUT_FENCE, OUTPUT, True),
        ("1\n```\n", OUTPUT, False),
        ("One.", TEXT, True),
    ]


def test_thoughts_bear_loss_unless_told_otherwise() -> None:
    segments = [Segment(THINK, "Hm."), Segment(TEXT, "Yes.")]
    assert [span.supervised for span in transcribe(segments).spans] == [True, True]
    assert [span.supervised for span in transcribe(segments, supervise_think=False).spans] == [False, True]
    assert parse_response(transcribe(segments).response) == tuple(segments)


def test_a_segment_that_holds_a_fence_of_its_own_is_told() -> None:
    assert not is_faithful([Segment(TEXT, "See\n```python\nprint(1)\n```")])
    assert not is_faithful([Segment(CODE, 'print("""\n```\n""")')])
    assert not is_faithful([Segment(THINK, "a\n</think>\nb")])
    assert is_faithful([Segment(TEXT, "A fence in a line: ```python is none.")])


def test_an_open_block_stays_text() -> None:
    assert parse_response("Let us see.\n```python\nprint(1)") == (Segment(TEXT, "Let us see.\n```python\nprint(1)"),)
