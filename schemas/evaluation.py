"""The tables of what a model is asked: benchmarks, programs' limits, an endpoint, and how an evaluation asks."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from schemas.problem import Format
from schemas.table import Name, Table


class Benchmark(Table):
    """A benchmark that no example may leak."""

    name: Name
    """how ledger and report call it: lower-case letters, digits, `_`, `.` and `-`"""
    path: str
    """like a source's"""
    rows: str | None = None
    """like a source's"""
    question: str = "question"
    """the field that holds the problem"""
    answer: str | None = "answer"
    """the field that holds the answer or the solution; null: none"""
    licence: str | None = None
    """the licence of the items, for the copy stored with the data"""
    language: str = "en"
    """ISO 639-1 code of the items"""
    variants: Literal["report", "quarantine", "remove"] = "report"
    """what happens to a row that is an item with other numbers"""
    topic: str | None = None
    """the field that holds an item's topic, for the figures of an evaluation by topic; null: none"""
    difficulty: str | None = None
    """the field that holds its level, for the figures by level; null: none"""


class ProgramLimits(Table):
    """What one program may use."""

    cpu_s: Annotated[float, Field(gt=0, le=600)] = 5.0
    """CPU seconds; decides a timeout"""
    wall_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """wall-clock backstop, seconds"""
    memory_mb: Annotated[int, Field(ge=64)] = 1024
    """memory beyond the interpreter's own, MiB"""
    output_kb: Annotated[int, Field(ge=1, le=65536)] = 64
    """most that may be printed, KiB"""


class EndpointSettings(Table):
    """A served model: any server that speaks OpenAI's completions, asked by `--model http://HOST:PORT`."""

    model: str | None = None
    """the model's name on the server; null: the one that it serves"""
    tokenizer: str | None = None
    """Hugging Face name or folder. With it prompts are laid out here, token for token as in training, and go to
    `/v1/completions`; TIR and few-shot prompts need it. null: `/v1/chat/completions`, and the server lays out"""
    key: Annotated[str | None, Field(exclude=True, repr=False)] = None
    """what the server wants as a bearer token, such as `${ENDPOINT_KEY}`; it is written nowhere"""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 16
    """requests at once"""
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """seconds that one request may take, from its first byte to its last"""
    retries: Annotated[int, Field(ge=0)] = 5
    """times that a request is sent again when the server is busy, broken or gone, after 1, 2, 4, ... seconds"""


class Evaluate(Table):
    """The table of `mathmill evaluate`."""

    synonyms: ClassVar[dict[str, str]] = {
        "benchmark": "benchmarks",
        "tasks": "benchmarks",
        "task": "benchmarks",
        "n": "samples",
        "k": "samples",
        "num_samples": "samples",
        "num_return_sequences": "samples",
        "repeats": "samples",
        "num_fewshot": "prompt",
        "fewshot": "prompt",
        "few_shot": "prompt",
        "system_prompt": "prompts",
        "instruction": "prompts",
        "max_tokens": "max_new_tokens",
        "max_length": "max_new_tokens",
        "do_sample": "temperature",
        "greedy": "temperature",
        "max_samples": "limit",
        "num_problems": "limit",
        "base_url": "endpoint",
        "url": "endpoint",
        "api_key": "endpoint",
        "tokenizer": "endpoint",
        "concurrency": "endpoint",
        "timeout": "endpoint",
        "format": "formats",
        "dataset": "data",
    }

    data: str | None = None
    """a data set made by mathmill; null: as `--data` says"""
    split: Literal["train", "heldout"] = "heldout"
    """which of its splits"""
    limit: Annotated[int, Field(ge=1)] | None = 200
    """most problems of each format, so of three formats up to three times as many; chosen by keyed hash; null: all"""
    formats: list[Format] = [Format.COT, Format.POT, Format.TIR]
    """formats to ask for, where the data has them; benchmarks are asked in all of them"""
    benchmarks: list[str | Benchmark] = []
    """what is asked beside the data: names of the built-in catalogue, or tables"""
    prompt: Literal["training", "fewshot"] = "training"
    """training: what models are trained on, in the chat template; fewshot: worked examples before the question and no
    template, for base models (DeepSeekMath's protocol)"""
    prompts: dict[Format, dict[str, Annotated[str, Field(min_length=1)]]] = {}
    """your own wording of what the model is asked to do, by format and language, as in `curate.prompts`"""
    samples: Annotated[int, Field(ge=1, le=10_000)] = 1
    """answers to each problem; more than one needs a temperature"""
    temperature: Annotated[float, Field(ge=0)] = 0.0
    """0: the likeliest token each time"""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """sampled from the likeliest tokens that together have this probability"""
    max_new_tokens: Annotated[int, Field(ge=1)] = 512
    """most tokens that the model may write per problem"""
    max_tool_calls: Annotated[int, Field(ge=0)] = 4
    """most programs that a TIR answer may run"""
    batch_size: Annotated[int, Field(ge=1)] = 32
    """problems generated together"""
    device: str = "auto"
    """cpu | cuda | auto"""
    limits: ProgramLimits = ProgramLimits()
    """what one program may use"""
    seed: int = 0
    """the seed of the choice of problems, of sampling and of the bootstrap"""
    endpoint: EndpointSettings = EndpointSettings()
    """how a served model is asked"""

    @model_validator(mode="after")
    def _samples_differ(self) -> "Evaluate":
        if self.samples > 1 and self.temperature == 0:
            raise ValueError(f"{self.samples} samples at temperature 0 are all the same; set evaluate.temperature too")
        return self

    @model_validator(mode="after")
    def _distinct_benchmarks(self) -> "Evaluate":
        names = [benchmark if isinstance(benchmark, str) else benchmark.name for benchmark in self.benchmarks]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two benchmarks are called {twice}; results tell them apart by name")
        if taken := next((name for name in names if name in ("train", "heldout")), None):
            raise ValueError(f"a benchmark cannot be called {taken}: so are the splits of the data")
        return self
