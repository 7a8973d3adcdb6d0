"""Scenes that are framed otherwise: which parts are made for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.jobs.conftest import Hand
from tests.jobs.making import CLOUD, Works

from badapple import jobs
from badapple.config import Settings
from badapple.errors import ConflictError, InputError
from badapple.jobs import Changes, SceneChange, orders
from badapple.models import DRAFT, Framing, MakeOptions
from badapple.testing.simulators import Simulators


def close(number: int) -> Changes:
    return Changes(scenes={number: SceneChange(framing="close")})


def photographed(works: Works, photo: Path) -> str:
    options = MakeOptions(canvas=DRAFT, makers=CLOUD) if works.sims else MakeOptions(canvas=DRAFT)
    order = jobs.JobOrder(
        product_name="Watch",
        style="minimal",
        cta_text="Go",
        photo=photo,
        options=options,
        agreed=works.sims is not None,
    )
    job = jobs.submit(order, works.settings)
    works.run(job)
    return job


def test_the_scene_is_drawn_anew_and_all_else_is_found(settings: Settings, photo: Path) -> None:
    works = Works(settings)
    child = jobs.edit(photographed(works, photo), close(2), settings)
    works.run(child)
    shown = jobs.detail(child, settings)
    made = {part.label for part in shown.parts if part.state == "done"}
    assert made == {"scene 2", "seam 1", "seam 2", "film", "measuring"}
    assert [scene.framing for scene in shown.scenes] == ["auto", "close", "auto", "auto"]
    assert shown.change == "framing of scene 2: close"
    back = jobs.edit(child, Changes(scenes={2: SceneChange(framing="auto")}), settings)
    works.run(back)
    assert {part.state for part in jobs.detail(back, settings).parts} == {"reused"}


def test_a_clip_that_was_bought_is_bought_anew(tmp_path: Path, photo: Path) -> None:
    with Simulators(small=True) as sims:
        works = Works.beside(sims, tmp_path)
        job = photographed(works, photo)
        works.bought()
        child = jobs.edit(job, close(1), works.settings)
        works.run(child)
        assert works.bought() == ["replicate"]
        again = jobs.edit(job, close(1), works.settings)
        works.run(again)
        assert works.bought() == []


def test_a_film_of_words_has_nothing_to_frame(settings: Settings, hand: Hand) -> None:
    hand.job("words", "completed")
    with pytest.raises(ConflictError, match="no photo"):
        jobs.edit("words", close(1), settings)
    with pytest.raises(InputError, match="'sideways' is not known"):
        Changes(scenes={1: SceneChange(framing="sideways")}).check()  # type: ignore[arg-type]


def test_framings_come_back_from_json() -> None:
    framings: tuple[Framing, Framing, Framing, Framing] = ("wide", "auto", "left", "right")
    order = jobs.JobOrder(product_name="Watch", style="bold", options=MakeOptions(framings=framings))
    body = orders.to_json(order)
    assert orders.from_json(body).options.framings == framings
    body["options"]["framings"] = ["wide", "of a newer release", "left", "right"]
    assert orders.from_json(body).options.framings == ("wide", "auto", "left", "right")
    body["options"]["framings"] = "wide"
    assert orders.from_json(body).options.framings == ("auto",) * 4
