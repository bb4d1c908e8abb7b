"""The bill of a config adds up, and names what programs cost."""

import io

from rich.console import Console

from pipelines.cli.bill import print_bill
from pipelines.costs import Costs

COSTS = Costs(
    rows=3_600_000,
    sampled=800,
    candidates=2.0,
    cpu_s={"read": 0.0005, "verify": 0.0015, "screen": 1e-9},
    work_bytes=1_000.0,
    data_bytes=500.0,
)


def test_the_bill_of_a_config_and_of_fifty_million_rows() -> None:
    console = Console(width=140, file=io.StringIO())
    print_bill(console, COSTS)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    lines = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    assert "3,600,000 rows, 2.00 candidates each; measured on 800 rows" in text
    assert lines["read"] == ["read", "500", "25%"]
    assert lines["verify"] == ["verify", "1,500", "75%"]
    assert "screen" not in lines
    assert lines["this config"][2:] == ["2.00", "0.50", "$0.10", "3.60", "GB", "1.80", "GB", "29"]
    assert lines["50,000,000 rows of it"][4:6] == ["27.78", "6.94"]
