"""Scenes are filmed by buying clips, each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image
from tests.oracle.judge import judge
from tests.providers.replicate.conftest import HAILUO, Desk, scene_order

from badapple import styles
from badapple.cache import Cache
from badapple.database import open_database
from badapple.database.holders import Holder, Watcher
from badapple.errors import ConfigError, MissingKeyError, PermanentProviderError, TransientProviderError
from badapple.journal import Books, Claims, JournalTill
from badapple.media.probe import probe
from badapple.models import SceneOffer
from badapple.ports import SceneRenderer, Till
from badapple.providers.replicate import ReplicateScenes
from badapple.providers.replicate.prompts import KEEP
from badapple.testing.simulators import Fault

WORDS = styles.load("luxury").video_words


def _photo(
    folder: Path, name: str = "photo.png", *, colour: tuple[int, int, int] = (9, 90, 30), level: int = 6
) -> Path:
    Image.new("RGB", (400, 600), colour).save(folder / name, compress_level=level)
    return folder / name


async def test_a_clip_is_bought_once_and_found_afterwards(desk: Desk) -> None:
    scenes = desk.scenes()
    clip = await scenes.render(scene_order(), desk.folder)
    assert clip.path.parent == desk.folder
    again = await scenes.render(scene_order(), desk.folder)
    assert again.path.read_bytes() == clip.path.read_bytes()
    assert desk.sims.total("replicate") == 190_000
    assert desk.stills.painted == [1]
    assert probe(clip.path, ffmpeg=desk.shop().ffmpeg).duration == pytest.approx(5.875, abs=0.05)


async def test_it_says_who_it_is_and_what_it_sells(desk: Desk) -> None:
    scenes: SceneRenderer = desk.scenes("lightricks/ltx-2.3-fast")
    assert (scenes.maker.name, scenes.maker.model) == ("replicate", "lightricks/ltx-2.3-fast")
    assert scenes.maker.generated
    assert scenes.offer == SceneOffer(lengths=(180, 240), frames=False)
    assert desk.scenes().maker.model == HAILUO


async def test_a_quote_names_the_calls_that_are_made_then(desk: Desk) -> None:
    scenes = desk.scenes()
    (order,) = scenes.calls(scene_order())
    assert desk.sims.requests == ()
    await scenes.render(scene_order(), desk.folder)
    assert [one.key for one in desk.till.bought] == [order.key]
    assert (order.estimate, order.reserve) == (190_000, 190_000)
    assert "data:" not in str(order.request)


async def test_the_key_says_what_is_wanted_and_nothing_else(desk: Desk) -> None:
    def key(**what: Any) -> str:
        return desk.scenes(what.pop("model", None)).calls(scene_order(**what))[0].key

    green, packed = _photo(desk.folder), _photo(desk.folder, "again.png", level=0)
    red = _photo(desk.folder, "red.png", colour=(200, 0, 0))
    keys = [
        key(photo=green),
        key(photo=red),
        key(number=2, photo=green),
        key(words="other"),
        key(model="minimax/video-01"),
    ]
    assert len(set(keys)) == len(keys)
    assert key(photo=green) == key(photo=packed) == key(photo=green, frames=150)


async def test_the_key_stays_the_same_over_releases(desk: Desk) -> None:
    (order,) = desk.scenes().calls(scene_order(words="A bottle turns."))
    assert order.key == "d9b7167978085af69b3ef3b650d52ce14d68c906be1fc128ac096a9c1fdb0b87"


async def test_every_clip_of_a_film_carries_the_style_once(desk: Desk) -> None:
    words = ("A bottle turns.", f"It pours. {WORDS.capitalize()}.", f"Light; {KEEP}, please", "", "Long. " * 500)
    for said in words:
        (order,) = desk.scenes().calls(scene_order(words=said))
        prompt = order.request["input"]["prompt"]
        assert prompt.count(WORDS) == prompt.lower().count(WORDS.lower()) == 1
        assert prompt.lower().count(KEEP) == 1
        assert len(prompt) < 1900


async def test_a_refused_scene_is_asked_for_once_more_in_softer_words(desk: Desk) -> None:
    desk.fail(Fault(route="create", nth=(1,), does="nsfw"))
    clip = await desk.scenes().render(scene_order(words="Skin, so much skin."), desk.folder)
    assert clip.path.is_file()
    first, second = (one.body["input"]["prompt"] for one in desk.asked("create"))
    assert "skin" in first
    assert "skin" not in second
    assert WORDS in second
    assert len({one.key for one in desk.till.bought}) == 2
    assert desk.sims.total("replicate") == 190_000


async def test_a_scene_that_is_refused_twice_is_refused(desk: Desk) -> None:
    desk.fail(Fault(route="create", does="nsfw"))
    with pytest.raises(PermanentProviderError) as caught:
        await desk.scenes().render(scene_order(), desk.folder)
    assert (caught.value.reason, caught.value.charged) == ("refused", 0)
    assert len(desk.asked("create")) == 2


async def test_the_vendor_s_own_failure_is_ordered_once_more(desk: Desk) -> None:
    desk.fail(Fault(route="create", nth=(1,), does="failed"))
    await desk.scenes().render(scene_order(), desk.folder)
    assert len(desk.asked("create")) == 2
    assert desk.sims.total("replicate") == 190_000


async def test_a_vendor_that_goes_on_failing_may_work_later(desk: Desk) -> None:
    desk.fail(Fault(route="create", does="failed"))
    with pytest.raises(TransientProviderError) as caught:
        await desk.scenes().render(scene_order(), desk.folder)
    assert (caught.value.reason, caught.value.charged) == ("server", 0)
    assert len(desk.asked("create")) == 2


async def test_four_scenes_at_once_share_a_few_connections(desk: Desk) -> None:
    scenes = desk.scenes()
    orders = [scene_order(number) for number in (1, 2, 3, 4)]
    await asyncio.gather(*(scenes.render(order, desk.folder) for order in orders))
    assert Counter(one.route for one in desk.sims.requests)["create"] == 4
    assert len(desk.asked("model")) == 1
    assert len({one.connection for one in desk.sims.requests}) <= 8
    judge(desk.sims)
    assert desk.sims.total("replicate") == 760_000


async def test_a_scene_that_is_too_long_is_not_bought(desk: Desk) -> None:
    with pytest.raises(PermanentProviderError, match="nothing was bought"):
        await desk.scenes().render(scene_order(frames=240), desk.folder)
    assert desk.sims.requests == ()


async def test_without_a_key_nothing_is_painted(desk: Desk) -> None:
    access = type(desk.access)(variable="REPLICATE_API_TOKEN")
    shop = desk.shop()
    scenes = ReplicateScenes(
        access=access, till=desk.till, line=shop.line, stills=desk.stills, ffmpeg=shop.ffmpeg, pace=shop.pace
    )
    with pytest.raises(MissingKeyError):
        await scenes.render(scene_order(), desk.folder)
    assert desk.stills.painted == []


async def test_an_unknown_model_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(ConfigError) as caught:
        desk.scenes("minimax/hailuo-9")
    assert HAILUO in caught.value.hint


async def test_a_clip_that_may_have_been_bought_is_not_bought_again(desk: Desk) -> None:
    engine = open_database(f"sqlite:///{desk.folder / 'books.db'}")
    holder = Holder(engine, desk.folder)
    cache, claims = Cache(desk.folder / "cache"), Claims(holder, Watcher(engine, desk.folder).alive)
    books = Books(engine, cache, claims, job="job", owner="local", caps={"job:job": None})
    till = JournalTill(books, cache, sleep=lambda _: asyncio.sleep(0.01))
    desk.fail(Fault(route="create", nth=(1,), drop="after"))
    try:
        clip = await desk.scenes(till=cast("Till", till)).render(scene_order(), desk.folder)
    finally:
        holder.close()
        engine.dispose()
    assert clip.path.is_file()
    assert len(desk.sims.charges) == 1
    assert len(desk.asked("create")) == 1


async def test_a_clip_is_handed_out_without_copying_it(desk: Desk) -> None:
    clip = await desk.scenes().render(scene_order(), desk.folder)
    assert clip.path.stat().st_nlink == 2
