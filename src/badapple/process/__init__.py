"""The only spawner of child processes and worker threads: limits, last lines, group kill, cancellation."""

from badapple.process.calls import pipe, run, stream
from badapple.process.child import Limits, Output
from badapple.process.children import end_children
from badapple.process.heap import settle
from badapple.process.room import is_full, with_room
from badapple.process.sandbox import Sandbox, sandbox_level
from badapple.process.spawn import attach
from badapple.process.threads import Aside, P, Stopped, T, check_stop, in_thread

__all__ = [
    "Aside",
    "Limits",
    "Output",
    "P",
    "Sandbox",
    "Stopped",
    "T",
    "attach",
    "check_stop",
    "end_children",
    "in_thread",
    "is_full",
    "pipe",
    "run",
    "sandbox_level",
    "settle",
    "stream",
    "with_room",
]
