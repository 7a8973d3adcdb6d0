"""What is paid for while the storage that workers share is down: booked, shared later, never bought again unseen."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from badapple.cache import Cache
from badapple.database import Call, open_database
from badapple.database.holders import Holder, Watcher
from badapple.errors import PermanentProviderError, StorageError, TransientProviderError
from badapple.journal import Books, Claims, Journal, JournalTill, decisions
from badapple.journal.goods import Stock
from badapple.models import AssetRequest, Dedupe, Maker
from badapple.storage.folder import FolderStorage
from badapple.testing.vendor import FileCall, FileVendor

DEAR, PETTY = 190_000, 3_000


class Place:
    """A storage that can be away, and that is never asked inside a transaction."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder = folder
        self.storage = FolderStorage(folder)
        self.calls = 0
        out: set[object] = set()
        event.listen(engine, "checkout", lambda connection, *_: out.add(id(connection)))
        event.listen(engine, "checkin", lambda connection, *_: out.discard(id(connection)))
        for name in ("size", "get", "put"):
            setattr(self.storage, name, self._watched(getattr(self.storage, name), out))

    def _watched(self, ask: Callable[..., object], out: set[object]) -> Callable[..., object]:
        def asked(*args: object) -> object:
            assert not out, "a storage was asked inside a transaction"
            self.calls += 1
            return ask(*args)

        return asked

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        away = self._folder.with_name("away")
        self._folder.rename(away)
        yield
        away.rename(self._folder)

    def objects(self) -> int:
        return len(list((self._folder / "blobs").glob("??/*")))


class Machine:
    """A process on a machine of its own."""

    def __init__(self, name: str, engine: Engine, tmp_path: Path, place: Place) -> None:
        self.holder = Holder(engine, tmp_path)
        self.cache = Cache(tmp_path / name, storage=place.storage)
        claims = Claims(self.holder, Watcher(engine, tmp_path).alive)
        self.books = Books(engine, self.cache, claims, job="job", owner="local", caps={"job:job": None})
        self.till = JournalTill(self.books, self.cache, poll=0.02)
        self.stock = Stock(engine, self.cache)


@pytest.fixture
def engine(database_url: str) -> Engine:
    return open_database(database_url)


@pytest.fixture
def place(tmp_path: Path, engine: Engine) -> Place:
    return Place(tmp_path / "share", engine)


@pytest.fixture
def machine(engine: Engine, tmp_path: Path, place: Place) -> Iterator[Callable[[str], Machine]]:
    made: list[Machine] = []

    def build(name: str) -> Machine:
        made.append(Machine(name, engine, tmp_path, place))
        return made[-1]

    yield build
    for one in made:
        one.holder.close()


@pytest.fixture
def vendor(tmp_path: Path) -> FileVendor:
    return FileVendor(ledger=tmp_path / "ledger.jsonl")


def voice(vendor: FileVendor, dedupe: Dedupe = Dedupe.NONE, price: int = DEAR, lasting: float = 3600.0) -> FileCall:
    return FileCall(
        vendor, "voice", dedupe=dedupe, at_once=dedupe is not Dedupe.LOOKUP, price=price, lasting=lasting
    )  # fmt: skip


def rows(engine: Engine) -> list[Call]:
    with Session(engine) as session:
        return list(session.scalars(select(Call).order_by(Call.attempt)))


async def bought_while_down(here: Machine, place: Place, call: FileCall) -> None:
    with place.down(), pytest.raises(StorageError):
        await here.till.once(call)
    assert place.objects() == 0


@pytest.mark.parametrize("dedupe", list(Dedupe))
async def test_goods_that_cannot_be_shared_are_booked_and_shared_by_the_next_look(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor, engine: Engine, dedupe: Dedupe
) -> None:
    here, there, third = machine("here"), machine("there"), machine("third")
    with place.down():
        for _ in range(2):
            with pytest.raises(StorageError):
                await here.till.once(voice(vendor, dedupe))
    (row,) = rows(engine)
    assert (row.state, row.reason, row.settled, row.reserved) == ("collected", "unshared", DEAR, 0)
    bought = await here.till.once(voice(vendor, dedupe))
    assert (bought.files["goods"].read_text(), bought.cost) == ("voice", 0)
    (row,) = rows(engine)
    assert (row.reason, row.error, row.holder, place.objects()) == (None, None, None, 1)
    bought = await there.till.once(voice(vendor, dedupe))
    assert bought.files["goods"].is_relative_to(there.cache.root)
    with place.down():
        await here.till.once(voice(vendor, dedupe))  # what is here and shared needs no storage
        for ask in (third.till.once(voice(vendor, dedupe)), third.till.has(voice(vendor, dedupe).order)):
            with pytest.raises(StorageError):  # never taken for gone, never bought again
                await ask
    assert len(vendor.charges()) == 1


