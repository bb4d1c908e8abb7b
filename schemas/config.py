"""CONFIG.yaml: every key of every table, once, strict.

One file configures a run; every verb checks the whole of it before it starts. An unknown key is an error that names the
nearest known one.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from schemas.evaluation import Benchmark as Benchmark
from schemas.evaluation import EndpointSettings as EndpointSettings
from schemas.evaluation import Evaluate as Evaluate
from schemas.evaluation import ProgramLimits as ProgramLimits
from schemas.own_rules import OwnRuleName
from schemas.policy import Policy, ReasonCode, choices
from schemas.problem import Format
from schemas.pseudonyms import People
from schemas.reason import Stage
from schemas.requirements import Balance, Validate, Wipeout
from schemas.reviews import Reviews
from schemas.source_columns import Columns as Columns
from schemas.table import Name, Share, Table
from schemas.train_data import TrainData as TrainData
from schemas.variables import Variables

_SKIPPABLE = (
    Stage.SELECT,
    Stage.SCREEN,
    Stage.RULES,
    Stage.DECONTAMINATE,
    Stage.COLLAPSE,
    Stage.VERIFY,
    Stage.IDENTIFY,
    Stage.LABEL,
    Stage.BALANCE,
)


class Source(Table):
    """One source of rows. Sources are ranked by their order: of two equal candidates the earlier source's is kept."""

    name: Name
    """how ledger and report call the source: lower-case letters, digits, `_`, `.` and `-`"""
    path: str
    """a file, a glob, a folder, `hf://org/dataset?split=train&revision=abc`, or a URL (s3, gs, abfs, hdfs, https)"""
    adapter: str
    """how a record is read: the name of an adapter"""
    licence: str
    """the licence of the rows"""
    author: Annotated[str, Field(pattern=r"^(human|unknown|model:.+)$")] | None = None
    """who wrote the solutions: human | model:NAME | unknown; null: unknown for `adapter: messages`, else human"""
    format: Format | None = None
    """cot | pot | tir, for adapters that cannot tell"""
    columns: Columns = Columns()
    """field names, for `adapter: columns`"""
    rows: str | None = None
    """the list that holds the rows of a JSON document: train, result.data; null: the only one"""
    taxonomy: str | None = None
    """whose topics its rows are about: math, k12, one of your own, none; null: as its adapter has it"""
    derive: list[Format] = []
    """formats to build from calculator annotations: pot, tir; cot is what the human wrote"""
    language: str = "en"
    """ISO 639-1 code of the rows"""
    weight: Annotated[float, Field(gt=0)] = 1.0
    """expected appearances per epoch in training; a sampling rate, never a loss weight"""

    @field_validator("derive")
    @classmethod
    def _derivable(cls, formats: list[Format]) -> list[Format]:
        if Format.COT in formats:
            raise ValueError("pot and tir can be derived; cot is what the human wrote")
        return formats


class Select(Table):
    """How human selection is applied."""

    min_votes: Annotated[int, Field(ge=0)] = 0
    """rows with fewer votes are quarantined (rows without votes are not voted on, and stay)"""
    min_agreement: Share = 0
    """rows whose votes agree less are quarantined"""
    require_review: bool = False
    """remove rows that nobody accepted"""


class Normalise(Table):
    """What becomes of a text before anything looks at it."""

    contacts: Literal["keep", "cut"] = "keep"
    """e-mail and web addresses, signatures and notes on copyright behind the answer: keep | cut"""


class Screen(Table):
    """Bounds on text. They are wide: two words can be a problem, 50,000 characters a solution."""

    min_chars: Annotated[int, Field(ge=1)] = 1
    """fewest characters of a question and of a solution, outer space aside"""
    max_chars: Annotated[int, Field(ge=1)] = 200_000
    """most characters of question and solution together"""
    allowed_licences: list[str] | None = None
    """licences that may enter; null: all"""


class Decontaminate(Table):
    """How leaks of benchmarks are found."""

    ngram: Literal["guarded", "strict"] = "guarded"
    """guarded: a ten-gram hit is a leak when the numbers agree or the item has none; strict: always (DeepSeekMath)"""


class Verify(Table):
    """How answers and programs are verified."""

    outputs: Literal["keep", "check", "regenerate"] = "check"
    """recorded tool outputs: keep as they are | check against a run | replace by a run's"""
    rounding: Literal["places", "never"] = "places"
    """does 5.667 count for 17/3? places: where the reference shows or the question asks for that many | never; also in
    the gate's re-check and in evaluate. What a machine prints of 17/3 in full is equal anyway"""
    unstated: Literal["quarantine", "keep", "append"] = "quarantine"
    """a solution that never states the reference that came with it: quarantine | keep | append a sentence that does"""
    trim: bool = False
    """cut what stands behind the sentence of the final answer; the ledger says what was cut"""
    limits: ProgramLimits = ProgramLimits()
    """what one program may use"""


