from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pipelines.review.guards import ACCESS, CSRF, MOST_BYTES, PERSON, Guard, Keys, is_loopback


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


@contextmanager
def client(keys: Keys, host: str = "127.0.0.1", base: str = "http://127.0.0.1:8765") -> Iterator[TestClient]:
    app = Guard(Starlette(routes=[Route("/", answer, methods=["GET", "POST"])]), keys, host)
    with TestClient(app, base_url=base, follow_redirects=False) as browser:
        yield browser


def form(keys: Keys, person: str = "ana") -> dict[str, str]:
    return {CSRF: keys.csrf(person), "content-type": "application/json", "cookie": f"{PERSON}={keys.signed(person)}"}


def test_every_answer_says_that_nothing_but_our_own_script_runs() -> None:
    with client(Keys()) as browser:
        headers = browser.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200),
        ("localhost", 200),
        ("[::1]:8765", 200),
        ("evil.example", 421),
        ("evil.example:8765", 421),
        ("127.0.0.1.evil.example:8765", 421),
        ("192.168.0.7:8765", 421),
        ("", 421),
    ],
)
def test_a_name_that_is_not_this_machines_is_refused(host: str, status: int) -> None:
    with client(Keys()) as browser:
        assert browser.get("/", headers={"host": host}).status_code == status


def test_over_a_network_addresses_in_numbers_are_this_machine_and_other_names_are_not() -> None:
    keys = Keys(access="letters")
    with client(keys, "0.0.0.0") as browser:
        cookie = {"cookie": f"{ACCESS}=letters"}
        assert browser.get("/", headers={"host": "192.168.0.7:8765", **cookie}).status_code == 200
        assert browser.get("/", headers={"host": "evil.example:8765", **cookie}).status_code == 421


def test_the_token_leads_nowhere_else() -> None:
    with client(Keys(access="letters"), "0.0.0.0") as browser:
        away = browser.get("http://127.0.0.1:8765//evil.example/?token=letters")
        assert away.headers["location"] == "/evil.example/"


def test_over_a_network_everybody_needs_the_token() -> None:
    with client(Keys(access="letters"), "0.0.0.0") as browser:
        assert browser.get("/").status_code == 401
        assert browser.get("/?token=other").status_code == 401
        assert browser.get("/?token=\u00e9").status_code == 401
        opened = browser.get("/?token=letters")
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        assert "HttpOnly" in opened.headers["set-cookie"]
        assert "SameSite=strict" in opened.headers["set-cookie"]
        assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 200),
        ({CSRF: "guessed"}, 403),
        ({CSRF: None}, 403),
        ({"cookie": f"{PERSON}=ben.forged"}, 403),
        ({"origin": "http://127.0.0.1:8765"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-length": str(MOST_BYTES + 1)}, 413),
    ],
)
def test_a_change_comes_from_our_own_page_or_not_at_all(changed: dict[str, str | None], status: int) -> None:
    keys = Keys()
    headers = {name: value for name, value in {**form(keys), **changed}.items() if value is not None}
    with client(keys) as browser:
        assert browser.post("/", content=b"{}", headers=headers).status_code == status


def test_other_methods_are_refused() -> None:
    with client(Keys()) as browser:
        assert browser.put("/", content=b"{}").status_code == 405


def test_a_name_cannot_be_written_by_others() -> None:
    keys = Keys()
    assert keys.person({PERSON: keys.signed("ana; ä=1")}) == "ana; ä=1"
    assert keys.person({PERSON: Keys().signed("ana")}) is None
    assert keys.person({PERSON: keys.signed("ana").replace("ana", "ben")}) is None
    assert keys.person({}) is None
    assert keys.csrf("ana") != keys.csrf("ben")


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        *((host, True) for host in ("127.0.0.1", "127.8.0.1", "localhost", "::1")),
        *((host, False) for host in ("0.0.0.0", "::", "192.168.0.7", "mill.example")),
    ],
)
def test_only_loopback_is_this_machine_alone(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone
