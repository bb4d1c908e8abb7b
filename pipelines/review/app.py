"""The page over HTTP: a few addresses, no folder served, and nothing changed but by our own form."""

from html import escape
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.review.desk import StaleFormError
from pipelines.review.guards import PERSON, Guard, Keys
from pipelines.review.office import Office
from pipelines.review.shell import NO_NAME, name_of, page, script, style, who_page
from pipelines.review.standing import standing_page
from schemas.exits import UserError


def application(office: Office, keys: Keys, *, host: str, person: str | None) -> Guard:
    """The page as an ASGI application.

    Args:
        office: the queues.
        keys: of this server.
        host: the address that it is served at.
        person: who sits at this machine; None: each browser asks.
    """
    pages = _Pages(office, keys, person)
    routes = [
        Route("/", pages.home),
        Route("/standing", pages.standing),
        Route("/review.css", pages.style),
        Route("/review.js", pages.script),
        Route("/favicon.ico", pages.icon),
        Route("/groups", pages.groups),
        Route("/who", pages.ask_who),
        Route("/who", pages.who, methods=["POST"]),
        Route("/rerun", pages.rerun, methods=["POST"]),
        Route("/{action:str}", pages.act, methods=["POST"]),
    ]
    return Guard(Starlette(routes=routes), keys, host)


class _Pages:
    """What is answered at each address."""

    def __init__(self, office: Office, keys: Keys, person: str | None) -> None:
        self._office, self._keys, self._default = office, keys, person
        self._style, self._script = style(), script()

    async def home(self, request: Request) -> Response:
        """The page with the row in front of a person, or the question who that is."""
        person = self._keys.person(request.cookies) or self._default
        if person is None:
            return await self.ask_who(request)
        queues = self._office.queues(person)
        queue = request.query_params.get("queue", "")
        if queue not in queues:
            if queue:
                return RedirectResponse("/", 303)
            queue = queues[0] if queues else "quarantined"
        try:
            card = await run_in_threadpool(self._office.card, person, queue)
        except UserError as error:
            return PlainTextResponse(str(error), 503)
        state = {"queue": queue, "person": person, "name": self._office.data.name, "card": card}
        answer = HTMLResponse(page(state=state, queues=queues, csrf=self._keys.csrf(person)))
        self._seat(answer, person)
        answer.background = BackgroundTask(self._office.ahead, person, queue)
        return answer

    async def ask_who(self, request: Request) -> Response:
        """Asks for a name: of somebody new, or of the next person at this browser."""
        csrf = self._keys.csrf(self._person(request) or "")
        return HTMLResponse(who_page(csrf, sorted(self._office.terms.adjudicators)))

    async def who(self, request: Request) -> Response:
        """Takes a person's name."""
        form = await _form(request)
        person = name_of(str(form.get("person", "")))
        if person is None:
            return JSONResponse({"told": NO_NAME}, 400)
        answer = JSONResponse({"told": f"hello {person}"})
        self._seat(answer, person)
        return answer

    async def act(self, request: Request) -> Response:
        """Does what a key asks for, then shows the row that comes next."""
        person, action = self._person(request), request.path_params["action"]
        form = await _form(request)
        queue = str(form.get("queue", ""))
        if person is None or queue not in self._office.queues(person):
            return JSONResponse({"told": "load the page again"}, 403)
        status = 200
        try:
            message = await run_in_threadpool(self._office.act, person, queue, action, form)
        except StaleFormError as error:
            status, message = 409, str(error)
        except OSError as error:
            why = f"not written, and not decided: {error.strerror or error}; mend the disk and press the key again"
            return JSONResponse({"told": why}, 507)
        except UserError as error:
            return JSONResponse({"told": f"not written, and not decided: {error}"}, 503)
        except (KeyError, TypeError, ValueError):
            return JSONResponse({"told": "this is no form of this page"}, 400)
        try:
            card = await run_in_threadpool(self._office.card, person, queue)
        except (UserError, OSError) as error:
            return JSONResponse({"told": f"{message}; but no other row can be shown: {error}"}, 503)
        ahead = BackgroundTask(self._office.ahead, person, queue)
        return JSONResponse({"told": message, "card": card}, status, background=ahead)

    async def groups(self, request: Request) -> Response:
        """The groups of a queue."""
        person, queue = self._person(request), request.query_params.get("queue", "")
        if person is None or queue not in self._office.queues(person):
            return JSONResponse({"told": "load the page again"}, 403)
        return JSONResponse({"groups": await run_in_threadpool(self._office.groups, person, queue)})

    async def rerun(self, request: Request) -> Response:
        """What the programs of the row print here."""
        person, form = self._person(request), await _form(request)
        queue = str(form.get("queue", ""))
        if person is None or queue not in self._office.queues(person):
            return JSONResponse({"told": "load the page again"}, 403)
        try:
            return JSONResponse({"html": await run_in_threadpool(self._office.rerun, person, queue)})
        except UserError as error:
            return JSONResponse({"html": escape(str(error))}, 503)

    async def standing(self, request: Request) -> Response:
        """How people and rules do."""
        standing = await run_in_threadpool(self._office.standing)
        return HTMLResponse(standing_page(standing, self._office.data.name))

    async def style(self, request: Request) -> Response:
        """The style."""
        return Response(self._style, media_type="text/css")

    async def script(self, request: Request) -> Response:
        """The script."""
        return Response(self._script, media_type="text/javascript")

    async def icon(self, request: Request) -> Response:
        """None: browsers ask for it."""
        return Response(status_code=204)

    def _person(self, request: Request) -> str | None:
        return self._keys.person(request.cookies)

    def _seat(self, answer: Response, person: str) -> None:
        answer.set_cookie(PERSON, self._keys.signed(person), httponly=True, samesite="strict")


async def _form(request: Request) -> dict[str, Any]:
    """What a browser sent; empty where that is no form, or it went away before the end."""
    try:
        form = orjson.loads(await request.body())
    except (orjson.JSONDecodeError, ClientDisconnect):
        return {}
    return form if isinstance(form, dict) else {}
