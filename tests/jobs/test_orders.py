"""Orders and the JSON they are kept as."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from badapple.cache import Blob
from badapple.database import Job
from badapple.jobs import JobOrder, orders
from badapple.models import DRAFT, Brief, Canvas, MakeOptions, Makers

_TEXT = st.text(max_size=20)
_WORD = st.none() | _TEXT
_PATH = st.text(
    alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).map(lambda name: Path("/somewhere") / name.strip("/."))
_MONEY = st.none() | st.integers(0, 10**12)
_MAKERS = st.builds(
    Makers, provider=st.sampled_from(["auto", "offline", "cloud"]), quality=st.sampled_from(["fast", "best"]),
    script_by=_WORD, voice_by=_WORD, video_by=_WORD, cta_by=_WORD, script_model=_WORD, max_cost=_MONEY,
    on_failure=st.sampled_from(["fail", "offline"]),
)  # fmt: skip
_CANVAS = st.builds(
    Canvas, width=st.integers(2, 2000), height=st.integers(2, 2000), preset=_TEXT, crf=st.integers(0, 51)
)
_OPTIONS = st.builds(
    MakeOptions, canvas=_CANVAS, fresh=st.booleans(), music=st.sampled_from(["style", "off", "file"]) | _PATH.map(str),
    captions=st.booleans(), facts=st.lists(_TEXT, max_size=3).map(tuple), script=st.none() | _PATH, language=_TEXT,
    say=_WORD, seed=st.integers(0, 2**31), output=st.none() | _PATH, assets_dir=st.none() | _PATH, makers=_MAKERS,
    takes=st.tuples(*[st.integers(0, 99)] * 4), approval=st.booleans(), script_from=_WORD,
)  # fmt: skip
_BLOB = st.builds(Blob, sha256=_TEXT, size=st.integers(0, 2**40), suffix=_TEXT)
_ORDERS = st.builds(
    JobOrder, product_name=_TEXT, style=_TEXT, cta_text=_TEXT, photo=st.none() | _PATH, options=_OPTIONS,
    files=st.dictionaries(st.sampled_from(orders.FILES), _BLOB), agreed=st.booleans(), quoted=_MONEY,
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT, lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner)
)


@given(_ORDERS)
@settings(max_examples=80, deadline=None)
def test_an_order_comes_back_from_json_as_it_was(order: JobOrder) -> None:
    text = json.dumps(orders.to_json(order))
    assert orders.from_json(json.loads(text)) == order


@given(_ORDERS, st.dictionaries(st.text("abc", min_size=1).map("new_{}".format), _JSON))
@settings(max_examples=25, deadline=None)
def test_what_a_newer_release_adds_is_ignored(order: JobOrder, more: dict[str, object]) -> None:
    body = orders.to_json(order)
    body |= more
    for name in ("options", "files", "paths"):
        body[name] |= more
    body["options"]["makers"] |= more
    body["options"]["canvas"] |= more
    assert orders.from_json({**body, "v": 2}) == order


def test_what_is_missing_has_its_default() -> None:
    assert orders.from_json({"product_name": "Watch", "style": "luxury", "options": {"seed": 3, "canvas": None}}) == (
        JobOrder(product_name="Watch", style="luxury", options=MakeOptions(seed=3))
    )


def test_takes_that_make_no_sense_are_none() -> None:
    for takes in (None, [1, 2], "abcd", [1, 2, 3, "4"]):
        assert orders.from_json({"options": {"takes": takes}}).options.takes == (0, 0, 0, 0)


def test_a_row_that_a_caller_made_is_an_order() -> None:
    row = Job(id="job", product_name="Watch", style="bold", cta_text="Go")
    assert orders.of_row(row) == JobOrder(product_name="Watch", style="bold", cta_text="Go")


def test_a_local_order_keeps_its_paths(tmp_path: Path) -> None:
    options = MakeOptions(canvas=DRAFT, script=tmp_path / "a.json", music="/m.mp3", makers=Makers(max_cost=5))
    brief = Brief(product_name="Watch", style="bold", cta_text="Go", photo=tmp_path / "a.jpg")
    order = orders.from_json(orders.of_local(brief, options))
    assert (order.options, order.photo, order.agreed) == (options, tmp_path / "a.jpg", True)


def test_a_kept_order_names_no_place_of_this_machine() -> None:
    options = MakeOptions(
        script=Path("/a.json"), music="/m.mp3", output=Path("/o.mp4"), assets_dir=Path("/d"), logo=Path("/l.png")
    )
    order = JobOrder(product_name="Watch", style="bold", photo=Path("/a.jpg"), options=options)
    assert set(order.paths) == set(orders.FILES)
    kept = order.kept({name: Blob(sha256=name, size=1, suffix=".x") for name in order.paths})
    body = orders.to_json(kept)
    assert (body["paths"], set(body["files"]), kept.paths) == ({}, set(orders.FILES), {})
    back = orders.from_json(body).at({"photo": Path("/1"), "script": Path("/2"), "music": Path("/3")})
    assert (back.photo, back.options.script, back.options.music) == (Path("/1"), Path("/2"), "/3")
