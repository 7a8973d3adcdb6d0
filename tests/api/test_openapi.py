"""The OpenAPI document: a stranger can use the API from it alone, and it tells the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.api.calling import Here, here
from tests.api.visiting import place

from badapple.api.problem_table import KINDS

USUAL = {"400", "401", "403", "421", "422", "429", "500", "503"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path) as opened:
        yield opened


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


async def test_every_operation_says_what_it_does_takes_and_answers(api: Here) -> None:
    document = api.app.openapi()
    found = list(operations(document))
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(found) > 40
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in document["tags"]}
    for method, path, operation in found:
        where = f"{method} {path}"
        assert path.startswith("/api/v1/"), where
        assert set(operation["tags"]) <= tags, where
        assert operation["summary"] != operation["operationId"], where
        assert len(operation.get("description", operation["summary"])) > 10, where
        assert set(operation["responses"]) >= USUAL, where
        for status, answer in operation["responses"].items():
            assert answer["description"], where
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], f"{where} {status}"
                assert any(str(kind.status) == status for kind in KINDS.values()), f"{where} {status}"
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), f"{where} {parameter['name']}"


async def test_every_field_of_an_order_is_described(api: Here) -> None:
    schemas = api.app.openapi()["components"]["schemas"]
    for name in (
        "GenerateRequest",
        "GenerateForm",
        "EstimateRequest",
        "EditRequest",
        "JobDetail",
        "Accepted",
        "Problem",
    ):
        assert schemas[name].get("additionalProperties", name[0] in "JAP") is (name[0] in "JAP")
        for field, schema in schemas[name]["properties"].items():
            assert schema.get("description") or "$ref" in schema, f"{name}.{field}"
    form = schemas["GenerateForm"]["properties"]
    assert form["product_image"]["format"] == "binary"
    assert "bold" in form["style"]["enum"]
    assert "replicate:minimax/hailuo-2.3-fast" in form["video_by"]["enum"]
    assert "product_image_path" not in form


async def test_links_lead_from_what_is_made_to_what_can_be_done_with_it(api: Here) -> None:
    document = api.app.openapi()
    by_id = {operation["operationId"]: operation for _, _, operation in operations(document)}
    links = [
        (operation["operationId"], link)
        for operation in by_id.values()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert {"getJob", "cancelJob", "deleteJob"} <= {
        link["operationId"] for source, link in links if source == "createVideo"
    }
    for source, link in links:
        target = by_id[link["operationId"]]
        known = {parameter["name"] for parameter in target.get("parameters", ())}
        assert set(link.get("parameters", ())) <= known, f"{source} -> {link['operationId']}"


async def test_answers_are_as_the_document_says(api: Here) -> None:
    document = api.app.openapi()
    job_id = await api.order()
    for path, schema in (
        ("/jobs", "JobPage"), (f"/jobs/{job_id}", "JobDetail"), ("/styles", "Styles"), ("/voices", "Voices"),
        ("/models", "Models"), ("/jobs/nope", "Problem"),
    ):  # fmt: skip
        whole = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
        Draft202012Validator(whole).validate((await api.ask("GET", path)).json())


async def test_the_document_is_served_and_names_who_has_to_say_who_they_are(tmp_path: Path, api: Here) -> None:
    served = (await api.client.get("/openapi.json")).json()
    assert (served["openapi"][:3], served["security"][-1]) == ("3.1", {})
    assert "/api/videos/generate" not in served["paths"]
    async with place(tmp_path / "open") as opened:
        document = opened.app.openapi()
    assert document["security"] == [{"apiKey": []}, {"session": []}]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert tag != "script"
        assert "style" not in found
        self.ids += [found["id"] or ""] if "id" in found else []
        self.loaded += [value or "" for name, value in attrs if name in {"src", "href"}]


async def test_the_page_for_people_loads_nothing_from_elsewhere(api: Here) -> None:
    page = _Page()
    page.feed((await api.client.get("/docs")).text)
    assert {"createVideo", "getJob", "listJobs"} <= set(page.ids)
    for address in page.loaded:
        assert address.startswith("/"), address
        assert (await api.client.get(address)).status_code == 200
