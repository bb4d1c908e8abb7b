"""Great Expectations' own page about the suite, on request: the formal record beside our report.

As they come, Data Docs load styles and scripts from seven hosts, and a logo whose address tells a server when and by
whom they were opened (measured with 1.24.1). What loads is taken out; the browser is told to refuse the rest.
"""

import re
from pathlib import Path
from typing import Any

from schemas.files import write_text
from schemas.verdict import Check, Status
from validation.dataset.gate import Judgement
from validation.dataset.suite import Rule

_LOADS = re.compile(r"<(script|style|footer)\b.*?</\1>|<(?:link|img)\b[^>]*>", re.DOTALL | re.IGNORECASE)
_LEADS_AWAY = re.compile(r'\s(?:href|action|src)="(?!#)[^"]*"', re.IGNORECASE)
_HEAD = """<head>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto; padding: 0 1rem; color: #1c1f24; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .4rem .8rem; border-bottom: 1px solid #ddd; }
th, td { text-align: left; vertical-align: top; overflow-wrap: anywhere; }
nav, .modal, button, .d-print-none, form { display: none; }
</style>"""


def write_data_docs(judgement: Judgement, folder: Path) -> None:
    """Writes `index.html`: each rule of the suite with what was counted over all shards."""
    from great_expectations.core import ExpectationSuiteValidationResult  # deferred: seconds to import
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    checks = {check.name: check for check in judgement.verdict.checks}
    rules = [rule for rule in (*judgement.suite.rows, *judgement.suite.facts) if rule.name in checks]
    results = [_result(rule, checks[rule.name]) for rule in rules]
    passed = sum(result.success for result in results)
    validation = ExpectationSuiteValidationResult(
        success=passed == len(results),
        results=results,
        suite_name="mathmill",
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(results) - passed,
            "success_percent": 100 * passed / max(len(results), 1),
        },
        meta={"run_id": {"run_name": judgement.manifest.fingerprint[:12], "run_time": "1970-01-01T00:00:00+00:00"}},
    )
    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(validation))
    write_text(folder / "index.html", without_network(page))


def _result(rule: Rule, check: Check) -> Any:  # noqa: ANN401  Great Expectations has no types
    """What was not checked is no success: Data Docs know no third word."""
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationValidationResult(
        success=check.status is Status.PASSED,
        expectation_config=ExpectationConfiguration(
            type=rule.kind, kwargs=rule.kwargs, meta={"name": rule.name}, severity=rule.severity.value
        ),
        result={
            "element_count": check.checked,
            "unexpected_count": check.unexpected,
            "unexpected_percent": 100 * check.unexpected / max(check.checked, 1),
            "partial_unexpected_list": [],  # ids and values out of data stay in our report, which escapes them
        },
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )


def without_network(page: str) -> str:
    """Takes out of a page all that loads or leads away, and forbids the rest."""
    return _LEADS_AWAY.sub("", _LOADS.sub("", page)).replace("<head>", _HEAD, 1)