async def test_what_is_shared_at_once_leaves_no_word_of_it(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor, engine: Engine
) -> None:
    here = machine("here")
    assert (await here.till.once(voice(vendor))).cost == DEAR
    (row,) = rows(engine)
    assert (row.state, row.reason, row.error, row.holder, place.objects()) == ("collected", None, None, None, 1)
    asked = place.calls
    await here.till.once(voice(vendor))
    assert place.calls == asked


@pytest.mark.parametrize("alive", [True, False])
async def test_a_vendor_that_can_be_asked_hands_out_goods_again_that_are_on_another_machine(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor, engine: Engine, *, alive: bool
) -> None:
    here, there = machine("here"), machine("there")
    await bought_while_down(here, place, voice(vendor, Dedupe.LOOKUP))
    if not alive:
        here.holder.close()
    bought = await there.till.once(voice(vendor, Dedupe.LOOKUP))
    assert (bought.files["goods"].is_relative_to(there.cache.root), bought.cost) == (True, 0)
    (row,) = rows(engine)
    assert (row.settled, row.reason, place.objects(), len(vendor.charges())) == (DEAR, None, 1, 1)


CANNOT_BE_ASKED = [(Dedupe.NONE, 3600.0), (Dedupe.KEY, 3600.0), (Dedupe.LOOKUP, 0.0)]


@pytest.mark.parametrize(("dedupe", "lasting"), CANNOT_BE_ASKED)
@pytest.mark.parametrize("price", [DEAR, PETTY])
async def test_while_whoever_has_the_goods_lives_they_are_waited_for(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor, dedupe: Dedupe, *, lasting: float, price: int
) -> None:
    here, there = machine("here"), machine("there")
    call = voice(vendor, dedupe, price, lasting)
    await bought_while_down(here, place, call)
    where = (
        rf"voice of replicate is bought \(.*\), but its files are only on {socket.gethostname()} \({here.cache.root}"
    )
    for _ in range(2):
        with pytest.raises(StorageError, match=where):
            await there.till.once(call)
    assert await there.till.has(call.order)
    await here.till.once(call)
    await there.till.once(call)
    assert len(vendor.charges()) == 1


@pytest.mark.parametrize(("dedupe", "lasting"), CANNOT_BE_ASKED)
async def test_dear_goods_on_a_machine_that_is_away_are_bought_again_only_on_a_word(
    machine: Callable[[str], Machine],
    place: Place,
    vendor: FileVendor,
    engine: Engine,
    dedupe: Dedupe,
    *,
    lasting: float,
) -> None:
    here, there = machine("here"), machine("there")
    call = voice(vendor, dedupe, DEAR, lasting)
    await bought_while_down(here, place, call)
    here.holder.close()
    for _ in range(2):
        with pytest.raises(TransientProviderError, match="which has to share them") as caught:
            await there.till.once(call)
        assert (caught.value.reason, caught.value.charged) == ("lost", DEAR)
    (row,) = rows(engine)
    assert f"badapple calls retry {row.id[:8]}" in caught.value.hint
    assert len(vendor.charges()) == 1
    decisions.retry(engine, row.id)
    assert (await there.till.once(call)).cost == DEAR
    assert [row.settled for row in rows(engine)] == [DEAR, DEAR]


async def test_goods_that_a_person_gave_up_are_not_bought_again(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor, engine: Engine
) -> None:
    here, there = machine("here"), machine("there")
    await bought_while_down(here, place, voice(vendor))
    here.holder.close()
    decisions.accept(engine, rows(engine)[0].id)
    with pytest.raises(PermanentProviderError, match="was given up"):
        await there.till.once(voice(vendor))
    assert (len(vendor.charges()), rows(engine)[0].settled) == (1, DEAR)


