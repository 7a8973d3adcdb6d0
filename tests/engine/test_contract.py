"""What badapple uses of DBOS that DBOS does not promise: were it to change, these say so first."""

from __future__ import annotations

import inspect

from dbos import DBOS, DBOSClient, WorkflowSerializationFormat
from dbos import _queue as _queue_module
from dbos._core import ActiveWorkflowById
from dbos._queue import Queue, queue_thread, queue_worker_thread
from dbos._recovery import recover_pending_workflows
from dbos._sys_db import SystemDatabase
from dbos._utils import INTERNAL_QUEUE_NAME

from badapple.engine.engine import _INTERNAL


def test_recovery_puts_work_back_and_asks_who_ran_it() -> None:
    assert list(inspect.signature(DBOS._recover_pending_workflows).parameters) == ["executor_ids"]
    assert "reenqueue_for_recovery" in inspect.getsource(recover_pending_workflows.__globals__["_recover_workflow"])
    taken = inspect.getsource(SystemDatabase.reenqueue_for_recovery)
    assert "executor_id.in_(executor_ids)" in taken  # a live process' work is never put back
    assert "func.coalesce" in taken  # it keeps its queue, and with it the vendor's limits


def test_one_workflow_can_be_put_back_by_its_id() -> None:
    words = ["self", "workflow_id", "executor_ids", "recovery_queue_name"]
    assert list(inspect.signature(SystemDatabase.reenqueue_for_recovery).parameters) == words
    assert INTERNAL_QUEUE_NAME == _INTERNAL


def test_a_queue_s_measure_is_read_again_on_every_look() -> None:
    source = inspect.getsource(queue_worker_thread)
    assert "queue._polling_interval_sec" in source
    # It is read in the queue's own thread, just before the wait and the look: here a bell can be waited for.
    places = [source.index(words) for words in ("dbos._sys_db.get_queue(queue.name)", "stop_event.wait(")]
    assert places[0] < places[1] < source.rindex("dequeue()\n")
    assert source.count(".get_queue(") == 1
    assert 'name=f"queue-worker-{queue_name}"' in inspect.getsource(queue_thread)
    claim = inspect.getsource(SystemDatabase.start_queued_workflows)
    assert "queue._worker_concurrency" in claim
    assert {"_worker_concurrency", "_polling_interval_sec"} <= vars(_queue()).keys()


def _queue() -> Queue:
    return Queue("q", token=_queue_module._INTERNAL_QUEUE_CONSTRUCTION)


def test_the_newest_version_matters_only_to_work_without_one() -> None:
    asked = inspect.getsource(SystemDatabase.start_queued_workflows)
    assert "is_latest_version = self._is_latest_version(app_version, c)" in asked
    assert asked.count("if is_latest_version:") == 1
    assert "application_version.is_(None)" in asked


def test_what_runs_here_is_known_by_queue() -> None:
    assert list(inspect.signature(ActiveWorkflowById.count_for_queue).parameters) == ["self", "queue_name"]
    assert list(inspect.signature(ActiveWorkflowById.activeList).parameters) == ["self"]


def test_a_client_may_enqueue_from_inside_a_step() -> None:
    assert "workflow_id" in inspect.signature(DBOSClient.enqueue).parameters["options"].annotation.__annotations__
    assert WorkflowSerializationFormat.PORTABLE.value == "portable"  # bodies are JSON, never pickles
