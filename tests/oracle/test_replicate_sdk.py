"""Replicate's own SDK talks to the simulated API."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from replicate.client import Client
from replicate.exceptions import ModelError, ReplicateError
from replicate.webhook import InvalidSignatureError, InvalidTimestampError, Webhooks, WebhookSigningSecret

from badapple.testing.simulators import Fault, Simulators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HAILUO = "minimax/hailuo-2.3-fast"
_FLUX = "black-forest-labs/flux-schnell"


@pytest.fixture
def client(sims: Simulators) -> Iterator[Client]:
    env = sims.environment()
    client = Client(api_token=env["REPLICATE_API_TOKEN"], base_url=env["REPLICATE_BASE_URL"])
    client.poll_interval = 0.02
    yield client
    client._client.close()


def test_a_prediction_lives_from_its_creation_to_its_file(
    sims: Simulators, client: Client, photo: str, judge: Callable[[Simulators], None]
) -> None:
    asked = {"prompt": "slow push in", "first_frame_image": f"data:image/jpeg;base64,{photo}", "duration": 6}
    prediction = client.models.predictions.create(_HAILUO, input=asked)
    assert (str(prediction.status), prediction.output) == ("starting", None)
    assert prediction.input is not None
    assert len(prediction.input["first_frame_image"]) < 2100
    prediction.wait()
    assert str(prediction.status) == "succeeded"
    assert httpx.get(str(prediction.output)).content[4:8] == b"ftyp"
    assert sims.total("replicate") == 190_000
    judge(sims)


def test_the_list_is_paged(sims: Simulators, client: Client, judge: Callable[[Simulators], None]) -> None:
    sims.replicate.page_size = 2
    made = [client.predictions.create(version=_FLUX, input={"prompt": f"soft {n}"}).id for n in range(5)]
    page = client.predictions.list()
    found = [one.id for one in page.results]
    while page.next:
        page = client.predictions.list(page.next)
        found += [one.id for one in page.results]
    assert found == made[::-1]
    judge(sims)


def test_a_running_prediction_is_cancelled(sims: Simulators, client: Client) -> None:
    sims.latency.set({_FLUX: 60.0})
    prediction = client.predictions.create(version=_FLUX, input={"prompt": "soft"})
    prediction.cancel()
    prediction.reload()
    assert prediction.status == "canceled"


def test_models_account_and_secret_are_parsed(
    sims: Simulators, client: Client, judge: Callable[[Simulators], None]
) -> None:
    model = client.models.get(_HAILUO)
    assert model.latest_version is not None
    schemas = model.latest_version.openapi_schema["components"]["schemas"]
    assert schemas["Input"]["required"] == ["prompt", "first_frame_image"]
    assert schemas["duration"]["enum"] == [6, 10]
    assert client.accounts.current().username == "simulated"
    assert client.webhooks.default.secret().key.startswith("whsec_")
    judge(sims)


def test_run_returns_the_output(client: Client) -> None:
    output: Any = client.run(_FLUX, input={"prompt": "soft", "aspect_ratio": "9:16", "output_format": "png"})
    assert httpx.get(output[0]).content[:4] == b"\x89PNG"


def test_a_failed_run_raises_what_the_model_said(sims: Simulators, client: Client) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", does="failed", body="CUDA error")])
    with pytest.raises(ModelError, match="CUDA error"):
        client.run(_FLUX, input={"prompt": "soft"})
    assert (sims.total(), sims.charges[0].refunded) == (0, 3000)


@pytest.mark.parametrize(("fault", "status"), [("rate_limit_json", 429), ("no_credit", 402), ("unauthorized", 401)])
def test_errors_carry_their_status(
    sims: Simulators, client: Client, fault: str, status: int, judge: Callable[[Simulators], None]
) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", does=fault)])
    with pytest.raises(ReplicateError) as caught:
        client.predictions.create(version=_FLUX, input={"prompt": "soft"})
    assert caught.value.status == status
    assert caught.value.detail
    assert sims.charges == ()
    judge(sims)


def test_a_wrong_input_is_refused_by_name(client: Client) -> None:
    with pytest.raises(ReplicateError) as caught:
        client.models.predictions.create(_HAILUO, input={"prompt": "x", "duration": 7})
    assert caught.value.status == 422
    assert "first_frame_image is required" in str(caught.value.detail)


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[tuple[dict[str, str], str]]]]:
    """An address that takes webhooks, and what came."""
    came: list[tuple[dict[str, str], str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            came.append((dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook?op=7", came
    server.shutdown()
    server.server_close()
    thread.join()


Mailbox = tuple[str, list[tuple[dict[str, str], str]]]


def hooked(sims: Simulators, client: Client, mailbox: Mailbox, does: str | None, count: int) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", does=does)])
    prediction = client.predictions.create(
        version=_FLUX, input={"prompt": "soft"}, webhook=mailbox[0], webhook_events_filter=["start", "completed"]
    )
    for _ in range(200):
        if len(sims.webhooks(prediction.id)) >= count:
            break
        time.sleep(0.02)
    assert len(mailbox[1]) == len(sims.webhooks(prediction.id)) == count


def check(client: Client, mail: tuple[dict[str, str], str]) -> None:
    secret: WebhookSigningSecret = client.webhooks.default.secret()
    Webhooks.validate(headers=mail[0], body=mail[1], secret=secret, tolerance=300)


def test_webhooks_pass_the_sdks_own_check(sims: Simulators, client: Client, mailbox: Mailbox) -> None:
    hooked(sims, client, mailbox, None, 2)
    for mail in mailbox[1]:
        check(client, mail)
    assert '"status": "processing"' in mailbox[1][0][1]
    assert '"status": "succeeded"' in mailbox[1][1][1]


@pytest.mark.parametrize(
    ("does", "error"), [("forged_webhook", InvalidSignatureError), ("late_webhook", InvalidTimestampError)]
)
def test_bad_webhooks_fail_the_sdks_own_check(
    sims: Simulators, client: Client, mailbox: Mailbox, does: str, error: type[Exception]
) -> None:
    hooked(sims, client, mailbox, does, 2)
    for mail in mailbox[1]:
        with pytest.raises(error):
            check(client, mail)


def test_webhooks_come_twice_under_one_id(sims: Simulators, client: Client, mailbox: Mailbox) -> None:
    hooked(sims, client, mailbox, "duplicate_webhook", 4)
    ids = [{name.lower(): value for name, value in mail[0].items()}["webhook-id"] for mail in mailbox[1]]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_webhooks_come_in_the_wrong_order(sims: Simulators, client: Client, mailbox: Mailbox) -> None:
    hooked(sims, client, mailbox, "reordered_webhook", 2)
    assert '"status": "succeeded"' in mailbox[1][0][1]
    assert '"status": "processing"' in mailbox[1][1][1]