async def test_petty_goods_on_a_machine_that_is_away_are_bought_again_booked_and_told(
    machine: Callable[[str], Machine],
    place: Place,
    vendor: FileVendor,
    engine: Engine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    here, there = machine("here"), machine("there")
    await bought_while_down(here, place, voice(vendor, price=PETTY))
    here.holder.close()
    with caplog.at_level(logging.WARNING, "badapple.journal"):
        assert (await there.till.once(voice(vendor, price=PETTY))).cost == PETTY
    assert "goods_are_gone_and_bought_again" in caplog.text
    assert [row.settled for row in rows(engine)] == [PETTY, PETTY]


async def test_another_process_of_the_machine_shares_what_a_dead_one_left(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor, engine: Engine
) -> None:
    here, there = machine("here"), machine("there")
    await bought_while_down(here, place, voice(vendor))
    here.holder.close()
    with place.down(), pytest.raises(StorageError):
        machine("here").stock.share_all()
    assert there.stock.share_all() == 0
    assert rows(engine)[0].reason == "unshared"
    assert machine("here").stock.share_all() == 1
    assert machine("here").stock.share_all() == 0
    assert (await there.till.once(voice(vendor))).cost == 0
    assert len(vendor.charges()) == 1


async def test_goods_gone_from_the_machine_that_had_them_are_gone(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor
) -> None:
    here = machine("here")
    await bought_while_down(here, place, voice(vendor))
    here.cache.clear()
    assert (await here.till.once(voice(vendor))).cost == DEAR
    assert len(vendor.charges()) == 2


async def test_a_process_that_died_before_it_shared_left_a_word_of_it(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor, engine: Engine
) -> None:
    here, there = machine("here"), machine("there")

    class DiedError(Exception):
        pass

    def die(point: str) -> None:
        if point == "collected":
            raise DiedError

    with pytest.raises(DiedError):
        await JournalTill(here.books, here.cache, point=die).once(voice(vendor))
    here.holder.close()
    with pytest.raises(TransientProviderError, match="which has to share them"):
        await there.till.once(voice(vendor))
    assert len(vendor.charges()) == 1


def test_finished_parts_are_looked_for_outside_of_transactions(
    machine: Callable[[str], Machine], place: Place, engine: Engine
) -> None:
    here, there = machine("here"), machine("there")

    def journal(one: Machine) -> Journal:
        return Journal(engine, one.cache)

    def finish(key: str) -> str:
        journal(here).begin(
            key, AssetRequest(kind="voice", params={}), Maker(name="offline", model="m", generated=True)
        )
        with here.cache.workplace() as folder:
            (folder / "voice.mp3").write_text("la")
            return journal(here).collect(key, {"voice": folder / "voice.mp3"}, facts={}, seconds=1).digest

    with place.down(), pytest.raises(StorageError):
        finish("k")
    assert journal(here).find("k") is None  # nobody reads of a part that only this machine has
    digest = finish("k")
    for found in (journal(there).find("k"), journal(machine("third")).find_digest(digest)):
        assert found is not None
        assert found.files["voice"].read_text() == "la"
    with place.down(), pytest.raises(StorageError):
        journal(machine("fourth")).find_digest(digest)


async def test_late_goods_are_booked_and_shared_by_whoever_opens_them_next(
    machine: Callable[[str], Machine], place: Place, vendor: FileVendor, engine: Engine
) -> None:
    here = machine("here")
    call = voice(vendor)
    claim = here.books.open(call.order)
    with Session(engine) as session, session.begin():
        session.get_one(Call, claim.id).state = "failed"  # type: ignore[union-attr]
    with here.cache.workplace() as folder, place.down():
        here.books.late(claim, call.order, "v1", call.goods(folder))  # type: ignore[arg-type]
    (row,) = rows(engine)
    assert (row.state, row.reason, row.settled) == ("collected", "unshared", DEAR)
    assert (await here.till.once(call)).cost == 0
    assert (rows(engine)[0].reason, place.objects(), vendor.charges()) == (None, 1, [])
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 1
