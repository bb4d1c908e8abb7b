"""What `import mathmill` offers, and where it is at home. Read by type checkers and by `__init__.py`."""

from pipelines.curate import curate as curate
from pipelines.validate import validate as validate
from schemas.config import Config as Config
from schemas.configfile import load_config as load_config
from schemas.exits import RunFailedError as RunFailedError
from schemas.exits import UserError as UserError
from schemas.manifest import Manifest as Manifest
from schemas.verdict import Verdict as Verdict
from training.evaluate import evaluate as evaluate
from training.own_loop import Stream as Stream
from training.own_loop import stream as stream
from training.prove import prove as prove
from training.results import EvalResult as EvalResult
from training.results import ProofLine as ProofLine
from training.results import RunResult as RunResult
from training.shards import Example as Example
from training.shards import Examples as Examples
from training.shards import open as open
from training.train import train as train
from validation.answers import Comparison as Comparison
from validation.answers import Extraction as Extraction
from validation.answers import compare as compare
from validation.answers import extract as extract
from validation.programs import Execution as Execution
from validation.programs import run as run
from validation.programs import run_blocks as run_blocks
