"""Simulated vendors: real HTTP servers that speak as Anthropic, ElevenLabs and Replicate do, and keep a ledger."""

from importlib import util

from badapple.errors import ConfigError

_MISSING = [name for name in ("jsonschema", "python_multipart", "starlette", "uvicorn") if util.find_spec(name) is None]
if _MISSING:
    raise ConfigError(
        f"the simulators need {', '.join(_MISSING)}, not installed here", hint="pip install 'badapple[simulate]'"
    )

from badapple.testing.simulators.clock import Clock  # noqa: E402 - only where its packages are there
from badapple.testing.simulators.faults import Fault  # noqa: E402
from badapple.testing.simulators.ledger import Charge  # noqa: E402
from badapple.testing.simulators.rig import Simulators  # noqa: E402
from badapple.testing.simulators.traffic import Exchange, Request  # noqa: E402
from badapple.testing.simulators.webhooks import Delivery  # noqa: E402

__all__ = ["Charge", "Clock", "Delivery", "Exchange", "Fault", "Request", "Simulators"]
