"""A thin client of Replicate's HTTP API, which never sends anything twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import BaseModel, ValidationError

from badapple.errors import ConfigError, MissingKeyError, OutcomeUnknownError
from badapple.providers.replicate import download as files
from badapple.providers.replicate.failures import PROVIDER, from_reply, from_transport, unreadable
from badapple.providers.replicate.replies import (
    Account,
    ModelReply,
    Prediction,
    PredictionPage,
    SigningKey,
    Upload,
)
from badapple.providers.replies import JSON_MOST, UnfitReplyError, limit
from badapple.secrets import Secret

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

    import httpx
    from pydantic import JsonValue

    from badapple.config import Access

__all__ = ["HOME", "ReplicateClient", "Timeouts"]

HOME = "https://api.replicate.com"
_CONNECTIONS = 20  #: of one client; calls beyond wait for a free one
_PAGES = 40  #: of a list, 100 predictions each

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds after which a call is given up.

    Attributes:
        connect: until there is a connection.
        read: between two pieces of an answer.
        total: for a whole call of the API.
        file: for a whole download.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    file: float = 300.0


_USUAL = Timeouts()


class ReplicateClient:
    """Calls the API over one pool of connections; every method is one call, but a list, which is one for each page.

    Every method but `create` is free. All raise `TransientProviderError` and `PermanentProviderError`; `create` raises
    `OutcomeUnknownError` besides, where the prediction may exist although we do not know its id.

    Args:
        access: the key, and an address instead of the vendor's own.
        timeouts: when calls are given up.

    Raises:
        MissingKeyError: there is no key.
        ConfigError: httpx is not installed.
    """

    def __init__(self, access: Access, *, timeouts: Timeouts = _USUAL) -> None:
        if access.key is None:
            raise MissingKeyError(access.variable, vendor="Replicate")
        try:
            import httpx  # noqa: PLC0415 - an optional package
        except ImportError as error:
            raise ConfigError("Replicate needs httpx", hint="pip install 'badapple[replicate]'") from error
        self.base_url = (access.base_url or HOME).rstrip("/").removesuffix("/v1")
        self._variable = access.variable
        self._key = access.key
        self._timeouts = timeouts
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS, keepalive_expiry=30)
        waits = httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.total)
        # A proxy of the environment is for the internet, never for a simulator on this machine.
        self._outside = not files.is_loopback(urlsplit(self.base_url).hostname or "")
        self._http = httpx.AsyncClient(
            limits=limits, timeout=waits, trust_env=self._outside, verify=_trusted(), follow_redirects=False
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def create(
        self,
        model: str,
        inputs: Mapping[str, JsonValue],
        *,
        version: str = "",
        cancel_after: int,
        wait: int = 0,
        webhook: str | None = None,
    ) -> Prediction:
        """Order a prediction: the one call that costs.

        Args:
            model: `owner/name`.
            inputs: of the model.
            version: 64 hex letters of a community model; empty for official ones.
            cancel_after: seconds after which the vendor stops it by itself, at least 5.
            wait: seconds for which the call stays open for the result, at most 60.
            webhook: where the vendor calls when it has ended, or None.

        Raises:
            TransientProviderError: nothing was bought.
            PermanentProviderError: nothing was bought, and will not be.
            OutcomeUnknownError: it may have been bought.
        """
        path = "/v1/predictions" if version else f"/v1/models/{quote(model)}/predictions"
        body: dict[str, Any] = {"input": dict(inputs)}
        if version:
            body["version"] = f"{model}:{version}"
        if webhook:
            body |= {"webhook": webhook, "webhook_events_filter": ["completed"]}
        headers = {"Cancel-After": f"{cancel_after}s"} | ({"Prefer": f"wait={wait}"} if wait else {})
        sent = await self._send("POST", path, paid=True, patience=wait, headers=headers, json=body)
        return _read(sent, Prediction, paid=True)

    async def get(self, prediction: str) -> Prediction:
        """Return a prediction as it is now."""
        return _read(await self._send("GET", f"/v1/predictions/{quote(prediction, safe='')}"), Prediction)

    async def cancel(self, prediction: str) -> Prediction:
        """Stop a prediction; return it as it is then, which may be done."""
        return _read(await self._send("POST", f"/v1/predictions/{quote(prediction, safe='')}/cancel"), Prediction)

    async def predictions(self, *, within: timedelta, pages: int = _PAGES) -> list[Prediction]:
        """Return the account's latest predictions, the newest first.

        How old they are is told by the vendor's own clock, never by ours: a wrong one here must not hide any.

        Raises:
            OutcomeUnknownError: there are more than so many pages of 100 within that time.
        """
        found: list[Prediction] = []
        query: dict[str, str] = {}
        oldest: datetime | None = None
        for _ in range(pages):
            sent = await self._send("GET", "/v1/predictions", params=query)
            page = _read(sent, PredictionPage)
            found += page.results
            times = [one.created for one in page.results if one.created_at]
            oldest = oldest or max([*times, *_told(sent)], default=_LONG_AGO) - within
            if not page.next or (times and min(times) < oldest):
                return found
            # Of the link only its query is used, so that the key never goes to whom a reply names.
            query = dict(parse_qsl(urlsplit(page.next).query))
        raise OutcomeUnknownError(
            f"Replicate has more than {len(found)} predictions of the last {within}, too many to look through",
            provider=PROVIDER,
        )

    async def model(self, name: str) -> ModelReply:
        """Return a model with the schema of its newest version."""
        return _read(await self._send("GET", f"/v1/models/{quote(name)}"), ModelReply)

    async def account(self) -> Account:
        """Return whose key it is: the free way to check a key."""
        return _read(await self._send("GET", "/v1/account"), Account)

    async def webhook_secret(self) -> Secret:
        """Return what webhooks to this account are signed with."""
        return Secret(_read(await self._send("GET", "/v1/webhooks/default/secret"), SigningKey).key)

    async def upload(self, data: bytes, *, name: str, content_type: str) -> str:
        """Hand over a file; return the address that a model reads it from."""
        sent = await self._send("POST", "/v1/files", files={"content": (name, data, content_type)})
        return _read(sent, Upload).urls.get

    async def download(self, url: str, out: Path, *, media: files.Media) -> None:
        """Bring a file of a prediction; the key is not sent along.

        Raises:
            MediaError: what lies there is not what it should be, or lies where we do not go.
            PermanentProviderError: it is gone (`lost`).
            TransientProviderError: it could not be brought now.
        """
        base = self.base_url if self.base_url != HOME else ""
        await files.download(url, out, media=media, base_url=base, seconds=self._timeouts.file, proxied=self._outside)

    async def _send(
        self, method: str, path: str, *, paid: bool = False, patience: float = 0, **sent: Any
    ) -> httpx.Response:
        """Make one call; `patience` is what the vendor was asked to keep it open for, seconds."""
        import httpx  # noqa: PLC0415 - an optional package

        timeouts = self._timeouts
        headers = {
            "Authorization": f"Bearer {self._key.reveal()}", "Accept-Encoding": "identity", **sent.pop("headers", {}),
        }  # fmt: skip
        url = self.base_url + path
        waits = httpx.Timeout(timeouts.read + patience, connect=timeouts.connect, pool=timeouts.total)
        try:
            async with (
                asyncio.timeout(timeouts.total + patience),
                self._http.stream(method, url, headers=headers, timeout=waits, **sent) as reply,
            ):
                limit(reply, most=JSON_MOST)
                await reply.aread()
        except (
            httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict, TimeoutError, UnfitReplyError,
        ) as error:  # fmt: skip
            raise from_transport(error, paid=paid) from error
        if not reply.is_success:
            raise from_reply(reply.status_code, reply.headers, reply.content, paid=paid, key=self._variable)
        return reply


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Return whom we trust; reading all authorities takes a tenth of a second, so once must do."""
    import httpx  # noqa: PLC0415 - an optional package

    return httpx.create_ssl_context()


def _told(reply: httpx.Response) -> list[datetime]:
    """Return the time by the vendor's clock, if the reply tells it."""
    try:
        when = parsedate_to_datetime(reply.headers["date"])
        return [when if when.tzinfo else when.replace(tzinfo=UTC)]
    except (KeyError, ValueError):
        return []


def _read(reply: httpx.Response, kind: type[T], *, paid: bool = False) -> T:
    try:
        return kind.model_validate_json(reply.content)
    except (ValidationError, RecursionError) as error:
        raise unreadable(paid=paid, status=reply.status_code) from error
