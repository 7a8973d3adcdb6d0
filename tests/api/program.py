"""The API beside a worker whose parts take no time, as a process of its own."""

from __future__ import annotations

import sys

from badapple import config
from badapple.api.running import ApiDoor
from badapple.testing.instant import instant_recipes
from badapple.worker import run_worker

if __name__ == "__main__":
    settings = config.serve()
    door = ApiDoor(settings, "127.0.0.1")
    sys.exit(run_worker(settings, concurrency=2, recipes=instant_recipes, port=0, door=door))
