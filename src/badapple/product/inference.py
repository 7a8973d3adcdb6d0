"""The runtime of the small networks that work here: it reports to nobody, and says nothing that is no error."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

from badapple.config import tell_libraries

__all__ = ["runtime"]

_ERRORS_ONLY = 3


@lru_cache(maxsize=1)
def runtime() -> Any:
    """Return onnxruntime, loaded when first asked for: it is heavy."""
    tell_libraries(ORT_DISABLE_TELEMETRY="1")  # else loading it leaves the id of a session in the temporary folder
    onnxruntime: Any = importlib.import_module("onnxruntime")
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    return onnxruntime
