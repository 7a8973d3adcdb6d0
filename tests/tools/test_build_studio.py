"""The studio's scripts: how they are built, and whether what people install carries them."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "src" / "badapple" / "studio" / "static"
has_studio = runpy.run_path(str(ROOT / "tools" / "has_studio.py"))
built = pytest.mark.skipif(not (STATIC / "manifest.json").is_file(), reason="tools/build_studio.sh was not run")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the build reads, with no package of npm's in it."""
    for name in ("frontend", "tools", "src"):
        left_out = shutil.ignore_patterns("node_modules", "static", "data", "__pycache__", "photo_studio")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    return tmp_path


def build(checkout: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the script there."""
    told = {**os.environ, "PYTHON": sys.executable, "npm_config_cache": str(checkout / "cache"), **env}
    return subprocess.run(
        [checkout / "tools" / "build_studio.sh", *words], env=told, capture_output=True, text=True, check=False
    )


def test_a_registry_that_does_not_answer_is_named_with_a_way_out(checkout: Path) -> None:
    done = build(checkout, npm_config_registry="http://127.0.0.1:9/", npm_config_fetch_retries="0")
    assert done.returncode == 3, done.stderr
    assert "error: the packages that build the studio's scripts could not be installed" in done.stderr
    assert "BADAPPLE_NO_STUDIO=1 ./test" in done.stderr


def test_a_machine_without_node_hears_how_to_get_one(checkout: Path) -> None:
    done = build(checkout, PYTHON="/bin/false")
    assert done.returncode == 3
    assert "requirements-bundle.lock" in done.stderr
    assert "NODE_BIN=" in done.stderr


def test_the_lock_of_the_scripts_names_no_host_and_every_hash() -> None:
    packages = json.loads((ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    packages.pop("")
    assert len(packages) > 20
    assert [name for name, one in packages.items() if not one["integrity"].startswith("sha512-")] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []


@built
def test_the_wheel_carries_the_studio(tmp_path: Path) -> None:
    words = ["-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", "--outdir", tmp_path, ROOT]
    subprocess.run([sys.executable, *map(str, words)], check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    assert has_studio["look"](wheel) == []


def test_a_wheel_without_the_scripts_is_found_out(tmp_path: Path) -> None:
    wheel = tmp_path / "badapple-0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("badapple/studio/looks/studio.css", "body {}")
    assert has_studio["look"](wheel) == ["badapple/studio/static/manifest.json"]
    with zipfile.ZipFile(wheel, "a") as made:
        made.writestr("badapple/studio/static/manifest.json", '{"src/new.tsx": {"file": "new-1.js", "isEntry": true}}')
    lacking = ["badapple/studio/templates/base.html", "badapple/studio/static/new-1.js"]
    assert has_studio["look"](wheel) == lacking