class Identify(Table):
    """What counts as the same problem."""

    threshold: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Jaccard similarity of 5-word shingles from which two candidates may be near-duplicates"""


class Label(Table):
    """How missing topics and difficulties are predicted: from the rows that have them, or not at all."""

    taxonomies: str | None = None
    """a YAML file of taxonomies of your own (pipelines/stages/label/taxonomies.yaml shows how)"""
    min_f1: Share = 0.75
    """macro-F1 on held-out labelled rows that predictions need; below it they stay null"""
    sample: Annotated[int, Field(ge=100)] = 20_000
    """most labelled problems that a model is fitted on, chosen by keyed hash"""


class Curate(Table):
    """The table of `mathmill curate`. Names of sources are distinct, and so are those of benchmarks."""

    sources: Annotated[list[Source], Field(min_length=1)]
    """where rows come from, best first"""
    benchmarks: list[str | Benchmark] = []
    """what must not leak: names of the built-in catalogue, or tables"""
    skip: list[Stage] = []
    """stages left out, by name: select, screen, rules, decontaminate, collapse, verify, identify, label, balance; the
    manifest says so"""
    isolation: Literal["namespaces", "seccomp", "weak"] | None = None
    """how programs are isolated; null: the strongest level that this machine gives, never weak"""
    heldout: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """expected share of templates in the heldout split"""
    select: Select = Select()
    """human selection"""
    reviews: list[str | Reviews] = []
    """files of decisions: paths, joined by row_id, or tables"""
    people: People = People()
    """what annotators and reviewers are called"""
    normalise: Normalise = Normalise()
    """texts"""
    screen: Screen = Screen()
    """bounds on text"""
    rules: list[OwnRuleName] = []
    """functions of your own that stop candidates, `module:function`; modules in the working folder, beside the config,
    or installed"""
    decontaminate: Decontaminate = Decontaminate()
    """leaks of benchmarks"""
    verify: Verify = Verify()
    """answers and programs"""
    identify: Identify = Identify()
    """sameness"""
    label: Label = Label()
    """topics and difficulties"""
    balance: Balance = Balance()
    """quotas and caps"""
    wipeout: Wipeout = Wipeout()
    """the alarm"""
    prompts: dict[Format, dict[str, Annotated[str, Field(min_length=1)]]] = {}
    """your own wording of what the model is asked to do, by format and language: {cot: {en: "Think first."}}; the rest
    is that of schemas/prompts.py"""
    policy: dict[ReasonCode, Policy] = {}
    """what a reason does, where its own outcome is not wanted: {truncated: quarantine}; keep, quarantine or remove for
    what the screen or a rule of your own (`rule:CODE`) says, quarantine or remove for what is quarantined;
    refers_elsewhere is kept unless it stands here"""
    shard_mb: Annotated[float, Field(gt=0)] = 128
    """text per shard, MiB, about"""
    seed: int = 0
    """the seed of every random choice"""
    _variables: Variables = PrivateAttr(default_factory=Variables)
    _folder: Path | None = PrivateAttr(default=None)

    @property
    def variables(self) -> Variables:
        """What the environment gave the paths."""
        return self._variables

    @property
    def folder(self) -> Path | None:
        """Where the config lies; None for one that comes from no file."""
        return self._folder

    def given(self, variables: Variables, folder: Path) -> "Curate":
        """Returns the table, remembering what the environment gave and where the config lies."""
        copy = self.model_copy()
        copy._variables, copy._folder = variables, folder
        return copy

    @field_validator("skip")
    @classmethod
    def _skippable(cls, stages: list[Stage]) -> list[Stage]:
        for stage in stages:
            if stage not in _SKIPPABLE:
                raise ValueError(f"{stage.value} cannot be skipped; these can: {', '.join(_SKIPPABLE)}")
        return stages

    @field_validator("policy")
    @classmethod
    def _safe(cls, policy: dict[str, Policy]) -> dict[str, Policy]:
        for reason, chosen in policy.items():
            if chosen not in (known := choices(reason)):
                allowed = f"{reason} can be {' or '.join(known)}" if known else f"{reason} is no matter of policy"
                raise ValueError(f"{allowed}, not {chosen}")
        return policy

    @model_validator(mode="after")
    def _distinct_names(self) -> "Curate":
        benchmarks = [benchmark if isinstance(benchmark, str) else benchmark.name for benchmark in self.benchmarks]
        for what, names in (("sources", [source.name for source in self.sources]), ("benchmarks", benchmarks)):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"two {what} are called {name}; ledger and report tell them apart by name")
        return self


class FreshModel(Table):
    """A small Llama to train from scratch, with a byte-level tokenizer fitted on the data (digits apart)."""

    hidden_size: Annotated[int, Field(ge=8)] = 128
    """width"""
    layers: Annotated[int, Field(ge=1)] = 3
    """depth"""
    heads: Annotated[int, Field(ge=1)] = 4
    """attention heads; hidden_size is a multiple of them"""
    kv_heads: Annotated[int, Field(ge=1)] | None = None
    """key-value heads; null: as many as heads"""
    intermediate_size: Annotated[int, Field(ge=8)] | None = None
    """width of the feed-forward layer; null: 8/3 of hidden_size, rounded up to 32"""
    vocabulary: Annotated[int, Field(ge=300)] = 1024
    """tokens, byte alphabet included"""

    @model_validator(mode="after")
    def _divisible(self) -> "FreshModel":
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not a multiple of heads {self.heads}")
        return self


class Lora(Table):
    """Adapters of low rank beside frozen weights (2106.09685), by peft."""

    rank: Annotated[int, Field(ge=1)] = 16
    """width of an adapter"""
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """an adapter's output is multiplied by alpha / rank"""
    targets: list[str] | None = None
    """names of layers, such as q_proj; null: every linear layer but the head"""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """of an adapter's input, in training alone"""
    dora: bool = False
    """weights split into direction and magnitude (2402.09353)"""


