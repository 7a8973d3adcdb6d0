"""Workers: they take jobs and parts from the queues and make them."""

from badapple.worker.jobs import process_job
from badapple.worker.running import run_worker

__all__ = ["process_job", "run_worker"]
