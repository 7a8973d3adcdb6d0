"""The wire to ElevenLabs: its own SDK with retries off, and the bytes of every reply."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from badapple import __version__, process
from badapple.errors import ConfigError, MissingKeyError, TransientProviderError
from badapple.providers import connections
from badapple.providers.elevenlabs.failures import PROVIDER, broken, refused
from badapple.providers.elevenlabs.replies import History, HistoryItem, Subscription, VoiceFacts
from badapple.providers.replies import JSON_MOST, SPEECH_MOST, UnfitReplyError, limit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping

    import httpx
    from elevenlabs.client import AsyncElevenLabs
    from elevenlabs.core.request_options import RequestOptions

    from badapple.config import Access

__all__ = ["FORMAT", "PAGE", "POOL", "Answer", "Wire", "open_wire"]

T = TypeVar("T", bound=BaseModel)

FORMAT = "mp3_44100_128"  #: every plan may have it
PAGE = 100  #: entries of one page of the history
POOL = 8  #: connections at most
_ADDRESS = "https://api.elevenlabs.io"
_CONNECT, _READ, _WRITE, _TOTAL = 5.0, 60.0, 20.0, 90.0  #: seconds
_IDLE = 15.0  #: seconds after which an unused connection is closed, before the vendor closes it under a request
_ONCE: RequestOptions = {"max_retries": 0}  # the SDK would send a purchase up to three times
# The SDK hands out what it made of a reply, not the reply; a paid one is kept byte for byte.
_heard: ContextVar[tuple[int, list[httpx.Response]]] = ContextVar("badapple_elevenlabs_heard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply that is a success: headers with names in lower case, and the bytes of the body."""

    headers: Mapping[str, str]
    body: bytes


async def open_wire(access: Access) -> Wire:
    """Return the open wire of this process and event loop.

    Raises:
        ConfigError: the SDK is not installed.
        MissingKeyError: no key is set.
    """
    if access.key is None:
        raise MissingKeyError(access.variable, vendor="ElevenLabs")
    if not _sdk.cache_info().currsize:
        await process.in_thread(_sdk)  # half a second of importing, and the certificates
    return connections.shared((PROVIDER, access.base_url, access.key), lambda: Wire(access))


@lru_cache(maxsize=1)
def _sdk() -> tuple[type[AsyncElevenLabs], ssl.SSLContext]:
    try:
        import elevenlabs.history.client  # noqa: PLC0415 - heavy, and an extra
        import elevenlabs.text_to_speech.client  # noqa: PLC0415
        import elevenlabs.user.client  # noqa: PLC0415
        import elevenlabs.voices.client  # noqa: PLC0415, F401
        import httpx  # noqa: PLC0415 - comes with the SDK
        from elevenlabs.client import AsyncElevenLabs  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "ElevenLabs was chosen, but its package is not installed", hint="pip install 'badapple[elevenlabs]'"
        ) from error
    return AsyncElevenLabs, httpx.create_ssl_context()


