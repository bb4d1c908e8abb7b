"""Answers of a server: a real one (`transformers serve`), and one that does all that a server should not."""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from schemas.config import Evaluate
from schemas.exits import RunFailedError, UserError
from schemas.problem import Format
from training.asking import Item
from training.backend import Query
from training.judge import judge_response
from training.served import Served
from training.shards import Example

FENCE = "```output\n"
PROGRAM = "```python\nprint(2 + 3)\n```\n"


def query(number=0, form="cot"):
    example = Example(f"mine-{number}", f"mine-{number}", "What is 2+3?", Format(form), (), "5", "en", "mine")
    return Query("mine", Item(example, "5"), 0)


def completion(text, reason="stop", tokens=7, **more):
    choice = {"text": text, "message": {"content": text}, "finish_reason": reason, **more}
    return {"choices": [choice], "usage": {"completion_tokens": tokens}}


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler, dict | None], object]):
    """A server whose completions are `answer(handler, request)`: a body, a (status, body), or None: it wrote itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply({"data": [{"id": "tiny"}]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = answer(self, body)
            if found is not None:
                self.reply(*(found[::-1] if isinstance(found, tuple) else (found,)))

        def reply(self, body, status=200):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked(url, queries, *, endpoint=None, **changes):
    """What came back, by problem."""
    settings = Evaluate.model_validate(
        {"formats": ["cot", "pot"], "endpoint": {"retries": 2, "concurrency": 4, **(endpoint or {})}, **changes}
    )
    served = Served(url, settings, first_pause_s=0.01)
    return {found.item.example.id: response for batch in served.respond(queries, ()) for found, response in batch}


def test_a_server_is_asked_as_a_chat_and_its_answer_is_judged():
    bodies = []

    def answer(_handler, body):
        bodies.append(body)
        return completion(r"It is \boxed{5}.")

    with serving(answer) as url:
        (response,) = asked(url, [query()], max_new_tokens=99).values()
    assert judge_response(query().item, response, Evaluate().limits).passed
    assert (response.ended, response.tokens) == (True, 7)
    (body,) = bodies
    assert body["messages"] == [{"role": "user", "content": query().item.example.request}]
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("tiny", 99, 0.0)


def test_what_a_thinking_server_keeps_apart_is_put_before_the_answer():
    found = completion("")["choices"][0] | {"message": {"content": r"\boxed{5}", "reasoning_content": "Hm."}}
    with serving(lambda _handler, _body: {"choices": [found]}) as url:
        (response,) = asked(url, [query()]).values()
    assert response.text == "<think>\nHm.\n</think>\n\\boxed{5}"


@pytest.mark.parametrize("way", ["whole", "cut and told", "cut"])
def test_a_dialogue_stops_at_the_fence_however_a_server_cuts_it(way):
    """With a prompt of worked examples, so that no tokenizer is needed."""
    prompts = []

    def answer(_handler, body):
        prompts.append(body["prompt"])
        if len(prompts) > 1:
            return completion(r"So \boxed{5}.")
        assert FENCE in body["stop"]
        return {
            "whole": completion(PROGRAM + FENCE),
            "cut and told": completion(PROGRAM, stop_reason=FENCE),
            "cut": completion(PROGRAM),
        }[way]

    with serving(answer) as url:
        (response,) = asked(url, [query(form="tir")], formats=["tir"], prompt="fewshot").values()
    assert response.text == f"{PROGRAM}{FENCE}5\n```\nSo \\boxed{{5}}."
    assert (response.tool_calls, response.tokens) == (1, 14)
    assert prompts[1] == f"{prompts[0]}{PROGRAM}{FENCE}5\n```\n"
    assert judge_response(query(form="tir").item, response, Evaluate().limits).passed


def test_a_forged_output_is_cut_off_and_the_tools_own_put_in_its_place():
    turns = [f"{PROGRAM}{FENCE}99\n```\nSo \\boxed{{99}}.", r"So \boxed{5}."]
    with serving(lambda _handler, _body: completion(turns.pop(0))) as url:
        (response,) = asked(url, [query(form="tir")], formats=["tir"], prompt="fewshot").values()
    assert "99" not in response.text
    assert response.tool_calls == 1


def test_an_output_that_no_program_of_ours_wrote_does_not_count():
    with serving(lambda _handler, _body: completion(f"{FENCE}5\n```\nSo \\boxed{{5}}.", "length")) as url:
        (response,) = asked(url, [query(form="tir")], formats=["tir"], prompt="fewshot", max_tool_calls=0).values()
    judged = judge_response(query(form="tir").item, response, Evaluate().limits)
    assert not judged.passed


def test_a_server_that_never_lets_a_program_end_is_left_at_the_limit():
    with serving(lambda _handler, _body: completion(PROGRAM + FENCE)) as url:
        (response,) = asked(
            url, [query(form="tir")], formats=["tir"], prompt="fewshot", max_tool_calls=3, max_new_tokens=1000
        ).values()
    assert (response.tool_calls, response.ended) == (3, False)


def half_a_line(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"te')
    handler.close_connection = True


def no_json(handler):
    handler.reply(b'{"choices": [{"text": "It is')


def hangs_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def busy(handler):
    handler.reply({"error": "busy"}, 503)


def without_choices(handler):
    handler.reply({"error": {"message": "worker died"}})


FAULTS = [half_a_line, no_json, hangs_up, busy, without_choices]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_that_broke_is_sent_again(fault):
    faults = [fault, fault]

    def answer(handler, _body):
        if faults:
            faults.pop()(handler)
            return None
        return completion(r"\boxed{5}")

    with serving(answer) as url:
        (response,) = asked(url, [query()]).values()
    assert response.text == r"\boxed{5}"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_stays_broken_ends_the_evaluation_in_one_line(fault):
    with (
        serving(lambda handler, _body: fault(handler)) as url,
        pytest.raises(RunFailedError, match=r"no answer after 3 of 3 tries: .*the same command goes on"),
    ):
        asked(url, [query()])


def test_what_came_before_a_server_died_is_kept():
    came = []

    def answer(_handler, _body):
        if len(came) > 5:
            return 503, {"error": "dying"}
        came.append(1)
        return completion(r"\boxed{5}")

    settings = Evaluate.model_validate({"formats": ["cot"], "endpoint": {"retries": 1, "concurrency": 2}})
    found = []
    with serving(answer) as url:
        served = Served(url, settings, first_pause_s=0.01)
        batches = served.respond([query(number) for number in range(40)], ())
        with pytest.raises(RunFailedError, match="HTTP 503"):
            found.extend(response for batch in batches for _, response in batch)
    assert len(found) == 6


def test_nobody_there_is_one_line():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(RunFailedError, match=r"no answer after 3 of 3 tries: ConnectError"):
        asked(f"http://127.0.0.1:{port}", [query()])


@pytest.mark.parametrize("part", ["body", "head"])
def test_a_server_that_drips_has_one_deadline_for_all_of_it(part):
    over = threading.Event()

    def answer(handler, _body):
        if part == "body":
            handler.send_response(200)
            handler.end_headers()
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not over.wait(0.05):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return None
        return None

    began = time.monotonic()
    with (
        serving(answer) as url,
        pytest.raises(RunFailedError, match=r"not done after 0.4 s"),
    ):
        asked(url, [query()], endpoint={"timeout_s": 0.4, "retries": 0})
    over.set()
    assert time.monotonic() - began < 5


def test_a_server_that_sends_without_end_is_cut_off():
    def answer(handler, _body):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" " * (1 << 20))
        except OSError:
            return None

    with serving(answer) as url, pytest.raises(RunFailedError, match="sent more than 16 MiB"):
        asked(url, [query()], endpoint={"retries": 0})


def test_a_request_that_is_refused_is_an_answer_that_is_not_right():
    def answer(_handler, body):
        refused = body["messages"][0]["content"].startswith("long")
        return (400, {"error": "too long"}) if refused else completion(r"\boxed{5}")

    long = Example("mine-9", "mine-9", "long", Format.COT, (), "5", "en", "mine")
    with serving(answer) as url:
        found = asked(url, [query(), Query("mine", Item(long, "5"), 0)])
    judged = judge_response(Item(long, "5"), found["mine-9"], Evaluate().limits)
    assert (judged.outcome, judged.detail) == ("refused", 'HTTP 400: {"error": "too long"}')
    assert found["mine-0"].refusal is None


def test_a_server_that_refuses_everything_is_told_so():
    with (
        serving(lambda _handler, _body: (400, {"error": "no such field"})) as url,
        pytest.raises(RunFailedError, match="refuses every request: HTTP 400"),
    ):
        asked(url, [query(number) for number in range(20)])


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_key_or_name_is_the_users(status):
    with (
        serving(lambda _handler, _body: (status, {"error": "no"})) as url,
        pytest.raises(UserError, match=r"look at evaluate\.endpoint"),
    ):
        asked(url, [query()])


def test_a_dialogue_needs_a_tokenizer():
    with pytest.raises(UserError, match=r"evaluate.endpoint.tokenizer: in tir .*leave tir out"):
        asked("http://127.0.0.1:9", [query(form="tir")], formats=["tir"])


def test_a_key_is_sent_and_written_nowhere():
    seen = []

    def answer(handler, _body):
        seen.append(handler.headers["Authorization"])
        return completion(r"\boxed{5}")

    with serving(answer) as url:
        asked(url, [query()], endpoint={"key": "sesame"})
    assert seen == ["Bearer sesame"]
    settings = Evaluate.model_validate({"endpoint": {"key": "sesame"}})
    assert "sesame" not in settings.model_dump_json() + repr(settings)
