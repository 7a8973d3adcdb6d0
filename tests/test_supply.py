"""What badapple is made of: licences, a bill of materials, and the workflows that others run."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
licences = runpy.run_path(str(ROOT / "tools" / "licences.py"))


def test_every_licence_is_one_that_a_brand_can_live_with() -> None:
    rows = list(licences["rows"]())
    assert {"pillow", "dbos", "fastapi", "anthropic", "mcp"} <= {name for name, _, _ in rows}
    assert [row for row in rows if licences["refused"](row[0], row[2])] == []


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("MIT", False), ("Apache-2.0 OR GPL-3.0-only", False), ("MIT AND GPL-3.0-only", True), ("GPL-3.0", True),
        ("", True), ("LGPL-3.0-only", True), ("(MIT OR ISC)", False), ("Proprietary", True),
    ],
)  # fmt: skip
def test_a_licence_that_binds_others_is_refused(words: str, *, refused: bool) -> None:
    assert licences["refused"]("something", words) is refused


def test_a_bill_of_materials_names_all_that_is_pinned(tmp_path: Path) -> None:
    out = tmp_path / "sbom.json"
    command: list[str | Path] = [
        PROGRAMS / "cyclonedx-py",
        "environment",
        "--pyproject",
        "pyproject.toml",
        "--no-validate",
        "-o",
        out,
    ]
    subprocess.run([*command, sys.executable], cwd=ROOT, check=True, capture_output=True)
    body = json.loads(out.read_text())
    assert (body["bomFormat"], body["metadata"]["component"]["name"]) == ("CycloneDX", "badapple")
    listed = {re.sub(r"[-_.]+", "-", item["name"]).lower(): item["version"] for item in body["components"]}
    pins = re.findall(
        r"^([\w.-]+)(?:\[[^]]*])?==([^ \\]+) *\\$", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    assert len(pins) > 50
    assert {name: Version(listed[name]) for name, _ in pins} == {name: Version(pin) for name, pin in pins}


def test_the_workflows_are_safe() -> None:
    done = subprocess.run(
        [PROGRAMS / "zizmor", "--offline", "--no-progress", ".github"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_what_it_runs_and_ends(path: Path) -> None:
    body = yaml.safe_load(path.read_text())
    assert body["permissions"] == {}
    for job in body["jobs"].values():
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            assert "uses" not in step or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"])


def test_the_checks_are_those_of_the_readme() -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text())["jobs"]["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["./test"]
