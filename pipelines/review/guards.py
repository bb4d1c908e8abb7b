"""What stands between a browser and the page: who may ask, from which page, and what the answer may do.

Loopback by default. A page of another site cannot reach it: the name in `Host` must be one of this machine (DNS
rebinding), a change needs a token that only our own page holds (CSRF), and nothing but our own script and style runs.
Over a network everybody needs the access token of the address that was printed.
"""

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PERSON, ACCESS = "mathmill_person", "mathmill_access"
CSRF = "x-mathmill-csrf"
MOST_BYTES = 1 << 20  # of what a browser may send
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Keys:
    """What only this server knows, until it ends.

    Attributes:
        access: what an address must hold; None on loopback.
    """

    access: str | None = None
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def signed(self, person: str) -> str:
        """A person's name as a cookie that nobody else can write."""
        return f"{quote(person, safe='')}.{self._mark('person', person)}"

    def person(self, cookies: Mapping[str, str]) -> str | None:
        """Who a browser belongs to; None for a cookie that is not ours."""
        name, _, mark = cookies.get(PERSON, "").rpartition(".")
        person = unquote(name)
        return person if name and _is_same(mark, self._mark("person", person)) else None

    def csrf(self, person: str) -> str:
        """What the page of a person sends with every change."""
        return self._mark("csrf", person)

    def _mark(self, purpose: str, person: str) -> str:
        return hmac.new(self.secret, f"{purpose}\0{person}".encode(), sha256).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at that address."""
    if host in _LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Refuses what does not come from our own page, and says what the answer may do."""

    def __init__(self, app: ASGIApp, keys: Keys, host: str) -> None:
        self._app, self._keys, self._host = app, keys, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._refusal(request)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        await (refusal or self._app)(scope, receive, with_headers)

    def _refusal(self, request: Request) -> Response | None:
        if not self._is_here(request.headers.get("host", "")):
            return PlainTextResponse("this address is not one of mathmill's page", 421)
        if (refused := self._without_access(request)) is not None:
            return refused
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("GET and POST only", 405)
        if request.method == "POST":
            return self._foreign(request)
        return None

    def _foreign(self, request: Request) -> Response | None:
        """Refuses a change that another page sends, or one too large."""
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("another page sent this", 403)
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            return PlainTextResponse("another page sent this", 403)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return PlainTextResponse("JSON is expected", 415)
        length = request.headers.get("content-length", "")
        if "transfer-encoding" in request.headers or not length.isdecimal() or int(length) > MOST_BYTES:
            return PlainTextResponse("more than a person writes", 413)
        person = self._keys.person(request.cookies) or ""
        if not _is_same(request.headers.get(CSRF, ""), self._keys.csrf(person)):
            return PlainTextResponse("this form is of an earlier server or of another page: load the page again", 403)
        return None

    def _without_access(self, request: Request) -> Response | None:
        access = self._keys.access
        if access is None or _is_same(request.cookies.get(ACCESS, ""), access):
            return None
        if _is_same(request.query_params.get("token", ""), access):
            answer = RedirectResponse("/" + request.url.path.lstrip("/"), 303)
            answer.set_cookie(ACCESS, access, httponly=True, samesite="strict")
            return answer
        return PlainTextResponse("open the address that the server printed: it holds the token", 401)

    def _is_here(self, header: str) -> bool:
        name = header.rsplit(":", 1)[0] if header.rpartition(":")[2].isdecimal() else header
        name = name.strip("[]").lower()
        if is_loopback(name):
            return True
        if is_loopback(self._host):
            return False
        return name in {self._host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()} or _is_address(name)


def _is_same(given: str, known: str) -> bool:
    """Compares what a browser sent with a secret, in a time that tells nothing about it."""
    return hmac.compare_digest(given.encode(), known.encode())


def _is_address(name: str) -> bool:
    """Whether it is an address in numbers: no other site's name can lead to one."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
