"""`mathmill curate --dry-run`: what a row of the config costs, stage by stage, and the bill for its inputs and more."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.cli.curate_console import console_for
from pipelines.costs import Costs, measure_costs
from pipelines.engine.transforms import partitions_for
from pipelines.refusals import curate_table
from pipelines.sources.adapters.registry import check_sources
from schemas.config import Config
from schemas.reason import Stage

MANY = 50_000_000
"""rows of the second bill: what a company has"""

CORE_HOUR = 0.05
"""US dollars for an hour of one core with 4 GB on demand, about; half or less where it may be taken away"""

_FIT_S = 1e-6  # what costs less a row is not shown


def run_dry(config: Config) -> None:
    """Measures the first rows of each source and prints the bill; nothing is written.

    Raises:
        UserError: a config or a source that cannot be used.
    """
    settings = curate_table(config)
    check_sources(settings.sources)
    console = console_for()
    console.print(Text("measuring the first rows of each source, twice ...", style="dim"))
    print_bill(console, measure_costs(settings))


def print_bill(console: Console, costs: Costs) -> None:
    """Prints what a row costs and the bills."""
    console.print()
    console.print(f"{costs.rows:,} rows, {costs.candidates:.2f} candidates each; measured on {costs.sampled:,} rows")
    console.print()
    console.print(_stages(costs))
    console.print()
    console.print(_bills(costs))
    console.print()
    console.print(
        Text(
            f"A core hour is taken as ${CORE_HOUR:.2f}, and a core as fast as this machine's. docs/cluster.md says how "
            "memory and partitions are sized. Labels are fitted once a run, on a bounded sample: over many rows they "
            "cost less than their share here.",
            style="dim",
        )
    )


def _stages(costs: Costs) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("stage")
    table.add_column("CPU ms per 1,000 rows", justify="right")
    table.add_column("share", justify="right")
    total = sum(costs.cpu_s.values()) or 1.0
    for name, spent in costs.cpu_s.items():
        if spent > _FIT_S:
            table.add_row(name, f"{spent * 1e6:,.0f}", f"{spent / total:.0%}")
    return table


def _bills(costs: Costs) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for name in ("core hours", "without programs", "about", "work folder", "data set", "partitions"):
        table.add_column(name, justify="right")
    for name, rows in (("this config", costs.rows), (f"{MANY:,} rows of it", MANY)):
        table.add_row(name, *_bill(costs, rows))
    return table


def _bill(costs: Costs, rows: int) -> list[str]:
    whole = sum(costs.cpu_s.values()) * rows / 3600
    bare = whole - costs.cpu_s.get(Stage.VERIFY.value, 0.0) * rows / 3600
    gigabytes = [f"{size * rows / 1e9:,.2f} GB" for size in (costs.work_bytes, costs.data_bytes)]
    partitions = partitions_for(round(rows * costs.candidates))
    return [f"{whole:,.2f}", f"{bare:,.2f}", f"${whole * CORE_HOUR:,.2f}", *gigabytes, f"{partitions:,}"]
