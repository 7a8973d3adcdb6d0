"""Writes the OpenAPI document that the studio's types are made from:  tools/studio_document.py FILE."""

import json
import sys
import tempfile
from pathlib import Path

from badapple.api.app import create_app
from badapple.config import read_settings


def main() -> None:
    """Write it."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(read_settings({"BADAPPLE_DATA_DIR": folder, "BADAPPLE_CACHE_DIR": folder}))
        Path(sys.argv[1]).write_text(json.dumps(app.openapi(), indent=1) + "\n", encoding="utf-8")
        app.state.doors.engine.dispose()


if __name__ == "__main__":
    main()
