"""The local runner: found, made once, made again when harmed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from badapple.assets import LocalRunner, Made, Recipe
from badapple.assets.slots import Slots
from badapple.cache import Cache
from badapple.database import open_database
from badapple.errors import DiskError, MediaError, OutOfMemoryError
from badapple.journal import Journal
from badapple.models import Asset, AssetRequest, Maker
from badapple.storage.folder import FolderStorage


class Kitchen:
    """Recipes that count: `leaf` writes its text, `join` glues its inputs."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.running = self.most = 0
        self.fail: Exception | None = None
        self.thirst: dict[str, int] = {}  # text -> how often memory runs out for it
        self.alone: list[str] = []
        self.runner: LocalRunner | None = None

    async def leaf(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        self.running += 1
        self.most = max(self.most, self.running)
        text, before = request.params["text"], self.running
        await asyncio.sleep(0.05)
        if self.running == before == 1:
            self.alone.append(text)
        self.running -= 1
        if self.thirst.get(text):
            self.thirst[text] -= 1
            raise OutOfMemoryError("ffmpeg was ended by the system because memory ran out", hint="MAX_MEMORY_MB")
        if self.fail:
            raise self.fail
        self.made.append(request.params["text"])
        (folder / "t.txt").write_text(request.params["text"])
        return Made(files={"text": folder / "t.txt"}, facts={"length": len(request.params["text"])})

    async def join(self, _request: AssetRequest, inputs: Mapping[str, Asset], folder: Path) -> Made:
        self.made.append("join")
        (folder / "j.txt").write_text("".join(asset.files["text"].read_text() for asset in inputs.values()))
        return Made(files={"text": folder / "j.txt"})

    async def nest(self, request: AssetRequest, _inputs: Mapping[str, Asset], folder: Path) -> Made:
        assert self.runner is not None
        inner = await self.runner.run(leaf(request.params["text"]))
        self.made.append("nest")
        (folder / "n.txt").write_text(inner.files["text"].read_text())
        return Made(files={"text": folder / "n.txt"})


Open = Callable[..., LocalRunner]


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def runner(tmp_path: Path, kitchen: Kitchen) -> Open:
    def build(*, fresh: bool = False, workers: int = 2, slots: Slots | None = None) -> LocalRunner:
        cache = Cache(tmp_path / "cache")
        journal = Journal(open_database(f"sqlite:///{tmp_path / 'j.db'}"), cache)
        book = {"leaf": Recipe(make=kitchen.leaf), "join": Recipe(make=kitchen.join), "nest": Recipe(make=kitchen.nest)}
        book["bought"] = Recipe(make=kitchen.leaf, maker=lambda _: Maker(name="replicate", model="m", generated=True))
        kitchen.runner = LocalRunner(journal, cache, recipes=book, workers=workers, slots=slots, fresh=fresh)
        return kitchen.runner

    return build


def leaf(text: str) -> AssetRequest:
    return AssetRequest(kind="leaf", params={"text": text}, label=text)


async def test_an_asset_is_made_once_and_found_afterwards(runner: Open, kitchen: Kitchen) -> None:
    first = await runner().run(leaf("a"))
    again = await runner().run(leaf("a"))
    assert (first.reused, again.reused) == (False, True)
    assert again.files["text"].read_text() == "a"
    assert again.facts == {"length": 1}
    assert kitchen.made == ["a"]


async def test_two_that_ask_at_once_get_one_making(runner: Open, kitchen: Kitchen) -> None:
    here, there = runner(), runner()  # two runners, as in two processes
    await asyncio.gather(here.run(leaf("a")), there.run(leaf("a")), here.run(leaf("a")))
    assert kitchen.made == ["a"]


async def test_no_more_than_workers_are_made_at_once(runner: Open, kitchen: Kitchen) -> None:
    busy = runner(workers=2)
    await asyncio.gather(*(busy.run(leaf(str(n))) for n in range(6)))
    assert kitchen.most == 2


async def test_fresh_makes_anew_but_only_once(runner: Open, kitchen: Kitchen) -> None:
    await runner().run(leaf("a"))
    fresh = runner(fresh=True)
    await fresh.run(leaf("a"))
    await fresh.run(leaf("a"))
    assert kitchen.made == ["a", "a"]


async def test_a_harmed_asset_is_made_again(runner: Open, kitchen: Kitchen) -> None:
    asset = await runner().run(leaf("abc"))
    asset.files["text"].write_text("ab")
    assert (await runner().run(leaf("abc"))).files["text"].read_text() == "abc"
    assert kitchen.made == ["abc", "abc"]


async def test_a_harmed_input_is_made_again_before_what_needs_it(runner: Open, kitchen: Kitchen) -> None:
    ours = runner()
    one = await ours.run(leaf("one"))
    one.files["text"].unlink()
    joined = await ours.run(AssetRequest(kind="join", params={}, inputs={"x": one.digest}))
    assert joined.files["text"].read_text() == "one"
    assert kitchen.made == ["one", "one", "join"]


async def test_an_input_nobody_can_make_is_a_clear_error(runner: Open) -> None:
    with pytest.raises(MediaError, match="gone from the cache"):
        await runner().run(AssetRequest(kind="join", params={}, inputs={"x": "0" * 64}))


async def test_a_failed_making_leaves_nothing_finished(runner: Open, kitchen: Kitchen, tmp_path: Path) -> None:
    kitchen.fail = ValueError("burnt")
    with pytest.raises(ValueError, match="burnt"):
        await runner().run(leaf("a"))
    assert not list((tmp_path / "cache" / "tmp").iterdir())
    kitchen.fail = None
    assert not (await runner().run(leaf("a"))).reused


async def test_same_content_from_another_order_is_the_same_to_what_follows(runner: Open) -> None:
    ours = runner()
    one = await ours.run(leaf("same"))
    other = await ours.run(AssetRequest(kind="leaf", params={"text": "same", "note": 1}))
    assert one.key != other.key
    assert one.digest == other.digest


async def test_a_full_disk_is_named(runner: Open, kitchen: Kitchen) -> None:
    kitchen.fail = OSError(28, "No space left on device")
    with pytest.raises(DiskError, match="is full") as caught:
        await runner().run(leaf("a"))
    assert "BADAPPLE_CACHE_DIR" in caught.value.hint


class NoRoomHere(FolderStorage):
    """A shared folder whose files find no room on the disk of whoever fetches them."""

    def get(self, key: str, out: Path) -> bool:
        assert self.size(key) is not None
        Path("/dev/full").write_bytes(b"film")
        return super().get(key, out)


@pytest.mark.parametrize("ask", [LocalRunner.find, LocalRunner.run])
async def test_a_disk_that_is_full_when_another_s_part_comes_is_named(
    tmp_path: Path, kitchen: Kitchen, ask: Callable[[LocalRunner, AssetRequest], Awaitable[Asset | None]]
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'j.db'}")
    for machine, opened in (("m1", FolderStorage), ("m2", NoRoomHere)):
        cache = Cache(tmp_path / machine, storage=opened(tmp_path / "share"))
        ours = LocalRunner(Journal(database, cache), cache, recipes={"leaf": Recipe(make=kitchen.leaf)})
        if machine == "m1":
            await ours.run(leaf("a"))
    with pytest.raises(DiskError, match=r"the disk of the cache .*m2 is full"):
        await ask(ours, leaf("a"))
    assert kitchen.made == ["a"]
    assert not list((tmp_path / "m2" / "tmp").iterdir())


async def test_begin_is_told_only_when_work_begins(runner: Open) -> None:
    told: list[str] = []

    async def on_begin(request: AssetRequest) -> None:
        told.append(request.label)

    ours = runner()
    await ours.run(leaf("a"), on_begin=on_begin)
    await ours.run(leaf("a"), on_begin=on_begin)
    assert told == ["a"]


async def test_a_file_is_ingested_once(runner: Open, tmp_path: Path) -> None:
    (tmp_path / "p.JPG").write_bytes(b"photo")
    first = await runner().ingest(tmp_path / "p.JPG", kind="photo", sha256="1" * 64)
    again = await runner().ingest(tmp_path / "p.JPG", kind="photo", sha256="1" * 64)
    assert first.files["photo"].read_bytes() == b"photo"
    assert (first.reused, again.reused) == (False, True)


async def test_runners_of_one_process_share_its_slots(runner: Open, kitchen: Kitchen) -> None:
    slots = Slots(2)
    jobs = [runner(slots=slots, workers=9) for _ in range(3)]
    await asyncio.gather(*(job.run(leaf(f"{number} {n}")) for n, job in enumerate(jobs) for number in range(3)))
    assert kitchen.most == 2


async def test_a_part_that_memory_ran_out_for_is_made_again_alone(
    runner: Open, kitchen: Kitchen, caplog: pytest.LogCaptureFixture
) -> None:
    kitchen.thirst = {"2": 1}
    busy = runner(workers=3)
    begun: list[str] = []

    async def on_begin(request: AssetRequest) -> None:
        begun.append(request.label)

    made = await asyncio.gather(*(busy.run(leaf(str(n)), on_begin=on_begin) for n in range(8)))
    assert [asset.files["text"].read_text() for asset in made] == [str(n) for n in range(8)]
    assert kitchen.most == 3
    assert kitchen.alone.count("2") == 1
    assert sorted(begun) == [str(n) for n in range(8)]
    assert sorted(kitchen.made) == [str(n) for n in range(8)]
    told = [record for record in caplog.records if record.message == "ffmpeg_out_of_memory"]
    assert [(record.levelno, record.__dict__["part"]) for record in told] == [(logging.WARNING, "2")]


async def test_memory_that_runs_out_twice_is_the_error(runner: Open, kitchen: Kitchen, tmp_path: Path) -> None:
    kitchen.thirst = {"a": 2}
    with pytest.raises(OutOfMemoryError, match="memory ran out") as caught:
        await runner().run(leaf("a"))
    assert "MAX_MEMORY_MB" in caught.value.hint
    assert not list((tmp_path / "cache" / "tmp").iterdir())
    assert not (await runner().run(leaf("a"))).reused


async def test_our_own_memory_that_runs_out_is_the_same(runner: Open, kitchen: Kitchen) -> None:
    kitchen.fail = MemoryError()
    with pytest.raises(OutOfMemoryError, match="memory ran out while a was made"):
        await runner().run(leaf("a"))


async def test_many_that_memory_ran_out_for_wait_for_each_other(runner: Open, kitchen: Kitchen) -> None:
    slots = Slots(4)
    kitchen.thirst = {str(n): 1 for n in range(8)}
    jobs = [runner(slots=slots) for _ in range(3)]
    async with asyncio.timeout(10):
        # Some want the same part, and so wait on its lock while they hold a slot.
        await asyncio.gather(*(job.run(leaf(str(n))) for n in range(8) for job in jobs))
    assert sorted(kitchen.made) == [str(n) for n in range(8)]


async def test_a_bought_part_is_made_again_alone_as_well(runner: Open, kitchen: Kitchen) -> None:
    kitchen.thirst = {"b": 1}
    await runner().run(AssetRequest(kind="bought", params={"text": "b"}))
    assert kitchen.alone == ["b", "b"]


@pytest.mark.parametrize("thirsty", [0, 1])
async def test_a_part_that_needs_another_part_takes_no_second_slot(
    runner: Open, kitchen: Kitchen, thirsty: int
) -> None:
    kitchen.thirst = {"x": thirsty}
    async with asyncio.timeout(5):
        made = await runner(workers=1).run(AssetRequest(kind="nest", params={"text": "x"}))
    assert made.files["text"].read_text() == "x"
    assert kitchen.made == ["x", "nest"]
