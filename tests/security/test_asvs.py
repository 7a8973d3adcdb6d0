"""The table of OWASP ASVS 5.0 in docs/security.md: each rule of levels 1 and 2 once, with tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from badapple.database import Base

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
#: Rules of ASVS 5.0.0, chapters V1, V2, V4, V5, V8, V13 to V16, by level; each word is a section and its rules.
LEVELS = {
    1: (
        "1.2:1-5 1.3:1-2 1.5:1 2.1:1 2.2:1-2 2.3:1 4.1:1 4.4:1 5.2:1-2 5.3:1-2 8.1:1 8.2:1-2 8.3:1 13.4:1 14.2:1 "
        "14.3:1 15.1:1 15.2:1 15.3:1"
    ),
    2: (
        "1.1:1-2 1.2:6-9 1.3:3-11 1.4:1-3 1.5:2 2.1:2-3 2.2:3 2.3:2-4 2.4:1 4.1:2-3 4.2:1 4.3:1-2 4.4:2-4 5.1:1 5.2:3 "
        "5.4:1-3 8.1:2 8.2:3 8.4:1 13.1:1 13.2:1-5 13.3:1-2 13.4:2-5 14.1:1-2 14.2:2-4 14.3:2-3 15.1:2-3 15.2:2-3 "
        "15.3:2-7 16.1:1 16.2:1-5 16.3:1-4 16.4:1-3 16.5:1-3"
    ),
}
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)+)`")
REASONS = ("does not apply: ", "operator: ")
#: Packages that open connections -> the word that the list of places has for where they lead.
WAYS_OUT = {
    "anthropic": "Anthropic", "elevenlabs": "ElevenLabs", "httpx": "Replicate", "httpcore": "webhook receivers",
    "redis": "Redis", "limits": "Redis", "obstore": "storage", "psycopg": "Postgres", "dbos": "Postgres",
    "opentelemetry": "OTLP",
}  # fmt: skip
#: Others that would; none is used.
NOT_USED = {
    "aiohttp",
    "requests",
    "urllib3",
    "smtplib",
    "ftplib",
    "telnetlib",
    "http.client",
    "urllib.request",
    "boto3",
}


def numbers(level: int) -> list[str]:
    found = []
    for word in LEVELS[level].split():
        section, _, span = word.partition(":")
        first, _, last = span.partition("-")
        found += [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return found


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the tests of a file, as pytest would name them."""
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        for outer, one in ((node, inner) for inner in (node.body if isinstance(node, ast.ClassDef) else [node])):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_"):
                found.add(f"::{outer.name}::{one.name}" if isinstance(outer, ast.ClassDef) else f"::{one.name}")
    return frozenset(found)


def test_every_rule_is_there_once_with_its_level() -> None:
    wanted = sorted((number, level) for level in LEVELS for number in numbers(level))
    assert len(wanted) == 115
    assert sorted((number, int(level)) for number, level, _, _ in ROW.findall(TEXT)) == wanted


def test_every_rule_names_tests_or_says_why_not() -> None:
    bare = [
        number
        for number, _, _, shown in ROW.findall(TEXT)
        if not TEST.search(shown) and not shown.startswith("does not apply: ")
    ]
    assert bare == []
    odd = [
        number
        for number, _, _, shown in ROW.findall(TEXT)
        if not shown.startswith(REASONS) and re.sub(r", ", "", TEST.sub("", shown)).strip()
    ]
    assert odd == []


@pytest.mark.parametrize("path", sorted({path for path, _ in TEST.findall(TEXT)}))
def test_every_test_that_is_named_exists(path: str) -> None:
    named = {name for file, name in TEST.findall(TEXT) if file == path}
    assert (ROOT / path).is_file(), path
    assert sorted(named - named_in(path)) == []


def test_a_test_that_does_not_exist_would_be_found() -> None:
    assert "::test_a_test_that_does_not_exist_would_be_found" in named_in("tests/security/test_asvs.py")
    assert "::test_nothing_like_that" not in named_in("tests/security/test_asvs.py")
    assert "::TestWho::test_scopes_are_kept" in named_in("tests/api/test_guard.py")


def test_every_table_has_a_level_of_protection() -> None:
    rows = re.findall(r"^\| (secret|private|accounts|internal) \| [^|]+ \| ([^|]+) \|", TEXT, re.MULTILINE)
    named = [name for _, tables in rows for name in re.findall(r"`(\w+)`", tables)]
    assert sorted(named) == sorted(Base.metadata.tables)


def test_every_way_out_is_told() -> None:
    told, found = section("What it talks to"), set()
    for path in (ROOT / "src" / "badapple").rglob("*.py"):
        if "simulators" in path.parts:
            continue  # they play the vendors, on this machine
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    packages = {module.partition(".")[0] for module in found}
    assert (packages | found) & NOT_USED == set()
    assert {"anthropic", "httpcore", "redis", "obstore"} <= packages
    assert [word for package, word in WAYS_OUT.items() if package in packages and word not in told] == []


def test_advisories_are_asked_for_every_week() -> None:
    body = yaml.safe_load((ROOT / ".github" / "workflows" / "supply.yml").read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", body[True]["schedule"][0]["cron"])  # YAML reads `on` as true
    steps = "\n".join(step.get("run", "") for step in body["jobs"]["audit"]["steps"])
    for lock in ("requirements.lock", "requirements-server.lock"):
        assert re.search(rf"pip_audit .*--requirement {re.escape(lock)}", steps), lock
    told = section("Holes in what we build on")
    assert re.search(r"within 7 days .* within 30", told.replace("\n", " "))


def test_headings_that_are_linked_to_exist() -> None:
    for target, anchor in re.findall(r"\]\(([\w./]*)#([\w-]+)\)", TEXT):
        page = ROOT / "docs" / target if target else ROOT / "docs" / "security.md"
        heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
        assert anchor in slugs, (target, anchor)


def test_the_way_to_report_a_hole_is_at_the_root() -> None:
    assert "(docs/security.md)" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "(security.md)" in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
