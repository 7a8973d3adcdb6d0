"""Jobs that wait for a person: they hold no worker, outlast workers, and go on when they are told to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.worker.test_worker import Site, told

from badapple import jobs
from badapple.models import DRAFT, MakeOptions


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """One machine with a SQLite file."""
    site = Site(tmp_path, f"sqlite:///{tmp_path / 'a' / 'data' / 'badapple.db'}")
    yield site
    site.close()


def test_a_job_waits_for_approval_and_holds_nobody_up(site: Site) -> None:
    worker = site.worker()
    options = MakeOptions(canvas=DRAFT, approval=True)
    order = jobs.JobOrder(product_name="Watch", style="minimal", cta_text="Go", options=options)
    job = jobs.submit(order, site.settings)
    site.until(lambda: site.job(job).awaiting == "approval")
    worker.kill()
    worker.wait()
    site.worker()  # its first round looks for jobs that nobody works on
    assert site.ended(site.submit("Lamp")).status == "completed"
    time.sleep(1.5)
    view = site.job(job)
    assert (view.status, view.awaiting, view.attempt, view.crashes) == ("pending", "approval", 1, 0)
    jobs.approve(job, site.settings)
    view = site.ended(job)
    assert (view.status, view.attempt, view.awaiting) == ("completed", 2, None)
    assert [stage for _, stage, _ in told(site, job)].count("completed") == 1
