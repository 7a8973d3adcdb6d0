"""The simulated Replicate API."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from PIL import Image

from badapple.media import ffmpeg
from badapple.media.probe import MediaInfo, check_decodes, probe
from badapple.testing.simulators import Fault, Simulators
from badapple.testing.simulators.clock import stamp

Ask = Callable[..., httpx.Response]

Outputs = Callable[[httpx.Response], list[bytes]]
_FLUX, _HAILUO, _LTX = "black-forest-labs/flux-schnell", "minimax/hailuo-2.3-fast", "lightricks/ltx-2.3-fast"


@pytest.fixture
def get(ask: Ask) -> Callable[[str], Any]:
    return lambda name: ask("replicate", "GET", f"/v1/predictions/{name}").json()


@pytest.fixture
def outputs(sims: Simulators, get: Callable[[str], Any], http: httpx.Client) -> Callable[[httpx.Response], list[bytes]]:
    """What a prediction made, once its time is up."""

    def download(reply: httpx.Response) -> list[bytes]:
        sims.clock.advance(seconds=1)
        found = get(reply.json()["id"])["output"]
        return [http.get(address).content for address in (found if isinstance(found, list) else [found])]

    return download


def test_a_prediction_lives_by_the_clock(sims: Simulators, create: Ask, get: Callable[[str], Any]) -> None:
    sims.latency.set({_FLUX: 100})
    made = create(_FLUX, prompt="soft")
    assert (made.status_code, made.json()["status"]) == (201, "starting")
    seen = []
    for seconds in (3, 96, 2):
        sims.clock.advance(seconds=seconds)
        body = get(made.json()["id"])
        seen.append((body["status"], body["output"] is not None))
    assert seen == [("processing", False), ("processing", False), ("succeeded", True)]
    assert body["metrics"]["total_time"] == 100


def test_its_data_are_deleted_after_an_hour(
    sims: Simulators, create: Ask, get: Callable[[str], Any], http: httpx.Client
) -> None:
    name = create(_FLUX, prompt="soft").json()["id"]
    sims.clock.advance(seconds=1)
    output = get(name)["output"][0]
    assert http.get(output).status_code == 200
    sims.clock.advance(seconds=3700)
    body = get(name)
    assert (body["status"], body["data_removed"], body["output"], body["input"]) == ("succeeded", True, None, {})
    assert http.get(output).status_code == 404


@pytest.mark.parametrize(
    ("does", "status", "refunded"),
    [
        ("failed", "failed", True),
        ("nsfw", "failed", True),
        ("aborted", "aborted", True),
        ("canceled", "canceled", False),
        ("data_removed", "succeeded", False),
    ],
)
def test_it_can_end_badly(
    sims: Simulators, create: Ask, get: Callable[[str], Any], does: str, status: str, *, refunded: bool
) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", does=does)])
    name = create(_FLUX, prompt="soft").json()["id"]
    sims.clock.advance(seconds=1)
    body = get(name)
    assert (body["status"], body["output"]) == (status, None)
    assert bool(body["error"]) is (status == "failed")
    assert sims.total() == (0 if refunded else 3000)


def test_a_cancel_before_the_start_costs_nothing_and_later_everything(sims: Simulators, create: Ask, ask: Ask) -> None:
    sims.latency.set({_FLUX: 100})
    for wait, total in ((0, 0), (50, 3000)):
        name = create(_FLUX, prompt=f"soft {wait}").json()["id"]
        sims.clock.advance(seconds=wait)
        assert ask("replicate", "POST", f"/v1/predictions/{name}/cancel").json()["status"] == "canceled"
        assert sims.total() == total


def test_a_deadline_is_kept_by_the_server(sims: Simulators, create: Ask, get: Callable[[str], Any]) -> None:
    sims.latency.set({_FLUX: 100})
    body = create(_FLUX, prompt="soft", headers={"cancel-after": "1m"}).json()
    assert body["deadline"] > body["created_at"]
    sims.clock.advance(seconds=61)
    assert get(body["id"])["status"] == "canceled"
    sims.set_faults([Fault(route="create", does="stuck")])
    name = create(_FLUX, prompt="soft", headers={"cancel-after": "5s"}).json()["id"]
    sims.clock.advance(seconds=6)
    assert get(name)["status"] == "aborted"
    assert create(_FLUX, prompt="soft", headers={"cancel-after": "4s"}).status_code == 422


def test_it_waits_when_asked_to(sims: Simulators, create: Ask) -> None:
    done = create(_FLUX, prompt="soft", headers={"prefer": "wait=5"})
    assert (done.status_code, done.json()["status"]) == (201, "succeeded")
    sims.latency.set({_FLUX: 100})
    held = create(_FLUX, prompt="soft", headers={"prefer": "wait=1"})
    assert (held.status_code, held.json()["status"]) == (202, "starting")


def test_output_may_be_there_before_the_end(sims: Simulators, create: Ask, get: Callable[[str], Any]) -> None:
    sims.latency.set({_FLUX: 100})
    sims.set_faults([Fault(route="create", does="early_output")])
    name = create(_FLUX, prompt="soft").json()["id"]
    sims.clock.advance(seconds=10)
    body = get(name)
    assert body["status"] == "processing"
    assert body["output"]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "prompt is required"),
        ({"prompt": "x", "aspect_ratio": "9:17"}, "aspect_ratio"),
        ({"prompt": "x", "num_outputs": 5}, "num_outputs"),
        ({"prompt": "x", "colour": "red"}, "Additional property colour is not allowed"),
        ({"prompt": 7}, "prompt"),
    ],
)
def test_a_wrong_input_is_refused_and_costs_nothing(
    sims: Simulators, create: Ask, inputs: dict[str, Any], said: str
) -> None:
    reply = create(_FLUX, **inputs)
    assert (reply.status_code, reply.json()["title"]) == (422, "Input validation failed")
    assert said in reply.json()["detail"]
    assert sims.charges == ()


def test_a_picture_that_is_none_makes_it_fail(create: Ask, get: Callable[[str], Any], sims: Simulators) -> None:
    name = create(_HAILUO, prompt="x", first_frame_image="data:image/jpeg;base64,aGVsbG8=").json()["id"]
    sims.clock.advance(seconds=1)
    assert get(name)["error"] == "cannot identify image file"


def test_the_list_lags_and_is_bounded_by_time(sims: Simulators, create: Ask, ask: Ask) -> None:
    sims.replicate.list_lag = 10.0
    sims.clock.advance(seconds=-100)
    create(_FLUX, prompt="old")
    sims.clock.advance(seconds=100)
    began = stamp(sims.clock.now())
    name = create(_FLUX, prompt="new").json()["id"]

    def found() -> list[str]:
        listed = ask("replicate", "GET", "/v1/predictions", params={"created_after": began})
        return [one["id"] for one in listed.json()["results"]]

    assert found() == []
    sims.clock.advance(seconds=11)
    assert found() == [name]
    assert ask("replicate", "GET", "/v1/predictions?created_after=yesterday").status_code == 400


def test_long_inputs_come_back_cut(sims: Simulators, create: Ask, data_url: str) -> None:
    body = create(_HAILUO, prompt="x", first_frame_image=data_url).json()
    assert body["input"]["first_frame_image"] == data_url[:2000] + "..."
    assert body["input"]["prompt"] == "x"
    sims.replicate.echo_limit = 1 << 30
    assert create(_HAILUO, prompt="x", first_frame_image=data_url).json()["input"]["first_frame_image"] == data_url


def test_its_schema_is_one_that_validators_take(ask: Ask, data_url: str) -> None:
    document = ask("replicate", "GET", f"/v1/models/{_HAILUO}").json()["latest_version"]["openapi_schema"]
    schema = document | {"$ref": "#/components/schemas/Input"}
    jsonschema.validate({"prompt": "x", "first_frame_image": data_url, "duration": 6}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"prompt": "x", "first_frame_image": data_url, "duration": 7}, schema)


def test_a_changed_schema_holds_for_creates_too(sims: Simulators, ask: Ask, create: Ask, data_url: str) -> None:
    sims.set_faults([Fault(vendor="replicate", route="model", does="schema_change")])
    document = ask("replicate", "GET", f"/v1/models/{_HAILUO}").json()["latest_version"]["openapi_schema"]
    assert document["components"]["schemas"]["Input"]["required"] == ["prompt", "start_image"]
    assert create(_HAILUO, prompt="x", first_frame_image=data_url).status_code == 422
    assert create(_HAILUO, prompt="x", start_image=data_url).status_code == 201


def look(film: bytes, folder: Path) -> MediaInfo:
    path = folder / "film.mp4"
    path.write_bytes(film)
    check_decodes(path, ffmpeg=ffmpeg.locate())
    return probe(path, ffmpeg=ffmpeg.locate())


def test_a_film_has_the_shape_of_its_first_frame(create: Ask, outputs: Outputs, tmp_path: Path, data_url: str) -> None:
    (made,) = outputs(create(_HAILUO, prompt="push in", first_frame_image=data_url))
    info = look(made, tmp_path)
    assert (info.width, info.height, float(info.fps), info.audio_codec) == (768, 1366, 24, "")
    assert info.duration == pytest.approx(5.9, abs=0.05)


def test_a_film_can_be_too_short(
    sims: Simulators, create: Ask, outputs: Outputs, tmp_path: Path, data_url: str
) -> None:
    sims.set_faults([Fault(route="create", does="short_clip")])
    (made,) = outputs(create(_HAILUO, prompt="push in", first_frame_image=data_url))
    assert look(made, tmp_path).duration == 3


def test_a_film_without_a_picture_is_a_moving_gradient_with_sound(
    sims: Simulators, create: Ask, outputs: Outputs, tmp_path: Path
) -> None:
    (made,) = outputs(create(_LTX, prompt="a calm sea", aspect_ratio="9:16", duration=6))
    info = look(made, tmp_path)
    assert (info.width, info.height, float(info.fps), info.duration) == (1080, 1920, 25, 6)
    assert info.audio_codec == "aac"
    assert sims.total() == 360_000


@pytest.mark.parametrize(("form", "kind"), [("png", "PNG"), ("webp", "WEBP"), ("jpg", "JPEG")])
def test_pictures_have_the_format_asked_for(create: Ask, outputs: Outputs, form: str, kind: str) -> None:
    asked = {"prompt": "soft teal", "aspect_ratio": "9:16", "output_format": form, "num_outputs": 2}
    first, second = outputs(create(_FLUX, **asked))
    picture = Image.open(io.BytesIO(first))
    assert (picture.format, picture.size) == (kind, (768, 1344))
    assert len(picture.convert("RGB").resize((20, 20)).getcolors(400) or ()) > 100
    assert first != second


def test_files_are_uploaded_and_used(sims: Simulators, ask: Ask, create: Ask, outputs: Outputs, photo: bytes) -> None:
    made = ask("replicate", "POST", "/v1/files", files={"content": ("p.jpg", photo, "image/jpeg")})
    assert made.status_code == 201
    assert made.json()["checksums"]["sha256"] == hashlib.sha256(photo).hexdigest()
    (film,) = outputs(create(_HAILUO, prompt="x", first_frame_image=made.json()["urls"]["get"]))
    assert film[4:8] == b"ftyp"
    assert ask("replicate", "GET", "/v1/files").json()["results"] == [made.json()]


def test_little_credit_means_six_a_minute(sims: Simulators, create: Ask) -> None:
    sims.set_faults([Fault(vendor="replicate", route="create", does="low_credit")])
    assert create(_FLUX, prompt="one").status_code == 201
    refused = create(_FLUX, prompt="two")
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    sims.clock.advance(seconds=refused.json()["retry_after"])
    assert create(_FLUX, prompt="two").status_code == 201
    assert len(sims.charges) == 2
