"""Whatever is sent to the served page: an answer, nothing written, nothing raised, and the page goes on."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.review.guards import MOST_BYTES
from tests.pipelines.review.reviewing import served
from tests.tiny import read_lines

ACTIONS = ("/decide", "/undo", "/jump", "/settle", "/rerun", "/who", "/groups", "/nosuch", "/%00", "/..%2f..%2fx")
BODIES: tuple[bytes, ...] = (
    b"", b"null", b"[]", b"1", b'"x"', b"{", b"{}", b"\xff\xfe", b"\0", b"[" * 50_000, b'{"a":' * 50_000,
    b'{"queue":1}', b'{"queue":"\\ud800"}', b'{"queue":"quarantined","group":1e400}', b"9" * 5000, b"x" * MOST_BYTES,
    b"x" * (MOST_BYTES + 1),
)  # fmt: skip
VALUES: tuple[object, ...] = (
    None, True, -1, 10**300, 2**63, 1e308, "", "x" * 100_000, "\0", "\u202e", [], {}, [[]], {"a": 1}, {"question": []},
    "undone", "accepted", "nosuch",
)  # fmt: skip
HEADS: tuple[dict[str, str], ...] = (
    {"Host": "evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost@evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Cookie": "mathmill_person=ana.0"},
    {"Cookie": "mathmill_person=" + "%" * 5000},
    {"Cookie": '\xff=;;="\\777"'},
    {"X-Mathmill-Csrf": ""},
    {"X-Mathmill-Csrf": "\xe9" * 64},
    {"Content-Type": "text/plain"},
    {"Content-Length": "9" * 5000},
    {"Content-Length": "\xb2"},
)
FIELDS = ("ticket", "vote", "group", "comment", "corrected", "person", "queue")


class Browser:
    """A browser that sends what it likes."""

    def __init__(self, address: str) -> None:
        self.port = int(address.rstrip("/").rpartition(":")[2])
        page = self.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").decode()
        self.cookie = re.findall(r"(?i)set-cookie: ([^;]+)", page)[0]
        self.csrf = re.findall(r'name="mathmill-csrf" content="(\w+)"', page)[0]

    def ask(self, request: bytes) -> bytes:
        """Sends bytes and returns the answer, or what came of it until the other side closed."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(request)
            answer = b""
            while more := connection.recv(1 << 16):
                answer += more
                head, end, body = answer.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                if end and length and len(body) >= int(length[1]):
                    break
        return answer

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> int:
        own = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(body))}
        own |= {"Cookie": self.cookie, "X-Mathmill-Csrf": self.csrf, **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
        return int(self.ask(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body).split()[1])


@pytest.fixture
def browser(questionable: Path, tmp_path: Path) -> Iterator[Browser]:
    """At a page that has written no decision and no word when it ends."""
    with served(questionable, tmp_path / "reviews", "--by", "ana") as page:
        browser = Browser(page.url)
        yield browser
        form = json.dumps({"queue": "quarantined"}).encode()
        assert browser.post("/undo", form) == 200
        assert page.process.poll() is None
        page.process.terminate()
        assert page.process.stdout is not None
        assert "Traceback" not in page.process.stdout.read()
    assert read_lines(tmp_path / "reviews" / "decisions.jsonl") == []


def test_no_body_is_an_error_of_ours(browser: Browser) -> None:
    answers = {browser.post(path, body) for path in ACTIONS for body in BODIES}
    assert answers <= {200, 400, 403, 404, 405, 413}


def test_no_value_of_a_field_is_an_error_of_ours(browser: Browser) -> None:
    good = {"queue": "quarantined", "ticket": "x", "vote": "accepted", "group": 0}
    answers = {
        browser.post(path, json.dumps(good | {field: value}).encode())
        for path in ACTIONS[:5]
        for field in FIELDS
        for value in VALUES
    }
    assert answers <= {200, 400, 403, 409}


def test_a_body_without_an_end_is_not_waited_for_and_one_that_breaks_off_is_nobodys_error(browser: Browser) -> None:
    assert browser.post("/decide", b"", {"Transfer-Encoding": "chunked"}) == 413  # its length would bind nobody
    head = f"POST /decide HTTP/1.1\r\nHost: localhost\r\nCookie: {browser.cookie}\r\nContent-Type: application/json\r\n"
    head += f"X-Mathmill-Csrf: {browser.csrf}\r\nContent-Length: 50\r\n\r\n"
    for sent in (head, head + '{"queue":', head[:40]):
        with socket.create_connection(("127.0.0.1", browser.port)) as connection:
            connection.sendall(sent.encode())
    assert browser.post("/decide", b"{}") == 403


def test_a_change_with_another_head_is_refused(browser: Browser) -> None:
    form = json.dumps({"queue": "quarantined", "ticket": "x", "vote": "accepted"}).encode()
    for headers in HEADS:
        assert browser.post("/decide", form, headers) in (400, 403, 413, 415, 421), headers
