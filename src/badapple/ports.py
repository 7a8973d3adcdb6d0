"""The Protocols that every maker of a part implements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from badapple.models import (
        Asset,
        AssetRequest,
        Bought,
        Brief,
        Card,
        CardOrder,
        Clip,
        Goods,
        Maker,
        MusicOrder,
        Order,
        Product,
        SceneOffer,
        SceneOrder,
        Script,
        Submission,
        TextBox,
        Ticket,
        Voice,
        VoiceOrder,
    )


@runtime_checkable
class Frames(Protocol):
    """The frames of one scene, drawn on demand and in any order; drawing twice gives the same bytes.

    A frame is planar YUV 4:2:0 (I420), BT.709, limited range: uint8, shape (height * 3 // 2, width).
    """

    count: int
    boxes: tuple[TextBox, ...]  #: all text the frames carry

    def draw(self, index: int, out: NDArray[np.uint8]) -> None:
        """Draw frame `index` (0 <= index < count) into `out`. Safe to call from several threads."""
        ...


class WorksHere:
    """Base of makers that buy nothing."""

    def calls(self, *_what: object) -> tuple[Order, ...]:
        """Return nothing."""
        return ()


class ScriptWriter(Protocol):
    """Writes the script."""

    maker: Maker

    def calls(self, brief: Brief, product: Product, offer: SceneOffer) -> Sequence[Order]:
        """Return what it would buy first for this, without buying; nothing where it works here."""
        ...

    async def write(self, brief: Brief, product: Product, offer: SceneOffer) -> Script:
        """Write four scenes and the end card that fit 900 frames."""
        ...


class SpeechSynthesizer(Protocol):
    """Speaks."""

    maker: Maker

    def calls(self, order: VoiceOrder) -> Sequence[Order]:
        """Return what it would buy first for this, without buying; nothing where it works here."""
        ...

    async def speak(self, order: VoiceOrder, out: Path) -> Voice:
        """Write the MP3 to `out` and say where its words are."""
        ...


@runtime_checkable
class Prepaid(Protocol):
    """A speech synthesizer whose account must hold enough credit."""

    async def check_credit(self, orders: Sequence[VoiceOrder]) -> None:
        """Make sure that what is not bought yet of these orders can be.

        Raises:
            PermanentProviderError: it cannot; nothing was charged.
        """
        ...


class SceneRenderer(Protocol):
    """Films a scene."""

    maker: Maker
    offer: SceneOffer

    def calls(self, order: SceneOrder) -> Sequence[Order]:
        """Return what it would buy first for this, without buying; nothing where it works here."""
        ...

    async def render(self, order: SceneOrder, folder: Path) -> Clip | Frames:
        """Return a clip below `folder`, or frames to be drawn on demand."""
        ...


class ImagePainter(Protocol):
    """Paints the end card."""

    maker: Maker

    def calls(self, order: CardOrder) -> Sequence[Order]:
        """Return what it would buy first for this, without buying; nothing where it works here."""
        ...

    async def paint(self, order: CardOrder, out: Path) -> Card:
        """Write a 1080x1920 RGB PNG to `out`."""
        ...


class MusicSource(Protocol):
    """Plays a music bed."""

    maker: Maker

    async def bed(self, order: MusicOrder, out: Path) -> None:
        """Write a stereo 48 kHz 16-bit WAV of `order.seconds` to `out`."""
        ...


class CardComposer(Protocol):
    """Sets the end card's words and product over a background picture of someone else's."""

    async def compose(self, order: CardOrder, ground: Path, out: Path) -> Card:
        """Write a 1080x1920 RGB PNG to `out`; `ground` is a picture of any size, covered by cropping."""
        ...


class StillPainter(Protocol):
    """Paints the picture that a video model starts a scene from."""

    async def still(self, order: SceneOrder, out: Path) -> None:
        """Write a JPEG 768x1344 (9:16) of the product in the style's light to `out`; no text on it."""
        ...


class PaidCall(Protocol):
    """One purchase from a vendor; a `Till` runs it so that it is paid once."""

    order: Order

    async def submit(self, ticket: Ticket, folder: Path) -> Submission:
        """Place the order; files of goods that come at once go below `folder`.

        Raises:
            TransientProviderError: nothing was bought, and trying again later may help.
            PermanentProviderError: nothing was bought, or what was charged brought nothing (`charged`).
            OutcomeUnknownError: the vendor may or may not have the order.
        """
        ...

    async def find(self, ticket: Ticket) -> Submission | None:
        """Ask the vendor for the order of this ticket, never returning an id in `ticket.taken`; None where it has none.

        Raises:
            TransientProviderError: the vendor cannot be asked now.
        """
        ...

    async def collect(self, submission: Submission, folder: Path) -> Goods:
        """Wait for the goods, bring them below `folder` and check them.

        Raises:
            TransientProviderError: not to be had now; nothing is lost.
            PermanentProviderError: there will be none; `charged` says what it cost all the same.
        """
        ...

    async def cancel(self, vendor_id: str) -> None:
        """Tell the vendor to stop; does nothing where it cannot."""
        ...


class Till(Protocol):
    """Buys, each thing once."""

    @property
    def owner(self) -> str:
        """Whose money it is."""
        ...

    async def has(self, order: Order) -> bool:
        """Say whether an order is bought already, or on its way."""
        ...

    async def once(self, call: PaidCall) -> Bought:
        """Return the goods of a call, bought now, waited for or found.

        Raises:
            BudgetError: it would go over a cap; nothing was sent.
            OutcomeUnknownError: it may have been charged, and the vendor cannot be asked.
            ProviderError: as the call raises.
        """
        ...


class Content(Protocol):
    """What stands under one key, as it was when it was opened.

    Attributes:
        size: bytes.
        etag: a strong validator as HTTP writes it, with its quotes: other bytes have another.
    """

    size: int
    etag: str

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `end`, which is not among them, a few megabytes at most at once.

        Raises:
            StorageError: they cannot be read, or something else stands there now.
        """
        ...

    def close(self) -> None:
        """Let go of it; may be done twice."""
        ...


class Storage(Protocol):
    """Keeps objects where every worker reaches them; safe to use from several threads.

    A key is like `blobs/ab/abc.mp4`: parts of letters, digits, dots, dashes and underlines that begin with a letter
    or digit. Every method raises InputError for another.
    """

    def put(self, file: Path, key: str) -> str:
        """Store a file under a key, whole or not at all, and return its URI; what stood there is replaced.

        Raises:
            StorageError: it cannot be stored; what was there before is untouched.
            OSError: the file cannot be read.
        """
        ...

    def get(self, key: str, out: Path) -> bool:
        """Write an object to `out`; False where there is none. A cut transfer leaves nothing at `out`.

        Raises:
            StorageError: the storage cannot be asked.
            OSError: `out` cannot be written.
        """
        ...

    def size(self, key: str) -> int | None:
        """Return the bytes of an object, or None where there is none.

        Raises:
            StorageError: the storage cannot be asked.
        """
        ...

    def open(self, key: str) -> Content | None:
        """Return an object to read from, or None where there is none; whoever asked closes it.

        Raises:
            StorageError: the storage cannot be asked.
        """
        ...

    def link(self, key: str, seconds: float) -> str | None:
        """Return an address where anybody can read an object for so long, a week at most; None where none can be made.

        Whether there is such an object is not asked.
        """
        ...

    def resting(self, prefix: str, seconds: float) -> Iterator[str]:
        """Yield the keys below a prefix of objects that were last written so many seconds ago, or longer.

        Raises:
            StorageError: the storage cannot be asked.
        """
        ...

    def remove(self, prefix: str) -> int:
        """Remove every object whose key is the prefix or lies below it; return how many there were.

        Raises:
            StorageError: the storage cannot be asked.
        """
        ...


class AssetRunner(Protocol):
    """Makes assets, here or elsewhere; asking again for a finished one is free."""

    async def run(
        self, request: AssetRequest, *, on_begin: Callable[[AssetRequest], Awaitable[None]] | None = None
    ) -> Asset:
        """Return the asset, made now or found; `on_begin` is awaited when its making really begins."""
        ...

    async def find(self, request: AssetRequest) -> Asset | None:
        """Return the asset if it is finished; nothing is made."""
        ...

    async def ingest(self, file: Path, *, kind: str, sha256: str) -> Asset:
        """Keep a file that the caller handed in, named by its content."""
        ...

    async def trim(self, *, keep: frozenset[str]) -> None:
        """Bring what is kept under its limit; content with a SHA-256 in `keep` stays."""
        ...

    async def settle(self) -> None:
        """Begin nothing more, and wait until what is paid for is collected."""
        ...
