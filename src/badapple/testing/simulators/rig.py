"""The three simulators as one thing that is started, looked at and stopped."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from badapple.media.ffmpeg import locate
from badapple.testing.simulators.anthropic import AnthropicSimulator
from badapple.testing.simulators.catalogue import CLAUDE_KEY, ELEVEN_KEY, REPLICATE_KEY
from badapple.testing.simulators.clock import Clock
from badapple.testing.simulators.elevenlabs import ElevenLabsSimulator
from badapple.testing.simulators.faults import FaultScript
from badapple.testing.simulators.front import Front
from badapple.testing.simulators.latency import Latency
from badapple.testing.simulators.ledger import Ledger
from badapple.testing.simulators.memory import Memory
from badapple.testing.simulators.replicate import ReplicateSimulator
from badapple.testing.simulators.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from badapple.testing.simulators.faults import Fault
    from badapple.testing.simulators.ledger import Charge
    from badapple.testing.simulators.traffic import Exchange, Request
    from badapple.testing.simulators.webhooks import Delivery

__all__ = ["Simulators"]


class Simulators:
    """Anthropic, ElevenLabs and Replicate on three ports of 127.0.0.1.

    Args:
        faults: what goes wrong, see `Fault`.
        clock: the time they go by; real time by default.
        speed: seconds that pass for them in one real second, where no clock is given.
        state: a SQLite file that keeps charges, predictions and history beyond this object, or None.
        latency: seconds by `messages`, `tts` or Replicate model; a list is used up call by call.
        ffmpeg: makes the media; the packaged one by default.
        small: hand out the same fifth of a second of tone for every text and the same small film for every first
            frame, so that thousands of orders cost no time.

    Attributes:
        clock: its `advance(seconds=...)` moves all three forward.
        latency: how long they take from now on; `set({...})` changes it.
        anthropic: the simulator behind the first port.
        elevenlabs: the simulator behind the second.
        replicate: the simulator behind the third.
    """

    def __init__(
        self,
        *,
        faults: Sequence[Fault] = (),
        clock: Clock | None = None,
        speed: float = 1.0,
        state: Path | str | None = None,
        latency: Mapping[str, float | Sequence[float]] | None = None,
        ffmpeg: Path | None = None,
        small: bool = False,
    ) -> None:
        self.clock = clock or Clock(speed=speed)
        self._memory = Memory(Path(state) if state is not None else None)
        self._ledger = Ledger(self._memory)
        self._faults = FaultScript(faults)
        self._traffic = Traffic()
        self.latency = Latency(latency)
        self.anthropic = AnthropicSimulator(clock=self.clock, ledger=self._ledger, latency=self.latency)
        program = locate(ffmpeg)
        self.elevenlabs = ElevenLabsSimulator(
            clock=self.clock, ledger=self._ledger, memory=self._memory, latency=self.latency, ffmpeg=program
        )
        self.replicate = ReplicateSimulator(
            clock=self.clock, ledger=self._ledger, memory=self._memory, latency=self.latency, ffmpeg=program
        )
        self.elevenlabs.small = self.replicate.small = small
        self._fronts = {
            vendor.name: Front(vendor, clock=self.clock, faults=self._faults, traffic=self._traffic)
            for vendor in (self.anthropic, self.elevenlabs, self.replicate)
        }
        self._running = ExitStack()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Begin to listen on all three ports, the same as before where there was a before."""
        self._memory.open()
        ports = {body["vendor"]: body["port"] for body in self._memory.all("port")}
        for name, front in self._fronts.items():
            front.server.start(prefer=ports.get(name, 0))
            self._running.callback(front.server.stop)
            self._memory.keep("port", name, {"vendor": name, "port": front.server.port})
        self.replicate.address = self.address("replicate")
        return self

    def stop(self) -> None:
        """Stop listening; what was recorded can still be looked at."""
        self._running.close()
        self._memory.close()

    def restart(self, vendor: str) -> None:
        """Stop one simulator, cutting its connections, and start it again on the same port with all it knows."""
        server = self._fronts[vendor].server
        server.stop()
        server.start()

    def address(self, vendor: str) -> str:
        """Return the base URL of one simulator."""
        return f"http://127.0.0.1:{self._fronts[vendor].server.port}"

    def environment(self) -> dict[str, str]:
        """Return the variables that lead the vendors' clients here."""
        return {
            "ANTHROPIC_API_KEY": CLAUDE_KEY,
            "ANTHROPIC_BASE_URL": self.address("anthropic"),
            "ELEVENLABS_API_KEY": ELEVEN_KEY,
            "ELEVENLABS_BASE_URL": self.address("elevenlabs"),
            "REPLICATE_API_TOKEN": REPLICATE_KEY,
            "REPLICATE_BASE_URL": self.address("replicate"),
        }

    def set_faults(self, faults: Sequence[Fault]) -> None:
        """Put a new fault script in the place of the old one; counting starts again."""
        self._faults.set(faults)

    @property
    def charges(self) -> tuple[Charge, ...]:
        """Everything charged so far; what was taken back has amount 0."""
        self.replicate.settle()
        return self._ledger.charges()

    def total(self, vendor: str | None = None) -> int:
        """Return what was charged, by all or by one, micro-dollars."""
        return sum(charge.amount for charge in self.charges if vendor in {None, charge.vendor})

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request, in the order of their coming."""
        return self._traffic.requests()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every request with its answer, in the order of the answers."""
        return self._traffic.exchanges()

    def webhooks(self, prediction: str | None = None) -> tuple[Delivery, ...]:
        """Return the webhooks that were sent, of all predictions or of one."""
        return tuple(sent for sent in self.replicate.postman.sent() if prediction in {None, sent.prediction})
