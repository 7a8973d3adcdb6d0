"""What goes wrong on the way, whoever the vendor is."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from badapple.errors import ConfigError
from badapple.testing.simulators import Fault, Simulators
from badapple.testing.simulators.faults import BEHAVIOURS, ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., httpx.Response]

_FLUX = "black-forest-labs/flux-schnell"


def test_a_fault_meets_the_requests_it_counts(sims: Simulators, create: Ask) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", nth=(2,), status=500, match="two")])
    codes = [create(_FLUX, prompt=prompt).status_code for prompt in ("two", "one", "two", "two")]
    assert codes == [201, 201, 500, 201]


def test_a_status_means_that_nothing_was_done_unless_it_acts(sims: Simulators, create: Ask) -> None:
    sims.set_faults(
        [Fault(route="create", nth=(1,), status=503), Fault(route="create", nth=(2,), status=503, acts=True)]
    )
    assert create(_FLUX, prompt="one").status_code == 503
    assert sims.charges == ()
    assert create(_FLUX, prompt="one").status_code == 503
    assert len(sims.charges) == 1


@pytest.mark.parametrize(("drop", "charges"), [("before", 0), ("after", 1)])
def test_a_connection_is_dropped(sims: Simulators, create: Ask, drop: Any, charges: int) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", drop=drop)])
    with pytest.raises(httpx.TransportError):
        create(_FLUX, prompt="one")
    assert len(sims.charges) == len(sims.replicate.predictions) == charges
    assert sims.exchanges[-1].status == 0


@pytest.mark.parametrize(("does", "charges"), [("hang", 0), ("hang_after", 1)])
def test_an_answer_never_comes(sims: Simulators, create: Ask, does: str, charges: int, ask: Ask) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", does=does)])
    with pytest.raises(httpx.ReadTimeout):
        ask("replicate", "POST", f"/v1/models/{_FLUX}/predictions", {"input": {"prompt": "one"}}, timeout=0.1)
    assert len(sims.charges) == charges


def test_a_body_is_replaced(sims: Simulators, ask: Ask) -> None:
    page = "<html>502 Bad Gateway</html>"
    sims.set_faults(
        [
            Fault(route="account", nth=(1,), status=502, body=page, headers={"x-by": "proxy"}),
            Fault(route="account", nth=(2,), body={"username": 7}),
            Fault(route="account", nth=(3,), content_type="text/plain"),
        ]
    )
    first, second, third = (ask("replicate", "GET", "/v1/account") for _ in range(3))
    assert (first.status_code, first.text, first.headers["x-by"]) == (502, page, "proxy")
    assert (second.status_code, second.json()) == (200, {"username": 7})
    assert third.headers["content-type"] == "text/plain"


def test_a_body_is_cut(sims: Simulators, ask: Ask) -> None:
    sims.set_faults([Fault(route="account", nth=(1,), truncate=9), Fault(route="account", truncate=9, drop="after")])
    assert ask("replicate", "GET", "/v1/account").text == '{"type": '
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        ask("replicate", "GET", "/v1/account")


def test_an_answer_comes_late_and_slowly(sims: Simulators, ask: Ask) -> None:
    sims.set_faults([Fault(route="account", delay=0.1), Fault(route="secret", drip=400)])
    began = time.monotonic()
    ask("replicate", "GET", "/v1/account")
    assert time.monotonic() - began > 0.1
    began = time.monotonic()
    assert ask("replicate", "GET", "/v1/webhooks/default/secret").json()["key"].startswith("whsec_")
    assert time.monotonic() - began > 0.1


@pytest.mark.parametrize("vendor", ["anthropic", "elevenlabs", "replicate"])
def test_a_rate_limit_says_when_to_come_again(sims: Simulators, ask: Ask, vendor: str) -> None:
    path = {"anthropic": "/v1/models", "elevenlabs": "/v1/models", "replicate": "/v1/account"}[vendor]
    sims.set_faults([Fault(does="rate_limit", retry_after=2.5)])
    reply = ask(vendor, "GET", path)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "2.5")


@pytest.mark.parametrize("does", ["wrong_media", "gone"])
def test_a_file_is_not_what_it_should_be(sims: Simulators, create: Ask, http: httpx.Client, does: str) -> None:
    done = create(_FLUX, prompt="soft", headers={"prefer": "wait=5"}).json()
    sims.set_faults([Fault(vendor="replicate", route="file", does=does)])
    reply = http.get(done["output"][0])
    assert (reply.status_code, reply.headers["content-type"]) == (
        (200, "text/html") if does == "wrong_media" else (404, "application/json")
    )


def test_requests_are_recorded_with_their_connections(sims: Simulators, http: httpx.Client) -> None:
    address = f"{sims.address('replicate')}/v1/account?x=1"
    for _ in range(2):
        http.get(address)
    httpx.get(address)
    first, second, third = sims.requests
    assert first.connection == second.connection != third.connection
    assert (first.vendor, first.route, first.method, first.path) == ("replicate", "account", "GET", "/v1/account")
    assert first.query == {"x": "1"}
    assert [exchange.status for exchange in sims.exchanges] == [401, 401, 401]


def test_faults_are_read_from_json() -> None:
    text = json.dumps(
        [{"vendor": "replicate", "route": "create", "nth": 1, "does": "failed", "body": "x"}, {"status": 500}]
    )
    first, second = Fault.read(text)
    assert first == Fault(vendor="replicate", route="create", nth=(1,), does="failed", body="x")
    assert (second.nth, second.status) == (None, 500)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("{}", "must be a JSON list"),
        ('[{"does": "explode"}]', "no fault does 'explode'"),
        ('[{"vendor": "openai"}]', "no simulator is called 'openai'"),
        ('[{"vendor": "replicate", "route": "tts"}]', "replicate has no route 'tts'"),
        ('[{"route": "nowhere"}]', "has no route 'nowhere'"),
        ('[{"times": 3}]', "a fault has no times"),
    ],
)
def test_a_fault_that_makes_no_sense_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Fault.read(text)


def test_every_field_route_and_behaviour_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "simulators.md").read_text(encoding="utf-8")
    names = [
        *BEHAVIOURS,
        *(item.name for item in fields(Fault)),
        *(name for routes in ROUTES.values() for name in routes),
    ]
    assert [name for name in names if f"`{name}`" not in text and f'"{name}"' not in text] == []


_POSTS = [
    ("anthropic", "/v1/messages"),
    ("elevenlabs", "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb/with-timestamps"),
    ("replicate", f"/v1/models/{_FLUX}/predictions"),
    ("replicate", "/v1/predictions"),
    ("replicate", "/v1/files"),
]
_MESSAGE = {"model": "claude-haiku-5-5", "max_tokens": 9}


@pytest.mark.parametrize(("vendor", "path"), _POSTS)
@pytest.mark.parametrize(
    "body",
    [
        None, [], "x", 7, {}, {"input": 7}, {"input": {}}, {"input": {"prompt": "x"}, "webhook": 7}, {"version": 7},
        {"text": 7}, {"text": "x", "voice_settings": 7}, {"text": "x", "seed": "x"}, {"text": "x", "model_id": []},
        _MESSAGE | {"messages": "x"}, _MESSAGE | {"messages": ["x"]}, _MESSAGE | {"messages": [{"role": "user"}]},
        _MESSAGE | {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        _MESSAGE | {"messages": [{"role": "user", "content": "x"}], "output_config": 7},
        _MESSAGE | {"messages": [{"role": "user", "content": "x"}], "output_config": {"format": {"type": "text"}}},
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_costs_nothing(sims: Simulators, ask: Ask, vendor: str, path: str, body: Any) -> None:
    assert 400 <= ask(vendor, "POST", path, body).status_code < 500
    assert sims.charges == ()


@pytest.mark.parametrize(
    ("vendor", "path"),
    [
        ("elevenlabs", "/v2/voices?page_size=many"),
        ("elevenlabs", "/v1/history?page_size=many"),
        ("elevenlabs", "/v1/history?date_after_unix=soon"),
        ("elevenlabs", "/v1/history/none/audio"),
        ("replicate", "/v1/predictions?cursor=none"),
        ("replicate", "/v1/predictions?created_after=soon"),
        ("replicate", "/v1/predictions/none"),
        ("replicate", "/v1/files/none"),
        ("replicate", "/delivery/none/out-0.mp4"),
        ("replicate", "/v1/models/no/model"),
        ("anthropic", "/v1/models/none"),
        ("anthropic", "/v9"),
    ],
)
def test_a_nonsensical_question_is_refused(ask: Ask, vendor: str, path: str) -> None:
    assert 400 <= ask(vendor, "GET", path).status_code < 500


def test_many_requests_at_once_are_all_counted(sims: Simulators, create: Ask) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", nth=(3, 7), status=500)])
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: codes.append(create(_FLUX, prompt=f"{n}").status_code)) for n in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201] * 7 + [500] * 2
    assert len(sims.charges) == 7
