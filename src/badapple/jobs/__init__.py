"""Jobs: what every door calls to submit, look at, follow, end, try again and forget them.

All of it reads and writes rows of our own database; workers see to the rest. `owner` says whose jobs are meant.
"""

from badapple.jobs.again import Again, resume, retry
from badapple.jobs.changes import Changes, SceneChange
from badapple.jobs.details import JobDetail, detail, part_blob, part_file
from badapple.jobs.doorbells import Doorbell, LocalDoorbell, RedisDoorbell
from badapple.jobs.edits import approve, edit, put_script, regenerate
from badapple.jobs.ending import Ended, cancel
from badapple.jobs.feed import follow, replay
from badapple.jobs.keeping import fetch, keep, open_cache
from badapple.jobs.orders import JobOrder
from badapple.jobs.purge import Purged, purge
from badapple.jobs.queue import Priority, submit
from badapple.jobs.views import JobView, StageView, get, listing

__all__ = [
    "Again",
    "Changes",
    "Doorbell",
    "Ended",
    "JobDetail",
    "JobOrder",
    "JobView",
    "LocalDoorbell",
    "Priority",
    "Purged",
    "RedisDoorbell",
    "SceneChange",
    "StageView",
    "approve",
    "cancel",
    "detail",
    "edit",
    "fetch",
    "follow",
    "get",
    "keep",
    "listing",
    "open_cache",
    "part_blob",
    "part_file",
    "purge",
    "put_script",
    "regenerate",
    "replay",
    "resume",
    "retry",
    "submit",
]