class Wire:
    """Sends one request at a time for each call, once, and raises errors of ours.

    Every method raises TransientProviderError, PermanentProviderError, and OutcomeUnknownError where money may be gone.
    """

    def __init__(self, access: Access) -> None:
        import httpx  # noqa: PLC0415 - comes with the SDK
        from elevenlabs.core.api_error import ApiError  # noqa: PLC0415
        from elevenlabs.core.parse_error import ParsingError  # noqa: PLC0415

        sdk, certificates = _sdk()
        self._broken = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnfitReplyError)
        # What the SDK raises about a reply that it has: they say less than the reply itself.
        self._unread = (
            ApiError, ParsingError, ValueError, TypeError, LookupError, AttributeError, RecursionError,
        )  # fmt: skip
        self._http = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=POOL, max_keepalive_connections=POOL, keepalive_expiry=_IDLE),
            verify=certificates,
            timeout=httpx.Timeout(_READ, connect=_CONNECT, write=_WRITE),
            event_hooks={"request": [_set_limits], "response": [_keep]},
            follow_redirects=False,
        )
        # The key is always passed: the SDK would look for one in the environment when it is imported.
        self._sdk = sdk(
            api_key=access.key.reveal() if access.key else "",
            base_url=access.base_url or _ADDRESS,
            timeout=_READ,
            httpx_client=self._http,
            headers={"User-Agent": f"badapple/{__version__}", "Accept-Encoding": "identity"},
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def speak(self, voice: str, body: Mapping[str, Any]) -> Answer:
        """Buy a spoken text with the times of its characters."""
        from elevenlabs.types.voice_settings import VoiceSettings  # noqa: PLC0415 - heavy

        request = {**body, "voice_settings": VoiceSettings(**body["voice_settings"])}
        speech = self._sdk.text_to_speech.with_raw_response
        return await self._exchange(
            lambda: speech.convert_with_timestamps(voice, output_format=FORMAT, request_options=_ONCE, **request),
            most=SPEECH_MOST,
            buying=True,
        )

    async def history(self, *, voice: str, model: str, after: str | None) -> History:
        """Return a page of what was spoken in one voice by one model, the newest first."""
        # The vendor wants `source` wherever `model_id` is given.
        answer = await self._exchange(
            lambda: self._sdk.history.with_raw_response.list(
                page_size=PAGE, start_after_history_item_id=after, voice_id=voice, model_id=model, source="TTS",
                request_options=_ONCE,
            )
        )  # fmt: skip
        return _read(answer, History)

    async def item(self, item: str) -> HistoryItem:
        """Return one entry of the history."""
        answer = await self._exchange(
            lambda: self._sdk.history.with_raw_response.get(item, request_options=_ONCE)
        )  # fmt: skip
        return _read(answer, HistoryItem)

    async def audio(self, item: str) -> bytes:
        """Return the audio of one entry of the history."""

        async def send() -> None:
            async with self._sdk.history.with_raw_response.get_audio(item, request_options=_ONCE):
                pass  # the hook has read it whole

        return (await self._exchange(send, most=SPEECH_MOST)).body

    async def subscription(self) -> Subscription:
        """Return what the account may use."""
        answer = await self._exchange(
            lambda: self._sdk.user.subscription.with_raw_response.get(request_options=_ONCE)
        )  # fmt: skip
        return _read(answer, Subscription)

    async def voice(self, voice: str) -> VoiceFacts:
        """Return what is known of a voice."""
        answer = await self._exchange(
            lambda: self._sdk.voices.with_raw_response.get(voice, request_options=_ONCE)
        )  # fmt: skip
        return _read(answer, VoiceFacts)

    async def _exchange(
        self, send: Callable[[], Awaitable[object]], *, most: int = JSON_MOST, buying: bool = False
    ) -> Answer:
        heard: list[httpx.Response] = []
        token = _heard.set((most, heard))
        try:
            async with asyncio.timeout(_TOTAL):
                await send()
        except self._broken as error:
            raise broken(error, buying=buying) from error
        except self._unread:
            if not heard:  # nothing was sent
                raise
        finally:
            _heard.reset(token)
        reply = heard[-1]
        headers = {name.lower(): value for name, value in reply.headers.items()}
        if not reply.is_success:
            raise refused(reply.status_code, headers, reply.content, buying=buying)
        return Answer(headers=headers, body=reply.content)


async def _set_limits(request: httpx.Request) -> None:
    """Give connecting and sending limits of their own: the SDK passes one number for everything."""
    request.extensions["timeout"] = {"connect": _CONNECT, "read": _READ, "write": _WRITE, "pool": _READ}


async def _keep(response: httpx.Response) -> None:
    most, heard = _heard.get()
    limit(response, most=most)
    await response.aread()
    heard.append(response)


def _read(answer: Answer, kind: type[T]) -> T:
    try:
        return kind.model_validate_json(answer.body)
    except ValidationError as error:
        raise TransientProviderError(
            f"ElevenLabs answered something that cannot be read: {error.errors()[0]['msg']}; nothing was charged",
            provider=PROVIDER,
            reason="server",
            hint="try again later",
        ) from error
