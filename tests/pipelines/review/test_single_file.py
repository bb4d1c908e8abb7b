import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from pipelines.review.opened import OpenedData
from pipelines.review.queues import quarantined
from pipelines.review.single_file import write_single_file


def test_the_page_holds_its_rows_and_names_all_that_may_run(opened: OpenedData, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert write_single_file(opened, quarantined(opened), path, person="ana", rows=10) == 10
    html = path.read_text("utf-8")
    assert html.count("<template data-row=") == 10
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    for kind, text in re.findall(r"<(style|script)>(.*?)</\1>", html, re.DOTALL):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind}-src &#x27;sha256-{digest}&#x27;" in policy[1]
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org", "", html)
    assert "src=" not in html
    assert "href=" not in html
