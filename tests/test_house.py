"""The rules of the house: sizes, names, floors, words, documents."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from badapple.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src" / "badapple").rglob("*.py"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BANNED_NAMES = {"utils", "util", "helpers", "common", "base", "misc", "core"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, _FUNCTIONS):
            yield node


def _committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_modules_are_short() -> None:
    long = [
        f"{_name(path)} has {size} lines"
        for path in SOURCES
        if (size := len(path.read_text(encoding="utf-8").splitlines())) >= 400
    ]
    assert long == []


def test_modules_say_what_they_are_for() -> None:
    silent = [_name(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []
    assert [_name(path) for path in SOURCES if path.stem in BANNED_NAMES] == []


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of what it does: neither its signature nor its docstring."""
    first = function.body[1 if ast.get_docstring(function) and len(function.body) > 1 else 0]
    return (function.end_lineno or first.lineno) - first.lineno + 1


def test_functions_are_short() -> None:
    long = [
        f"{_name(path)}: {node.name} has {size} lines"
        for path in SOURCES
        if "migrations" not in path.parts  # a migration is a list of columns
        for node in _functions(path)
        if (size := _length(node)) >= 50
    ]
    assert long == []


def test_booleans_are_keywords() -> None:
    found = [
        f"{_name(path)}: {node.name}({argument.arg})"
        for path in SOURCES
        for node in _functions(path)
        for argument in node.args.args
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bool" and node.name != "_version"
    ]
    assert found == []


def test_few_parameters_go_by_position() -> None:
    found = [
        f"{_name(path)}: {node.name} takes {count} by position"
        for path in SOURCES
        for node in _functions(path)
        if (count := len([argument for argument in node.args.args if argument.arg not in {"self", "cls"}])) > 6
    ]
    assert found == []


def test_processes_are_started_in_one_module_only() -> None:
    for path in SOURCES:
        if _name(path) != "src/badapple/process/spawn.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"^\s*(import|from) (subprocess|multiprocessing)\b", text, re.MULTILINE), _name(path)


def test_only_the_settings_read_the_environment() -> None:
    for path in SOURCES:
        if path.parent.name != "config" or path.name != "__init__.py":
            assert not re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8")), _name(path)


def test_imports_run_down_the_floors() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_is_mocked() -> None:
    banned = "unittest" + ".mock"
    for path in (ROOT / "tests").rglob("*.py"):
        assert banned not in path.read_text(encoding="utf-8"), _name(path)


@pytest.mark.parametrize("module", ["badapple", "badapple.cli"])
def test_importing_the_package_loads_nothing_heavy(module: str) -> None:
    heavy = "{'numpy', 'cv2', 'onnxruntime', 'PIL', 'typer', 'rich', 'pydantic', 'sqlalchemy', 'hibari', 'structlog'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pipeline_loads_no_vendor_s_package() -> None:
    vendors = "{'anthropic', 'elevenlabs', 'httpx', 'genai_prices', 'jsonschema', 'tenacity', 'starlette', 'uvicorn'}"
    code = f"import sys, badapple.pipeline.orchestrator; print(sorted({vendors} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_completion_loads_neither_numbers_nor_pictures() -> None:
    code = (
        "import sys; from badapple.cli import app\n"
        "print(sorted({'numpy', 'cv2', 'onnxruntime', 'PIL', 'sqlalchemy', 'hibari'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_file_names_a_package_index_or_a_path_of_this_machine() -> None:
    hosts = ["pypi" + ".org", "python" + "hosted", "deb." + "debian", "snapshot." + "debian", "npmjs" + ".org"]
    paths = ["/work" + "/", "/root" + "/", "/home" + "/"]
    pattern = re.compile("|".join(map(re.escape, hosts)) + "|(?<![a-z.])(?:" + "|".join(paths) + ")")
    for path in _committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = pattern.search(text)
        assert found is None, f"{_name(path)} names {found[0]}"


def test_the_locks_pin_every_package_by_hash() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        pins = re.findall(r"^[a-z0-9][^\n]*(?:\n +[^\n]*)*", lock.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(pins) > (1 if lock.name == "requirements-bundle.lock" else 40)  # that one has Node alone
        assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)


def test_the_locks_agree() -> None:
    def pins(name: str) -> set[str]:
        return set(
            re.findall(
                r"^([a-z0-9._-]+)(?:\[[^\]]*\])?(==[^ ;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE
            )
        )

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def _blocks(language: str) -> list[tuple[str, str]]:
    return [
        (_name(path), block)
        for path in DOCUMENTS
        for block in re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    ]


def test_every_documented_command_is_one_that_exists() -> None:
    command = typer.main.get_command(app)
    lines = [
        (name, line) for name, block in _blocks("sh") for line in block.splitlines() if line.startswith("badapple ")
    ]
    assert len(lines) >= 8
    for name, line in lines:
        words = shlex.split(line, comments=True)[1:]
        if words[0].startswith("--"):
            continue
        sub = command.commands[words[0]]  # type: ignore[attr-defined]  # a group has them
        try:
            sub.make_context(words[0], words[1:])
        except Exception as error:  # noqa: BLE001 - whatever it says, the document is wrong
            pytest.fail(f"{name}: {line}: {error}")


def test_every_option_of_make_is_documented() -> None:
    make = typer.main.get_command(app).commands["make"]  # type: ignore[attr-defined]  # a group has them
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    options = [option for parameter in make.params for option in parameter.opts if option.startswith("--")]
    missing = [option for option in options if f"`{option}" not in text and option != "--help"]
    assert missing == []


def test_documented_python_imports_what_exists_and_calls_it_rightly() -> None:
    for name, block in _blocks("python"):
        tree = ast.parse(block, filename=name)
        known: dict[str, object] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("badapple"):
                module = importlib.import_module(node.module)
                known |= {alias.name: getattr(module, alias.name) for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and callable(known.get(node.func.id)):
                keywords = {keyword.arg: None for keyword in node.keywords if keyword.arg}
                inspect.signature(known[node.func.id]).bind(*node.args, **keywords)  # type: ignore[arg-type]  # callable


def test_documents_link_to_files_that_exist() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists() or target == "docs/styles.jpg", f"{_name(path)} -> {target}"
