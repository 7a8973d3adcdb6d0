"""The runtime of the networks leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def test_loading_it_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    code = "from badapple.product.inference import runtime; runtime()"
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], env=env | {"TMPDIR": str(tmp_path)}, check=True, timeout=50)
    assert list(tmp_path.iterdir()) == []
