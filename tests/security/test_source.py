"""What no line of our own code does: nothing runs, unpacks or reads what others wrote as if it were code."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = sorted((ROOT / "src" / "badapple").rglob("*.py"))
#: Modules that turn bytes into objects or programs of the sender's choice, or that read XML with all it can do.
UNSAFE = {"pickle", "cPickle", "dill", "marshal", "shelve", "jsonpickle", "yaml", "lxml", "code", "codeop", "runpy"}
UNSAFE_XML = {"xml.etree", "xml.dom", "xml.sax", "xml.parsers"}
WRITING_XML = {"xml.sax.saxutils"}  #: it only escapes
RUNS = {"eval", "exec", "compile", "__import__"}
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
#: Patterns that are put together when the program runs: from lists of ours, or of pieces that were escaped.
PATTERNS = {
    "providers/anthropic/claims.py": "lists in a file of ours",
    "providers/anthropic/guard.py": "`re.escape` of each word",
    "providers/replicate/failures.py": "a table above it",
}

#: Templates that are not written where they are filled in: all of them are texts of ours.
TEMPLATES = {
    "pipeline/bench.py": "sentences that its callers write",
    "providers/anthropic/film.py": "neutral sentences of `tongues`",
    "providers/anthropic/tongues.py": "neutral sentences in each language",
    "providers/replicate/failures.py": "hints of a table above it",
    "testing/simulators/copywriter.py": "lines of a simulator",
}


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    found: list[tuple[str, ast.AST]] = []
    for path in SOURCES:
        name = path.relative_to(ROOT / "src" / "badapple").as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wanted = (ast.Call, ast.Import, ast.ImportFrom)
        found += [(name, node) for node in ast.walk(tree) if isinstance(node, wanted)]
    return found


def calls() -> Iterator[tuple[str, ast.Call]]:
    yield from ((name, node) for name, node in nodes() if isinstance(node, ast.Call))


def imported() -> Iterator[tuple[str, str]]:
    for name, node in nodes():
        if isinstance(node, ast.Import):
            yield from ((name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield name, node.module


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def fixed(node: ast.expr) -> bool:
    """Say whether a text holds nothing but what the source says: literals, CONSTANTS, and what `re.escape` made."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lstrip("_").isupper()
        case ast.JoinedStr(values=parts):
            return all(fixed(part.value if isinstance(part, ast.FormattedValue) else part) for part in parts)
        case ast.BinOp(left=left, right=right):
            return fixed(left) and fixed(right)
        case ast.Call():
            return called(node) == "re.escape"
    return False


def test_nothing_is_evaluated() -> None:
    assert [f"{name}: {ast.unparse(node)}" for name, node in calls() if called(node) in RUNS] == []


def test_nothing_is_unpacked_that_could_name_code_and_no_xml_is_read() -> None:
    found = [
        f"{name} imports {module}"
        for name, module in imported()
        if module.split(".")[0] in UNSAFE
        or (module not in WRITING_XML and any(module.startswith(unsafe) for unsafe in UNSAFE_XML))
    ]
    assert found == []


def test_no_sql_is_put_together_from_values() -> None:
    found = [
        f"{name}: {ast.unparse(node)}"
        for name, node in calls()
        if called(node).split(".")[-1] in {"text", "exec_driver_sql", "execute", "literal_column"}
        and name.startswith(("database/", "jobs/", "access/", "engine/", "journal/", "worker/", "api/", "costs/"))
        and node.args
        and (
            isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
            or (isinstance(node.args[0], ast.Call) and called(node.args[0]).endswith(".format"))
        )
        and not fixed(node.args[0])
    ]
    assert found == []


def test_patterns_and_templates_are_ours() -> None:
    matching = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
    found = {
        name
        for name, node in calls()
        if called(node) in {f"re.{verb}" for verb in matching} and not fixed(node.args[0])
    }
    assert found == set(PATTERNS)
    formatted = {
        name
        for name, node in calls()
        if isinstance(node.func, ast.Attribute)
        and node.func.attr in {"format", "format_map"}
        and ast.unparse(node.func.value) != "self"  # of a handler of logs
        and not fixed(node.func.value)
    }
    assert formatted == set(TEMPLATES)


def test_no_line_of_a_log_takes_its_name_from_outside() -> None:
    found = [
        f"{name}: {ast.unparse(node)[:80]}"
        for name, node in calls()
        if isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "_log"
        and node.func.attr in LEVELS
        and not fixed(node.args[0])
    ]
    assert found == []


def test_every_event_of_the_log_is_documented() -> None:
    told = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    events = {
        first.value
        for _, node in calls()
        if isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "_log"
        and node.func.attr in {*LEVELS, "log"}
        and isinstance(first := node.args[1 if node.func.attr == "log" else 0], ast.Constant)
        and isinstance(first.value, str)
    }
    assert len(events) > 60
    assert sorted(event for event in events if f"`{event}`" not in told) == []


def test_no_program_is_started_by_a_shell() -> None:
    found = [
        f"{name}: {ast.unparse(node)[:80]}"
        for name, node in calls()
        if called(node) in {"os.system", "os.popen", "asyncio.create_subprocess_shell"}
        or any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in node.keywords)
    ]
    assert found == []


def test_a_name_that_looks_like_an_option_or_a_command_is_a_name(tmp_path: Path) -> None:
    name = "-y $(touch owned) ; `touch owned`"
    command = [sys.executable, "-m", "badapple", "submit", "--name", name, "--style", "minimal", "--json"]
    env = {
        **os.environ, "BADAPPLE_DATA_DIR": str(tmp_path / "data"), "BADAPPLE_CACHE_DIR": str(tmp_path / "cache"),
    }  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = [sys.executable, "-m", "badapple", "jobs", "ls", "--json"]
    listed = subprocess.run(shown, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert json.loads(listed.stdout)[0]["product_name"] == name
    assert not list(tmp_path.rglob("owned"))


def test_nothing_of_the_repository_goes_along(tmp_path: Path) -> None:
    """Of what the image takes along, nothing is hidden, a test, or a key."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    kept = [line[1:] for line in ignored if line.startswith("!")]
    assert ignored[1] == "*"
    assert not [name for name in kept if re.search(r"(^|/)\.|tests?\b|\.env|\.pem$|\.key$", name)]


def test_scripts_make_nothing_out_of_text() -> None:
    """In the browser no text becomes markup or code, and no name of a stranger's becomes one of an object's."""
    makes = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|\beval\(|new Function"
        r"|__proto__|\.prototype\b|Object\.assign\((?!video, \{|drop, \{|document\.createElement\()|javascript:"
    )
    sources = [path for path in sorted((ROOT / "frontend" / "src").glob("*.ts*")) if path.name != "schema.d.ts"]
    assert len(sources) > 30
    found = [(path.name, makes.findall(path.read_text(encoding="utf-8"))) for path in sources]
    assert [(name, some) for name, some in found if some] == []
    assert makes.search("place.innerHTML = name")
    assert makes.search("Object.assign(settings, answer)")
