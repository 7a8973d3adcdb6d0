"""What the page of the settings is told by the server."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from starlette.datastructures import Headers
from tests.api.visiting import place

from badapple.access import READ
from badapple.api.guards.noting import _SILENT, _told


async def test_the_audit_log_is_told_in_plain_words(tmp_path: Path) -> None:
    async with place(tmp_path) as guarded:
        page = (await guarded.ask("GET", "/settings", key=guarded.key("ann"))).text
        assert "data-actions" not in (await guarded.ask("GET", "/settings", key=guarded.key("bob", [READ]))).text
        document = guarded.app.openapi()
    (told,) = re.findall(r'data-actions="([^"]*)"', page)
    words = json.loads(html.unescape(told))
    assert (words["job.create"], words["key.revoke"]) == ("Made an ad", "Revoked an API key")
    for path, item in document["paths"].items():
        given = dict.fromkeys(re.findall(r"{(\w+)}", path), "x")
        for method in {"post", "put", "patch", "delete"} & item.keys():
            scope = {"path": path.format(**given), "method": method.upper(), "path_params": given}
            assert _told(scope, Headers({}))[0] in words.keys() | _SILENT, (method, path)
