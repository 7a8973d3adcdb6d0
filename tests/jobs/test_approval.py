"""A script that is taken in while others tidy up."""

from __future__ import annotations

import threading
import time
from copy import deepcopy

import pytest
from sqlalchemy import text
from tests.jobs.conftest import Hand
from tests.jobs.making import Works

from badapple import jobs
from badapple.config import Settings
from badapple.errors import JobAwaitsError
from badapple.jobs import orders, shelf


def test_a_script_that_somebody_removed_in_this_moment_is_taken_in_again(settings: Settings, hand: Hand) -> None:
    works = Works(settings)
    job = works.submit(approval=True)
    with pytest.raises(JobAwaitsError):
        works.run(job)
    script = deepcopy(dict(jobs.detail(job, settings).script or {}))
    script["scenes"][0]["voiceover_text"] = "My own words."
    blobs = settings.data_dir / "orders" / "blobs"
    putting = threading.Thread(target=jobs.put_script, args=(job, script, settings))
    with hand.engine.connect() as other:
        other.execute(text("BEGIN IMMEDIATE"))  # nobody else writes now
        putting.start()
        end = time.monotonic() + 20
        while not (taken := list(blobs.glob("*/*.json"))) and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)  # it waits for its transaction by now
        taken[0].unlink()
        other.rollback()
    putting.join(30)
    blob = orders.of_row(hand.row(job)).files["script"]
    assert shelf.lies(blob, settings)
    jobs.approve(job, settings)
    works.run(job)
    assert jobs.detail(job, settings).scenes[0].voiceover_text == "My own words."
