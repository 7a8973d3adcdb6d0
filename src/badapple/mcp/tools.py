"""The tools: what an agent can ask for, in the words of `badapple.jobs`."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.mcpserver import Context  # noqa: TC002 - read by the library at run time
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, ResourceLink, TextContent
from pydantic import Field

from badapple import jobs
from badapple.access import LOCAL, READ, WRITE
from badapple.config import micro_dollars
from badapple.database import open_database
from badapple.errors import BadappleError, InputError
from badapple.jobs import brand, catalog, deleting, edits, idempotency, pricing, uploads
from badapple.mcp.shapes import Ad, Estimate, Gone, Style, Styles
from badapple.models import DRAFT, FULL, MakeOptions, Makers
from badapple.process import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from badapple.access import Principal
    from badapple.access.audit import Outcome
    from badapple.config import Settings
    from badapple.jobs import JobOrder

__all__ = ["Tools"]

_log = logging.getLogger("badapple.mcp")
_INTAKES = 4
_LONGEST = 600  #: seconds that one call of `get_ad` may wait
Provider = Literal["offline", "auto", "cloud"]
ProductName = Annotated[str, Field(min_length=1, max_length=100, description="What is advertised.")]
StyleName = Annotated[str, Field(description="Name of a style; `list_styles` tells them.")]
CtaText = Annotated[str, Field(max_length=60, description="Call to action, word for word; empty lets it be written.")]
PhotoPath = Annotated[str | None, Field(description="The product photo on this machine; not over HTTP.")]
UploadId = Annotated[str | None, Field(description="A photo that was sent to POST /api/v1/uploads before.")]
MaxCost = Annotated[
    float | None,
    Field(ge=0, description="Dollars that vendors may charge at most. Required unless provider is `offline`."),
]
JobId = Annotated[str, Field(min_length=1, max_length=255)]


@dataclass(slots=True)
class _Call:
    """Whose a call is, and the id of what it is about."""

    principal: Principal
    target: str


class Tools:
    """The tools over one installation.

    Args:
        settings: where things lie.
        who: says whose a call is.
        local: the caller is on this machine: files are named by their paths.
        note: writes down what was changed, or tried: the call, whose, action, target, outcome. None writes nothing.
        intakes: how many photos are looked at at once; each has a child process of its own. None takes four.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        who: Callable[[Context], Principal] = lambda _: LOCAL,
        local: bool,
        note: Callable[[Context, Principal, str, str, Outcome], Awaitable[None]] | None = None,
        intakes: asyncio.Semaphore | None = None,
    ) -> None:
        self._settings = settings
        self._intakes = intakes or asyncio.Semaphore(_INTAKES)
        self._note = note
        self._who = who
        self._local = local

    async def list_styles(self, ctx: Context) -> Styles:
        """List the looks that an ad can have."""
        async with self._asked(ctx, READ):
            found = await in_thread(catalog.styles, self._settings)
        return Styles(styles=[Style(name=one.name, title=one.title, description=one.description) for one in found])

    async def estimate_ad(
        self,
        ctx: Context,
        *,
        product_name: ProductName,
        style: StyleName = "minimal",
        cta_text: CtaText = "",
        photo_path: PhotoPath = None,
        upload_id: UploadId = None,
        provider: Provider = "cloud",
        quality: Literal["fast", "best"] = "fast",
        facts: list[str] | None = None,
    ) -> Estimate:
        """Say what an ad would cost and how long it takes; nothing is bought, and no key is needed."""
        async with self._asked(ctx, READ) as call:
            makers = Makers(provider=provider, quality=quality)
            order = await self._order(
                call.principal, product_name, style, cta_text, photo=(photo_path, upload_id),
                options=MakeOptions(makers=makers, facts=tuple(facts or ())),
            )  # fmt: skip
            order = await in_thread(brand.dressed, order, self._settings, call.principal.owner)
            async with self._intakes:
                quote = await pricing.quote(order, self._settings, call.principal.owner, as_if_keys=True)
            seconds = await in_thread(pricing.expected_seconds, order, self._settings)
        return Estimate.of(quote, seconds)

    async def create_ad(
        self,
        ctx: Context,
        *,
        product_name: ProductName,
        style: StyleName = "minimal",
        cta_text: CtaText = "",
        photo_path: PhotoPath = None,
        upload_id: UploadId = None,
        provider: Provider = "offline",
        quality: Literal["fast", "best"] = "fast",
        max_cost_usd: MaxCost = None,
        facts: Annotated[
            list[str] | None, Field(description="Claims that the user vouches for; no other is made.")
        ] = None,
        language: Annotated[str, Field(description="BCP 47 code of the spoken language.")] = "en",
        captions: bool = True,
        draft: Annotated[bool, Field(description="Small and quick, to look at.")] = False,
        idempotency_key: Annotated[
            str | None, Field(description="The same key makes one ad, however often it is sent.")
        ] = None,
    ) -> Ad:
        """Begin a 30 s vertical video ad and return its job id at once; `get_ad` waits for it.

        Offline it costs nothing. With `auto` or `cloud` vendors are paid, at most `max_cost_usd`.
        """
        async with self._asked(ctx, WRITE, "job.create") as call:
            if provider != "offline" and max_cost_usd is None:
                raise InputError("max_cost_usd is missing", hint="vendors are paid only under a cap; ask estimate_ad")
            cap = None if max_cost_usd is None else micro_dollars(f"{max_cost_usd:.6f}", name="max_cost_usd")
            makers = Makers(provider=provider, quality=quality, max_cost=cap)
            options = MakeOptions(
                makers=makers, facts=tuple(facts or ()), language=language, captions=captions,
                canvas=DRAFT if draft else FULL,
            )  # fmt: skip
            order = await self._order(
                call.principal, product_name, style, cta_text, photo=(photo_path, upload_id), options=options
            )
            call.target = await self._submit(call.principal, order, idempotency_key)
            return Ad.of(await in_thread(jobs.get, call.target, self._settings, owner=call.principal.owner))

    async def get_ad(
        self,
        ctx: Context,
        job_id: JobId,
        wait_seconds: Annotated[
            float, Field(ge=0, le=_LONGEST, description="Seconds to wait for its end; progress is told meanwhile.")
        ] = 0,
    ) -> Annotated[CallToolResult, Ad]:
        """Say how an ad is, and where its video is once it is finished."""
        async with self._asked(ctx, READ) as call:
            view = await in_thread(jobs.get, job_id, self._settings, owner=call.principal.owner)
            if wait_seconds and view.status in {"pending", "processing"}:
                await self._watch(ctx, job_id, wait_seconds)
                view = await in_thread(jobs.get, job_id, self._settings, owner=call.principal.owner)
        video = view.video_url if self._local else f"/api/v1/jobs/{job_id}/video"
        ad = Ad.of(view, video=video)
        content: list[Any] = [TextContent(type="text", text=ad.model_dump_json(exclude_none=True))]
        if ad.video is not None:
            place = Path(ad.video).as_uri() if self._local and Path(ad.video).is_absolute() else ad.video
            content.append(ResourceLink(name=f"{view.product_name}.mp4", uri=place, mime_type="video/mp4"))
        return CallToolResult(content=content, structured_content=ad.model_dump(mode="json"))

    async def regenerate_scene(self, ctx: Context, job_id: JobId, scene: Annotated[int, Field(ge=1, le=4)]) -> Ad:
        """Film one scene of a finished ad anew, as another version; all else is found again and costs nothing."""
        async with self._asked(ctx, WRITE, "job.regenerate", job_id) as call:
            child = await in_thread(edits.regenerate, job_id, scene, self._settings, owner=call.principal.owner)
            return Ad.of(await in_thread(jobs.get, child, self._settings, owner=call.principal.owner))

    async def cancel_ad(self, ctx: Context, job_id: JobId) -> Gone:
        """Stop an ad that is being made; says what was spent."""
        async with self._asked(ctx, WRITE, "job.cancel", job_id) as call:
            ended = await jobs.cancel(job_id, self._settings, owner=call.principal.owner)
        return Gone(
            job_id=job_id, status="cancelled", charged_usd=ended.charged / 1e6,
            possibly_charged_usd=ended.possibly_charged / 1e6,
        )  # fmt: skip

    async def delete_ad(self, ctx: Context, job_id: JobId) -> Gone:
        """Remove an ad that has ended, its video and all that only it needs, everywhere; it cannot be undone."""
        async with self._asked(ctx, WRITE, "job.delete", job_id) as call:
            await in_thread(deleting.delete, job_id, self._settings, owner=call.principal.owner)
        return Gone(job_id=job_id, status="deleted")

    @contextlib.asynccontextmanager
    async def _asked(self, ctx: Context, scope: str, action: str = "", target: str = "") -> AsyncIterator[_Call]:
        """Yield whose call it is; errors become what an agent can read and act on, and tell nothing of the inside."""
        call = _Call(self._who(ctx), target)
        outcome: Outcome = "failed"
        try:
            call.principal.need(scope)
            yield call
            outcome = "ok"
        except BadappleError as error:
            outcome = "refused"
            raise ToolError(f"{error}. {error.hint}".strip() if error.hint else str(error)) from error
        except Exception as error:
            _log.exception("tool_broke", extra={"action": action})
            raise ToolError("something broke on the server, whose log says more. Try again later") from error
        finally:
            if action and self._note is not None:
                await self._note(ctx, call.principal, action, call.target, outcome)

    async def _order(
        self,
        principal: Principal,
        name: str,
        style: str,
        cta: str,
        *,
        photo: tuple[str | None, str | None],
        options: MakeOptions,
    ) -> JobOrder:
        """Return the order; `photo` is a path of this machine or an upload's id."""
        path, upload = photo
        if path is not None and not self._local:
            raise InputError(
                "photo_path names a file of the server's", hint="send the photo to POST /api/v1/uploads, give upload_id"
            )
        files = {}
        if upload is not None:
            files["photo"] = await in_thread(uploads.order_photo, self._settings, principal.owner, upload)
        return jobs.JobOrder(
            product_name=name, style=style, cta_text=cta, options=options, files=files,
            photo=Path(os.path.expanduser(path)) if path is not None else None,  # noqa: ASYNC240, PTH111 - no disk
        )  # fmt: skip

    async def _submit(self, principal: Principal, order: JobOrder, key: str | None) -> str:
        async with self._intakes:
            dressed = await in_thread(brand.dressed, order, self._settings, principal.owner)
            agreed = await pricing.agreed_order(dressed, self._settings, principal.owner)

        async def make(claim: idempotency.Claim | None) -> str:
            if claim is not None and claim.made:
                return claim.job_id
            return await in_thread(
                jobs.submit, agreed.order, self._settings, owner=principal.owner, claim=claim, at_most=agreed.at_most
            )

        if key is None:
            return await make(None)

        async def answer(claim: idempotency.Claim) -> idempotency.Answer:
            return idempotency.Answer(status=202, body={"job_id": await make(claim)})

        asked = idempotency.fingerprint({"tool": "create_ad", "order": _fingerprint(order)})
        engine = open_database(self._settings.database_url)
        done = await idempotency.answered_once(engine, principal.owner, key, asked, answer)
        return str(done.body["job_id"])

    async def _watch(self, ctx: Context, job_id: str, seconds: float) -> None:
        engine = open_database(self._settings.database_url)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), contextlib.aclosing(jobs.follow(engine, job_id)) as events:
                async for event in events:
                    await ctx.report_progress(event.progress, 100, event.message)


def _fingerprint(order: JobOrder) -> str:
    """Return a hash of an order and of the photo that it names."""
    body = jobs.orders.to_json(order)
    if order.photo is not None and order.photo.is_file():
        body["paths"] = {"photo": hashlib.sha256(order.photo.read_bytes()).hexdigest()}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
