"""Brand kits: kept once, written into each order, shown by the parts that they change and by no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from tests.jobs.conftest import Order
from tests.jobs.making import Works

from badapple import jobs
from badapple.config import Settings
from badapple.database import Job, open_database
from badapple.errors import InputError, NotFoundError, PhotoError, ScriptError
from badapple.jobs import Changes, SceneChange, brand, orders, shelf, uploads
from badapple.jobs.keeping import fetch
from badapple.models import DRAFT, Brand, MakeOptions, forbidden_in
from badapple.product.logo import LOGO

KIT = Brand(
    name="Aurora", accent="#0B5FFF", ink="#0a1a3a", ground="#f4f1ea", font="anton", cta_text="Visit us",
    forbidden=("Cheap", "best  ever"),
)  # fmt: skip


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A blue disc in the middle of much that is transparent."""
    image = Image.new("RGBA", (2000, 1000), (255, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((600, 300, 1399, 699), fill=(0, 90, 255, 255))
    image.save(tmp_path / "logo.png")
    return tmp_path / "logo.png"


def put(settings: Settings, kit: Brand = KIT, picture: Path | None = None, owner: str = "local") -> brand.BrandView:
    upload = uploads.take(settings, owner, picture).id if picture is not None else None
    view = brand.put(settings, owner, kit, logo_upload=upload, keep_logo=True)
    if upload is not None:
        uploads.remove(settings, owner, upload)
    return view


def files(settings: Settings) -> set[str]:
    return {path.stem for path in settings.data_dir.glob("orders/blobs/*/*")}


@pytest.mark.usefixtures("database_url")
def test_a_kit_is_kept_for_its_owner_alone(settings: Settings) -> None:
    assert brand.get(settings, "ann") is None
    kept = put(settings, owner="ann").brand
    assert kept == replace(KIT, accent="#0b5fff", forbidden=("Cheap", "best  ever"))
    found = brand.get(settings, "ann")
    assert found is not None
    assert (found.brand, found.logo) == (kept, None)
    assert brand.get(settings, "bob") is None
    assert put(settings, Brand(), owner="ann").brand == Brand()


def test_a_logo_is_small_keeps_what_shows_through_and_outlives_its_upload(settings: Settings, picture: Path) -> None:
    view = put(settings, picture=picture)
    assert view.logo is not None
    assert files(settings) == {view.logo.sha256} == {view.brand.logo}
    with Image.open(brand.logo(settings, "local")) as image:
        assert (image.mode, image.size) == ("RGBA", (LOGO, LOGO // 2))
        pixels = np.asarray(image)
    assert pixels[0, 0, 3] == 0
    assert pixels[LOGO // 4, LOGO // 2].tolist() == [0, 90, 255, 255]


def test_a_logo_stays_until_it_is_replaced_or_taken_away(settings: Settings, picture: Path, photo: Path) -> None:
    first = put(settings, picture=picture).logo
    assert put(settings, Brand(name="Other")).logo == first
    second = put(settings, picture=photo).logo
    assert second is not None
    assert files(settings) == {second.sha256}
    assert brand.put(settings, "local", KIT, keep_logo=False).logo is None
    assert files(settings) == set()
    with pytest.raises(NotFoundError, match="no logo"):
        brand.logo(settings, "local")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accent": "red"}, "no colour"), ({"ground": "#12345"}, "no colour"), ({"font": "papyrus"}, "not known"),
        ({"cta_text": "So cheap!"}, "says 'Cheap'"), ({"cta_text": "x" * 61}, "61 characters"),
        ({"name": "a\nb"}, "control character"), ({"forbidden": ("",)}, "empty"),
        ({"forbidden": tuple(map(str, range(101)))}, "at most 100"),
    ],
)  # fmt: skip
def test_what_no_kit_can_be_is_refused(settings: Settings, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        put(settings, replace(KIT, **change))
    assert brand.get(settings, "local") is None


def test_another_s_upload_is_no_logo(settings: Settings, picture: Path) -> None:
    theirs = uploads.take(settings, "bob", picture)
    with pytest.raises(NotFoundError):
        brand.put(settings, "ann", KIT, logo_upload=theirs.id, keep_logo=True)
    assert brand.get(settings, "ann") is None


def test_a_logo_that_is_no_picture_is_refused_like_a_photo(settings: Settings, order: Order, tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    with pytest.raises(PhotoError, match=r"the logo 'logo\.svg' is an SVG drawing"):
        jobs.submit(order(options=MakeOptions(brand=KIT, logo=tmp_path / "logo.svg")), settings)
    assert files(settings) == set()


def test_an_order_takes_the_kit_as_it_is_then(settings: Settings, order: Order, picture: Path) -> None:
    kept = put(settings, picture=picture)
    dressed = brand.dressed(order(cta_text=" "), settings, "local")
    assert dressed.cta_text == "Visit us"
    assert brand.dressed(order(cta_text="Mine"), settings, "local").cta_text == "Mine"
    assert brand.dressed(order(), settings, "bob") == order()
    job = jobs.submit(dressed, settings)
    brand.put(settings, "local", Brand(name="Changed"), keep_logo=False)
    again = orders.of_row(row(settings, job))
    assert again.options.brand == kept.brand
    with Image.open(fetch(again, settings).options.logo or "") as image:  # the job needs it: it is still there
        assert image.size == (LOGO, LOGO // 2)


def test_an_empty_kit_changes_nothing(settings: Settings, order: Order) -> None:
    put(settings, Brand())
    assert brand.dressed(order(), settings, "local") == order()


def test_old_orders_have_no_kit_and_newer_kits_can_be_read(order: Order) -> None:
    body = orders.to_json(order())
    assert "brand" not in body["options"]
    assert orders.from_json(body).options.brand is None
    body["options"]["brand"] = {**KIT.to_json(), "slogan": "of a newer release"}
    assert orders.from_json(body).options.brand == KIT


@pytest.mark.parametrize(
    ("facts", "what"),
    [({"name": "Cheap Watch"}, "product name"), ({"cta_text": "the BEST ever"}, "call to action"), ({}, "fact")],
)
def test_words_of_an_order_that_the_kit_forbids_are_refused(
    settings: Settings, order: Order, facts: dict[str, Any], what: str
) -> None:
    put(settings)
    wanted = order(**facts, options=MakeOptions(facts=() if facts else ("It is cheap",)))
    with pytest.raises(InputError, match=f"the {what} says '.*', which the brand kit forbids"):
        jobs.submit(brand.dressed(wanted, settings, "local"), settings)
    assert jobs.submit(wanted, settings)


def test_a_purge_leaves_logos_of_kits_and_of_jobs(settings: Settings, engine: Engine, picture: Path) -> None:
    view = put(settings, picture=picture)
    assert view.logo is not None
    jobs.purge(settings)
    shelf.drop(engine, settings, view.logo)
    assert files(settings) == {view.logo.sha256}


def row(settings: Settings, job: str) -> Job:
    with Session(open_database(settings.database_url), expire_on_commit=False) as session:
        return session.get_one(Job, job)


class TestParts:
    """Which parts of the same ad are made anew for a kit."""

    @pytest.fixture
    def works(self, settings: Settings) -> Works:
        return Works(settings)

    def made(self, works: Works, **options: Any) -> set[str]:
        wanted = MakeOptions(canvas=DRAFT, **options)
        order = jobs.JobOrder(product_name="Watch", style="minimal", cta_text="Get it", options=wanted)
        job = jobs.submit(order, works.settings)
        works.run(job)
        return {part.label for part in jobs.detail(job, works.settings).parts if part.state == "done"}

    def test_only_what_shows_the_kit_is_made_anew(self, works: Works, picture: Path) -> None:
        scenes = {f"scene {number}" for number in (1, 2, 3, 4)} | {f"seam {number}" for number in (1, 2, 3, 4)}
        film = {"film", "measuring"}
        whole = self.made(works)
        assert {"product picture", "script", "voice 1", "music", "end card", *scenes} <= whole
        assert self.made(works, brand=Brand(name="Aurora", cta_text="Go")) == set()
        assert self.made(works, brand=Brand(forbidden=("cheap",))) == {"script"}  # which comes out the same
        logo = self.made(works, brand=Brand(name="Aurora"), logo=picture)
        assert logo - film == {"logo", "end card", "seam 4", "end scene"}
        colours = Brand(accent="#0b5fff", ground="#ffffff")
        assert self.made(works, brand=colours) - film == {"end card", "end scene", *scenes}
        assert self.made(works, brand=replace(colours, font="anton")) - film == {"end card", "end scene", *scenes}
        assert self.made(works, brand=colours) == set()
        assert self.made(works) == set()

    def test_an_edit_keeps_the_kit_and_its_rules(self, works: Works) -> None:
        job = works.submit(brand=KIT)
        works.run(job)
        with pytest.raises(ScriptError, match=r"scenes\.2\.headline: says 'Cheap', which the brand kit forbids"):
            jobs.edit(job, Changes(scenes={2: SceneChange(headline="Cheap thrills")}), works.settings)
        with pytest.raises(InputError, match="the call to action says 'best  ever'"):
            jobs.edit(job, Changes(cta_text="Best ever!"), works.settings)
        child = jobs.edit(job, Changes(captions=False), works.settings)
        assert orders.of_row(row(works.settings, child)).options.brand == KIT


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Every watch", ""), ("A CHEAP one.", "Cheap"), ("cheap-looking", "Cheap"), ("cheapest", ""),
        ("the best\tever", "best  ever"), ("\uff23heap", "Cheap"), ("", ""),
        ("\u6700\u9ad8\u306e\u4e00\u54c1", "\u6700\u9ad8"),
    ],
)  # fmt: skip
def test_forbidden_words_are_found_as_whole_words(text: str, found: str) -> None:
    assert forbidden_in(text, ("Cheap", "best  ever", "ever", "\u6700\u9ad8", " ")) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\u0915\u092e \u0926\u093e\u092e", "\u0915\u092e"),
        ("\u0915\u092e\u0940 \u0928\u0939\u0940\u0902", ""),  # a vowel sign makes another word of it
        ("\u0631\u062e\u064a\u0635\u064c", "\u0631\u062e\u064a\u0635"),  # a mark of its case does not
    ],
)
def test_vowel_signs_belong_to_words(text: str, found: str) -> None:
    assert forbidden_in(text, ("\u0915\u092e", "\u0631\u062e\u064a\u0635")) == found
