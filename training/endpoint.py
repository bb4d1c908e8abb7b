"""One server behind a URL: requests with one deadline each, sent again while it is busy, broken or gone."""

import asyncio
import ipaddress
import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2 as httpx

from schemas.config import EndpointSettings
from schemas.exits import RunFailedError, UserError
from schemas.wording import shortened, visible

_MOST_BYTES = 16 << 20  # of one answer; a million tokens are less
_LONGEST_PAUSE_S = 60.0
_CONNECT_S = 10.0
_BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_NOT_HERE = frozenset({401, 403, 404, 405})


_T = TypeVar("_T")


class RefusedError(Exception):
    """The server will not answer this request, however often it is sent: too long a prompt, for one."""


class _BrokenError(Exception):
    """No answer this time."""

    def __init__(self, message: str, *, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Endpoint:
    """A server that speaks OpenAI's completions. Safe to use from many threads; `close` it.

    Requests live in an event loop of their own: only there has one a deadline for all of it, headers included.

    Args:
        url: where it listens, with or without `/v1`.
        settings: deadlines, retries and the key.
        first_pause_s: seconds before a request is sent again; they double each time.
    """

    def __init__(self, url: str, settings: EndpointSettings, *, first_pause_s: float = 1.0) -> None:
        root = url.rstrip("/")
        self.url = root if root.endswith("/v1") else f"{root}/v1"
        self._settings = settings
        self._first_pause_s = first_pause_s
        self._gone = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True)
        self._thread.start()
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {settings.key}"} if settings.key else {},
            timeout=httpx.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s), pool=None),
            limits=httpx.Limits(max_connections=settings.concurrency),
            trust_env=not _is_loopback(root),  # a proxy does not lead back to this machine
        )

    def choice(self, path: str, body: dict[str, object]) -> tuple[dict[str, Any], int]:
        """Asks for one completion; returns the server's choice and how many tokens it says it wrote.

        Raises:
            RefusedError: this request is refused.
            UserError: there is no such model, or no access to it.
            RunFailedError: no answer, however often it was asked for.
        """
        return self._again("POST", path, body, _choice)

    def only_model(self) -> str | None:
        """The name of the model that is served; None where the server tells none.

        Raises:
            UserError: it serves several.
            RunFailedError: nobody answers.
        """
        names = self._again("GET", "models", None, _model_names)
        if len(names) > 1:
            raise UserError(f"{self.url}: serves {', '.join(names[:10])}; name one in evaluate.endpoint.model")
        return names[0] if names else None

    def close(self) -> None:
        """Ends what is under way; whoever waits for it gets a CancelledError."""
        self._gone.set()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.aclose()

    def _again(
        self, method: str, path: str, body: dict[str, object] | None, read: Callable[[dict[str, Any]], _T]
    ) -> _T:
        pause = self._first_pause_s
        tries = self._settings.retries + 1
        for attempt in range(tries):
            try:
                return read(asyncio.run_coroutine_threadsafe(self._once(method, path, body), self._loop).result())
            except _BrokenError as error:
                if attempt + 1 == tries or self._gone.wait(max(error.wait_s, pause)):
                    self._gone.set()  # the others need not find out for themselves
                    raise RunFailedError(
                        f"{self.url}: no answer after {attempt + 1} of {tries} tries: {error}; what was answered is "
                        "kept: the same command goes on"
                    ) from error
                pause = min(2 * pause, _LONGEST_PAUSE_S)
        raise AssertionError(tries)

    async def _once(self, method: str, path: str, body: dict[str, object] | None) -> dict[str, Any]:
        """One request, answered whole before its deadline."""
        content = bytearray()
        try:
            async with (
                asyncio.timeout(self._settings.timeout_s),
                self._client.stream(method, f"{self.url}/{path}", json=body) as reply,
            ):
                async for chunk in reply.aiter_bytes():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        raise _BrokenError(f"sent more than {_MOST_BYTES >> 20} MiB")
        except TimeoutError as error:
            raise _BrokenError(f"not done after {self._settings.timeout_s:g} s") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _BrokenError(f"{type(error).__name__}: {error}") from error
        except httpx.InvalidURL as error:
            raise UserError(f"--model {self.url}: no URL of a server: {error}") from error
        if reply.status_code == httpx.codes.OK:
            return _parsed(bytes(content))
        if body is None:
            return {}  # only told about itself: it may be asked all the same
        raise _refusal(self.url, reply, bytes(content))


def _refusal(url: str, reply: httpx.Response, content: bytes) -> Exception:
    """What an answer with another status than 200 means: ask again, ask otherwise, or do not ask."""
    status = reply.status_code
    words = f"HTTP {status}: {_one_line(content)}"
    if status in _BUSY:
        wait = reply.headers.get("retry-after", "")
        return _BrokenError(words, wait_s=min(float(wait), _LONGEST_PAUSE_S) if wait.isdecimal() else 0.0)
    if status in _NOT_HERE:
        return UserError(f"{url}: {words}; look at evaluate.endpoint (model, key) and at the URL")
    return RefusedError(words)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _BrokenError(f"half an answer, or no JSON: {_one_line(content)}") from error
    if not isinstance(payload, dict):
        raise _BrokenError(f"no object: {_one_line(content)}")
    return payload


def _choice(payload: dict[str, Any]) -> tuple[dict[str, Any], int]:
    choices = payload.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise _BrokenError(f"an answer without choices: {_one_line(json.dumps(payload).encode())}")
    usage = payload.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return choices[0], tokens if isinstance(tokens, int) and tokens >= 0 else 0


def _model_names(payload: dict[str, Any]) -> list[str]:
    listed = payload.get("data")
    models = listed if isinstance(listed, list) else []
    return [str(model["id"]) for model in models if isinstance(model, dict) and "id" in model]


def _one_line(content: bytes) -> str:
    return shortened(visible(" ".join(content.decode("utf-8", "replace").split())), 200) or "nothing"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
