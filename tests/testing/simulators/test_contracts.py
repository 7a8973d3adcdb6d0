"""The contracts that every request and answer must keep."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from badapple.testing.simulators import Fault, Simulators, contracts
from badapple.testing.simulators.contracts import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    Ask = Callable[..., httpx.Response]

_FLUX = "black-forest-labs/flux-schnell"


def test_every_route_keeps_its_contract(
    sims: Simulators, ask: Ask, create: Ask, speak: Ask, judge: Callable[[Simulators], None]
) -> None:
    item = speak("Hello.").headers["history-item-id"]
    name = create(_FLUX, prompt="soft").json()["id"]
    for vendor, path in (
        ("anthropic", "/v1/models"), ("anthropic", "/v1/models/claude-haiku-5-5"),
        ("elevenlabs", "/v1/history"), ("elevenlabs", f"/v1/history/{item}"),
        ("elevenlabs", f"/v1/history/{item}/audio"), ("elevenlabs", "/v1/models"),
        ("elevenlabs", "/v1/user/subscription"), ("elevenlabs", "/v2/voices"),
        ("replicate", f"/v1/predictions/{name}"), ("replicate", "/v1/predictions"), ("replicate", "/v1/account"),
        ("replicate", f"/v1/models/{_FLUX}"), ("replicate", "/v1/webhooks/default/secret"),
    ):  # fmt: skip
        assert ask(vendor, "GET", path).status_code == 200
    ask("replicate", "POST", f"/v1/predictions/{name}/cancel")
    judge(sims)


@pytest.mark.parametrize("vendor", ["anthropic", "elevenlabs", "replicate"])
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 429, 500, 502, 503, 504, 529])
def test_every_error_keeps_its_contract(
    sims: Simulators, ask: Ask, vendor: Any, status: int, judge: Callable[[Simulators], None]
) -> None:
    sims.set_faults([Fault(vendor=vendor, status=status)])
    path = "/v1/models" if vendor != "replicate" else "/v1/account"
    assert ask(vendor, "GET", path).status_code == status
    judge(sims)


@pytest.mark.parametrize(
    ("inputs", "headers", "said"),
    [
        ({"prompt": "x", "seed": "seven"}, {}, "seed"),
        ({"prompt": "x", "shape": "round"}, {}, "Additional property shape"),
        ({"prompt": "x"}, {"cancel-after": "soon"}, "no duration"),
        ({"prompt": "x"}, {"prefer": "wait=90"}, "1 to 60"),
        ({"prompt": "x"}, {"authorization": "secret"}, "no bearer token"),
    ],
)
def test_a_wrong_create_is_found(
    sims: Simulators, create: Ask, inputs: dict[str, Any], headers: dict[str, str], said: str
) -> None:
    create(_FLUX, headers=headers, **inputs)
    with pytest.raises(ContractError, match=said):
        contracts.check_request(sims.requests[-1])


def test_a_key_sent_to_the_host_of_the_files_is_found(sims: Simulators, create: Ask, ask: Ask) -> None:
    done = create(_FLUX, prompt="soft", headers={"prefer": "wait=5"}).json()
    ask("replicate", "GET", done["output"][0])
    with pytest.raises(ContractError, match="key is sent"):
        contracts.check(sims)


def test_a_message_keeps_its_contract(
    sims: Simulators, write: Ask, photo: bytes, judge: Callable[[Simulators], None]
) -> None:
    source = {"type": "base64", "media_type": "image/jpeg", "data": base64.b64encode(photo).decode("ascii")}
    schema = {"type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": False}
    assert write("Hello", picture=source, schema=schema).status_code == 200
    judge(sims)


def test_a_wrong_message_or_voice_is_found(sims: Simulators, write: Ask, speak: Ask) -> None:
    write("Hello", temperature=1)
    speak("Hello.", voice_settings={"speed": 2})
    for request in sims.requests:
        with pytest.raises(ContractError, match=r"temperature|speed"):
            contracts.check_request(request)


def test_an_unknown_route_is_found(sims: Simulators, ask: Ask) -> None:
    assert ask("elevenlabs", "GET", "/v9/voices").status_code == 404
    with pytest.raises(ContractError, match="no such route"):
        contracts.check(sims)


def test_a_wrong_answer_is_found_and_one_made_wrong_passed_over(sims: Simulators, ask: Ask) -> None:
    sims.set_faults([Fault(route="account", body={"username": 7})])
    ask("replicate", "GET", "/v1/account")
    (exchange,) = sims.exchanges
    contracts.check_reply(exchange)
    with pytest.raises(ContractError, match="username"):
        contracts.check_reply(replace(exchange, fault=None))
