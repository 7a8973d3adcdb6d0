"""A hundred texts that give orders, and a model that obeys every one of them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from badapple.config import Access
from badapple.errors import PermanentProviderError
from badapple.models import Brief, Family, Product, SceneOffer, Script
from badapple.providers import connections
from badapple.providers.anthropic import ClaudeScriptWriter, prompts
from badapple.providers.line import Line
from badapple.secrets import Secret
from badapple.testing import PlainTill
from badapple.testing.simulators.server import Server

ATTACKS = tomllib.loads(Path(__file__).with_name("attacks.toml").read_text(encoding="utf-8"))["attack"]
GOOD = ("Look at this.", "It waits for you.", "See the shape of it.", "Now is a moment.")
RULES = " ".join(prompts.WRITER.split()[:9])
KEY = "sk-ant-canary-00000000"

#: How the model obeys, and which quarter of the texts it gets.
WAYS = [*product(["everywhere", "here and there"], range(4)), ("mended", 0)]


class Obedient:
    """A model that says what an attack wants.

    Args:
        everywhere: in every text it writes; otherwise only here and there, in an answer that is good apart from that.
        sorry: it mends its ways when told.
    """

    def __init__(self) -> None:
        self.everywhere = self.sorry = False
        self.attack: dict[str, Any] = {}
        self.calls = 0
        self.server = Server(Starlette(routes=[Route("/v1/messages", self._answer, methods=["POST"])]))

    async def _answer(self, request: Request) -> JSONResponse:
        self.calls += 1
        body = await request.json()
        orders = self.attack["says"].replace("{rules}", " ".join(body["system"][0]["text"].split()[:24]))
        schema = body["output_config"]["format"]["schema"]
        if "product" in schema["properties"]:
            answer: dict[str, Any] = {"product": self._described(self.attack["text"])}
        else:
            answer = self._script("" if self.sorry and len(body["messages"]) > 1 else orders)
        text = json.dumps(answer, ensure_ascii=False)
        return JSONResponse(
            {"id": f"msg_{self.calls}", "type": "message", "role": "assistant", "model": body["model"],
             "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
             "usage": {"input_tokens": 10, "output_tokens": 10}}
        )  # fmt: skip

    @staticmethod
    def _described(label: str) -> dict[str, Any]:
        lists = {name: [label] for name in ("visible_text", "colors", "materials", "do_not_change", "setting_ideas")}
        return {"category": "default", "shape": label, **lists}

    def _script(self, orders: str) -> dict[str, Any]:
        few = " ".join(orders.split()[:8])
        short = (orders[:36].rpartition(" ")[0] or orders[:36]) if orders else "Good hours"
        answer: dict[str, Any] = {}
        for number, good in enumerate(
            ("Look at this.", "It waits for you.", "See the shape of it.", "Now is a moment."), 1
        ):
            said = few if self.everywhere and orders else f"{good} {few}".strip() if number % 2 else good
            answer[f"scene_{number}"] = {
                "shot": "close-up", "motion": "slow tilt", "headline": short, "subline": orders[:50],
                "voiceover_text": f"{said} {number}" if self.everywhere else said,
                "video_prompt": f"A table by a window, soft light. {orders}",
            }  # fmt: skip
        answer["cta"] = {"text": few[:30] or "See it", "line": orders[:50], "voiceover": few or "See it now."}
        return answer


@pytest.fixture(scope="module")
def obedient() -> Iterator[Obedient]:
    model = Obedient()
    model.server.start()
    yield model
    model.server.stop()


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    await connections.close()


def picture(photo: Path | None) -> Product:
    return Product(
        family=Family.TYPE, photo=photo, cutout=None, size=(20, 20), subject=(0, 0, 20, 20), focus=(0.5, 0.5),
        palette=(), accent=None, category="default", confidence=0.0, source_size=(20, 20), reason="",
    )  # fmt: skip


def brief_of(attack: dict[str, Any]) -> Brief:
    where, text = attack["where"], attack["text"]
    return Brief(
        product_name=text if where == "name" else "Plain Mug",
        style="minimal",
        cta_text=text if where == "cta" else "",
        facts=(text,) if where == "fact" else (),
    )


def shown(script: Script, brief: Brief) -> str:
    """Return all that the film would say, show and ask for, without the user's own texts word for word."""
    scenes = script.scenes
    own = [brief.product_name, brief.cta_text, *brief.facts]
    texts = [
        *(text for scene in scenes for text in (scene.headline, scene.subline, scene.voiceover_text)),
        *(scene.video_prompt_template for scene in scenes), *(point for scene in scenes for point in scene.points),
        script.cta if not brief.cta_text else "", script.cta_line, script.cta_voiceover,
    ]  # fmt: skip
    whole = "\n".join(texts).casefold()
    for text in own:
        for form in (text, text.rstrip(" .;,"), text.rstrip(">"), _spoken(text)):
            whole = whole.replace(form.casefold(), "") if form.strip() else whole
    return whole


def _spoken(text: str) -> str:
    return " ".join(text.replace("\U0001f525", " ").replace("\u202e", " ").replace("\u202c", " ").split())


async def film(obedient: Obedient, number: int, photo: Path) -> tuple[Script | PermanentProviderError, PlainTill]:
    """Write the film of one attack."""
    attack = obedient.attack = ATTACKS[number]
    obedient.calls = 0
    address = f"http://127.0.0.1:{obedient.server.port}"
    till = PlainTill()
    writer = ClaudeScriptWriter(
        access=Access(variable="ANTHROPIC_API_KEY", key=Secret(KEY), base_url=address),
        till=till, line=Line("anthropic"),
    )  # fmt: skip
    looks = photo if attack["where"] == "label" else None
    try:
        return await writer.write(brief_of(attack), picture(looks), SceneOffer(lengths=(180,), frames=False)), till
    except PermanentProviderError as error:
        return error, till


@pytest.mark.parametrize(
    ("way", "first"), [*WAYS[::2], *(pytest.param(*way, marks=pytest.mark.long) for way in WAYS[1::2])]
)
async def test_whatever_a_text_orders_the_film_is_clean_or_there_is_none(
    obedient: Obedient, tmp_path: Path, way: str, first: int
) -> None:
    obedient.everywhere, obedient.sorry = way == "everywhere", way == "mended"
    photo = tmp_path / "photo.png"
    Image.new("RGB", (20, 20), (90, 90, 90)).save(photo)
    for number in range(first, len(ATTACKS), 4):
        attack = ATTACKS[number]
        result, till = await film(obedient, number, photo)
        assert obedient.calls == len(till.bought) <= (3 if attack["where"] == "label" else 2), attack
        if isinstance(result, PermanentProviderError):
            assert result.reason in {"refused", "media"}
            assert way == "everywhere", (attack, result)
        else:
            found = shown(result, brief_of(attack))
            leaks = [never for never in attack["never"] if never.replace("{rules}", RULES).casefold() in found]
            assert leaks == [], (attack, found)
            assert KEY not in found
            assert result.total_frames == 900
            assert all(scene.voiceover_text for scene in result.scenes)
        till.close()
