"""One job, made in the process of whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badapple.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["process_job"]

_NEEDED = ("job_id", "product_name", "style", "cta_text")


async def process_job(job: Mapping[str, Any]) -> str:
    """Make the video of a job here and now, and return where it is; needs neither engine nor worker.

    Calling it again with the same `job_id` goes on where it was stopped: finished parts are found, and what was bought
    is not bought again. `badapple.jobs.submit` hands a job to workers instead.

    Args:
        job: `job_id`, `product_name`, `style`, `cta_text`, and `product_image_path` where there is a photo.

    Raises:
        InputError: one of these is missing.
        PipelineOrchestrationError: a part failed for good; says which, why, and what was charged.
    """
    missing = [name for name in _NEEDED if not isinstance(job.get(name), str)]
    if missing:
        raise InputError(f"the job lacks {', '.join(missing)}")
    from badapple.pipeline.orchestrator import create_pipeline_orchestrator  # noqa: PLC0415 - loads the whole pipeline
    from badapple.redis_client import get_redis  # noqa: PLC0415 - as above

    orchestrator = create_pipeline_orchestrator(job["job_id"], get_redis(), None)
    return await orchestrator.execute_pipeline(
        job["product_name"], job["style"], job["cta_text"], job.get("product_image_path")
    )