Objective = Literal["sequence_mean", "token_mean", "dft"]


class Phase(Table):
    """A part of the steps, and what is maximised in it."""

    objective: Objective
    """as `train.objective`"""
    share: Annotated[float, Field(gt=0, le=1)]
    """of all steps; the shares of a list sum to 1"""


class Train(Table):
    """The table of `mathmill train`. It has either `steps` or `epochs`."""

    model: str | FreshModel
    """Hugging Face name or folder, or a table that describes a small model to train from scratch"""
    data: list[TrainData] = []
    """data sets and what they weigh; `--data` stands in for all of it"""
    order: Literal["rows", "blocks"] = "rows"
    """of the examples of an epoch: rows: any step takes any of them | blocks: a step takes from a few blocks of
    neighbours, for data in a store that is larger than the cache"""
    data_cache: str | None = None
    """a folder for what is fetched of data in a store; null: mathmill's own below $XDG_CACHE_HOME or ~/.cache"""
    data_cache_gb: Annotated[float, Field(gt=0)] = 100.0
    """most that it holds of such data, GiB"""
    chat_template: str | None = None
    """a file of a chat template of your own (Jinja); null: the tokenizer's. It is exported with the model"""
    objective: Objective | Annotated[list[Phase], Field(min_length=1)] = "sequence_mean"
    """sequence_mean is J_SFT: every example weighs the same; token_mean, for comparison: every token does; dft: as
    sequence_mean, each token's gradient times the likelihood that the model gives it (2508.05629). A list gives one
    after another by share of the steps"""
    examples_per_step: Annotated[int, Field(ge=1)] = 256
    """N: examples in one optimizer step, over all ranks and micro-batches"""
    steps: Annotated[int, Field(ge=1)] | None = None
    """optimizer steps; null: as `epochs` says"""
    epochs: Annotated[float, Field(gt=0)] | None = None
    """passes over the data; null: as `steps` says"""
    context: Annotated[int, Field(ge=16)] = 4096
    """most tokens of one example"""
    pack_tokens: Annotated[int, Field(ge=16)] | None = None
    """most tokens of one pack: what a forward pass holds; null: as `context`, never less.
    It changes speed and memory, not J"""
    long_rows: Literal["refuse", "drop"] = "refuse"
    """what happens when examples are longer than `context`: nothing is ever cut"""
    supervise_think: bool = True
    """whether thoughts bear loss"""
    learning_rate: Annotated[float, Field(gt=0)] = 5.0e-5
    """peak learning rate (DeepSeekMath: 5e-5)"""
    schedule: Literal["constant", "linear", "cosine", "wsd"] = "constant"
    """after the warm-up (DeepSeekMath: constant); linear and cosine fall to the end, wsd (warm-up, stable, decay) in
    its last part"""
    final_rate: Share = 0.0
    """share of learning_rate that a falling schedule ends at"""
    decay_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """share of the steps in which wsd falls (2405.18392: a fifth is enough)"""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """steps of linear warm-up"""
    optimizer: Literal["adamw", "adamw_8bit"] = "adamw"
    """adamw_8bit keeps its moments in 8 bits (torchao): a quarter of their memory, and updates that round"""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """AdamW's decay of matrices"""
    betas: tuple[float, float] = (0.9, 0.95)
    """AdamW's moments"""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """gradient norm is clipped to it after the sum over ranks; null: never"""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """of the forward pass; weights stay float32; auto: bfloat16 on a GPU, float32 on a CPU"""
    device: str = "auto"
    """cpu | cuda | auto"""
    parallel: Literal["replicate", "shard"] = "replicate"
    """over many ranks: a whole copy of the weights on each, or every weight in shards (FSDP2) where one does not fit"""
    lora: Lora | None = None
    """train adapters beside frozen weights; null: all weights"""
    freeze: list[str] = []
    """patterns of parameter names that stay as they are, such as model.embed_tokens.*"""
    router_loss: Annotated[float, Field(ge=0)] = 0.0
    """mixtures of experts: what the loss that evens out their load (2101.03961) is multiplied by; it is taken example
    by example, so it depends on no packing. 0: J_SFT alone is optimised"""
    dropout: bool = False
    """train with the dropout and noise of the model's config; off: what is optimised is J_SFT itself"""
    activation_checkpointing: bool = False
    """recompute activations in the backward pass: slower, less memory"""
    compile: bool = False
    """torch.compile the model's layers; packs are filled up to at most 8 lengths, so that few shapes are compiled"""
    workers: Annotated[int, Field(ge=1)] = 2
    """threads of each rank that encode examples ahead of the step that needs them"""
    token_cache: str | None = None
    """folder of tokens that were encoded before, shared by runs; null: mathmill's own in the user's cache"""
    token_cache_gb: Annotated[float, Field(ge=0)] = 16.0
    """gibibytes that it may hold, what was used longest ago makes room; 0: every epoch encodes anew"""
    checkpoint_every: Annotated[int, Field(ge=1)] = 100
    """steps between checkpoints; the last step always writes one"""
    keep_checkpoints: Annotated[int, Field(ge=1)] = 3
    """how many of the latest stay"""
    keep_best: Literal["heldout", "pass@1"] | None = None
    """keep the checkpoint that measured best beside the last ones, and export it to RUN/best; null: the last is what a
    run gives. Heldout J is no measure of a reasoner, and the best of many pass@1 looks better than it is"""
    heldout_every: Annotated[int, Field(ge=1)] | None = None
    """steps between measurements of J on the heldout split; null: at the end"""
    heldout_limit: Annotated[int, Field(ge=1)] | None = 1000
    """heldout examples that J is measured on, the same ones each time, chosen by a keyed hash; null: all"""
    evaluate_every: Annotated[int, Field(ge=1)] | None = None
    """steps between evaluations of pass@1, as `evaluate` says, on its data or the first --data; null: never"""
    export_dtype: Literal["source", "float32", "bfloat16", "float16"] = "source"
    """of RUN/model; source: as the model that training began with is kept. Checkpoints stay float32"""
    push_to_hub: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    """a repository of the hub, such as me/my-model, private if it is new, that RUN/model is pushed to at the end"""
    trackers: list[Literal["tensorboard", "wandb", "trackio"]] | None = None
    """where figures go beside metrics.jsonl; null: to tensorboard, where it is installed"""
    seed: int = 0
    """the seed of order and initial weights"""

    @model_validator(mode="after")
    def _one_duration(self) -> "Train":
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either `steps` or `epochs`")
        return self

    @model_validator(mode="after")
    def _best_is_measured(self) -> "Train":
        every = {"heldout": "heldout_every", "pass@1": "evaluate_every", None: "steps"}[self.keep_best]
        if self.keep_best and getattr(self, every) is None:
            raise ValueError(f"keep_best {self.keep_best} needs {every}: nothing is measured before the end")
        return self

    @model_validator(mode="after")
    def _phases_fill_the_run(self) -> "Train":
        shares = sum(phase.share for phase in self.phases)
        if abs(shares - 1) > 1e-6:
            raise ValueError(f"objective: the shares of its phases sum to {shares:g}, not to 1")
        return self

    @model_validator(mode="after")
    def _packs_hold_examples(self) -> "Train":
        if self.pack_tokens is not None and self.pack_tokens < self.context:
            raise ValueError(
                f"pack_tokens {self.pack_tokens} is less than context {self.context}: a pack holds examples"
            )
        return self

    @property
    def phases(self) -> list[Phase]:
        """What is maximised, one after another."""
        return [Phase(objective=self.objective, share=1.0)] if isinstance(self.objective, str) else self.objective

    @property
    def capacity(self) -> int:
        """Most tokens of one pack."""
        return self.pack_tokens or self.context


class Config(Table):
    """A whole CONFIG.yaml. A verb needs its own table; the others may be absent."""

    curate: Curate | None = None
    """raw rows -> shards"""
    validate_: Annotated[Validate, Field(alias="validate")] = Validate()
    """shards -> verdict and report"""
    train: Train | None = None
    """shards -> checkpoints"""
    evaluate: Evaluate = Evaluate()
    """checkpoints -> pass@1"""
