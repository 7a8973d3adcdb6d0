"""The first phase: look at the photo, write the script."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from badapple import product as products
from badapple import styles
from badapple.assets.parts import product_of
from badapple.errors import InputError, PhotoError, ScriptError
from badapple.media.branding import dressed
from badapple.media.fonts import FontBook
from badapple.models import DRAFT, AssetRequest, Script, StageName, forbidden_in
from badapple.pipeline.asset_manager import Choices
from badapple.pipeline.plan import Plan, fingerprint
from badapple.process import in_thread
from badapple.product.category import category
from badapple.product.handed import read_handed

if TYPE_CHECKING:
    from pathlib import Path

    from badapple.models import Asset, Brief, MakeOptions, Product, SceneOffer
    from badapple.pipeline.asset_manager import AssetManager
    from badapple.pipeline.progress import Progress
    from badapple.ports import ScriptWriter

__all__ = ["Draft", "ScriptGenerator"]

_MOST_BYTES = 64 * 1024  #: of a script of the caller's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan, what its script is written for, and whether that is written or guessed."""

    plan: Plan
    brief: Brief
    written: bool


class ScriptGenerator:
    """Orders the product analysis and the script.

    Args:
        assets: makes them.
        progress: is told of the stage.
        writer: who writes.
        stand_in: who writes where the writer fails for good, or None.
        offer: what scene lengths the renderer sells.
        style_dirs: folders with styles of the user's own.
        font_dirs: folders with further fonts.
    """

    def __init__(
        self,
        assets: AssetManager,
        progress: Progress,
        *,
        writer: ScriptWriter,
        stand_in: ScriptWriter | None = None,
        offer: SceneOffer,
        style_dirs: tuple[Path, ...] = (),
        font_dirs: tuple[Path, ...] = (),
    ) -> None:
        self._assets = assets
        self._progress = progress
        self._writer = writer
        self._stand_in = stand_in
        self._offer = offer
        self._style_dirs = style_dirs
        self._font_dirs = font_dirs

    @property
    def offer(self) -> SceneOffer:
        """What scene lengths the renderer sells."""
        return self._offer

    async def generate(self, brief: Brief, options: MakeOptions) -> Plan:
        """Return the plan of the video.

        Raises:
            UnknownStyleError: the style does not exist.
            PhotoError: the photo cannot be used.
            MissingFontError: no font can draw the name or the CTA.
            ScriptError: the user's own script cannot be used.
        """
        first = "Writing the script..." if brief.photo is None else "Analyzing product image..."
        async with self._progress.stage(
            StageName.SCRIPT_GEN, first, done="The script is written", parts=2 + (options.logo is not None)
        ):
            return await self._plan(brief, options)

    async def draft(self, brief: Brief, options: MakeOptions, *, guess: ScriptWriter) -> Draft:
        """Return the plan as far as it is known: with the script where it is written, else with a guess at it.

        Raises:
            InputError: as `generate`.
        """
        style = styles.load(brief.style, self._style_dirs)
        check_words(brief)
        product_asset = await self._look_at_photo(brief)
        product = product_of(product_asset, category=category(brief.product_name))
        own = await in_thread(_own_script, options)
        first = _shared(brief, options)
        wanted, *_ = self._script_requests(first, style, product=product, digest=product_asset.digest, own=own)
        found = await self._assets.find(wanted)
        known = found or await self._unpronounced(wanted)
        if known is not None:
            script = Script.from_json(known.facts["script"])
        else:
            # Its length is what matters, and the guess is always in English.
            script = await guess.write(replace(first, language="en"), product, self._offer)
        if first != brief:
            script = replace(script, cta=brief.cta_text, cta_voiceover=f"{brief.cta_text.rstrip('.')}.")
        plan = Plan(
            brief=brief, options=options, style=style, product=product, product_asset=product_asset, script=script,
            logo=await self._logo(options),
        )  # fmt: skip
        return Draft(plan=plan, brief=first, written=found is not None)

    async def _unpronounced(self, request: AssetRequest) -> Asset | None:
        """Return the same script for a name without a pronunciation: to a vendor, who is not told of it, it is one."""
        if request.params["say"] is None or not self._writer.maker.hosted:
            return None
        return await self._assets.find(replace(request, params={**request.params, "say": None}))

    async def _plan(self, brief: Brief, options: MakeOptions) -> Plan:
        style = styles.load(brief.style, self._style_dirs)
        check_words(brief)
        await in_thread(FontBook(self._font_dirs).check, " ".join((brief.product_name, brief.cta_text, *brief.facts)))
        product_asset = await self._look_at_photo(brief)
        logo = await self._logo(options)
        product = product_of(product_asset, category=category(brief.product_name))
        own = await in_thread(_own_script, options)
        first = _shared(brief, options)
        wanted, *otherwise = self._script_requests(first, style, product=product, digest=product_asset.digest, own=own)
        if first != brief:  # `script` is what this film says
            wanted, *otherwise = (replace(one, label="shared script") for one in (wanted, *otherwise))
        (script_asset,) = await self._assets.make_all(Choices(wanted=(wanted,), otherwise=tuple(otherwise)))
        if first != brief:
            script_asset = await self._assets.make(self._reworded(wanted, script_asset, brief))
        script = Script.from_json(script_asset.facts["script"])
        if not self._offer.frames:
            look = options.brand.look if options.brand is not None else None
            await in_thread(self._check_titles, script, dressed(brief.style, look, self._style_dirs))
        return Plan(
            brief=brief, options=options, style=style, product=product, product_asset=product_asset, script=script,
            logo=logo,
        )  # fmt: skip

    def _check_titles(self, script: Script, style: styles.Style) -> None:
        """Set the words that will stand over footage once, before the footage is paid for."""
        from badapple.media.titles import Overlay  # noqa: PLC0415 - heavy, and not needed where scenes are drawn

        book = FontBook(self._font_dirs)
        for scene in script.scenes:
            Overlay(scene, style=style, canvas=DRAFT, book=book)

    async def _look_at_photo(self, brief: Brief) -> Asset:
        order = AssetRequest(kind="product", params={}, stage=StageName.SCRIPT_GEN, label="product picture")
        if brief.photo is None:
            return await self._assets.make(order)
        sha256 = await in_thread(products.identify, brief.photo)
        photo = await self._assets.ingest(brief.photo, kind="photo", sha256=sha256)
        try:
            return await self._assets.make(replace(order, inputs={"photo": photo.digest}))
        except PhotoError as error:
            # The picture is looked at by content, under a name of the cache's; people know it by their own.
            shown = str(error).replace(photo.files["photo"].name, brief.photo.name)
            raise PhotoError(shown, hint=error.hint) from error

    async def _logo(self, options: MakeOptions) -> str | None:
        """Return the digest of the brand's logo, taken in as photos are, or None."""
        if options.logo is None:
            return None
        file = await self._assets.ingest_file(options.logo, kind="logo file")
        request = AssetRequest(
            kind="logo", params={}, inputs={"file": file.digest}, stage=StageName.SCRIPT_GEN, label="logo"
        )
        return (await self._assets.make(request)).digest

    @staticmethod
    def _reworded(request: AssetRequest, script: Asset, brief: Brief) -> AssetRequest:
        """Return the request for the script that was written, with the call to action of this brief."""
        params = {**request.params, "by": script.maker.signature, "cta_text": brief.cta_text}
        return replace(request, params=params, inputs={**request.inputs, "script": script.digest}, label="script")

    def _script_requests(
        self, brief: Brief, style: styles.Style, *, product: Product, digest: str, own: str | None
    ) -> tuple[AssetRequest, ...]:
        """Return the request for the writer's script, and for that of whoever stands in."""
        writers = (self._writer, *((self._stand_in,) if self._stand_in is not None else ()))
        requests = tuple(
            self._script_request(brief, style, by=writer.maker.signature, product=product, digest=digest)
            for writer in writers
        )
        if own is None:
            return requests
        return tuple(replace(request, params={**request.params, "file": own}) for request in requests)

    def _script_request(
        self, brief: Brief, style: styles.Style, *, by: str, product: Product, digest: str
    ) -> AssetRequest:
        return AssetRequest(
            kind="script",
            params={
                "by": by,
                "look": fingerprint(style),
                "style": brief.style,
                "product_name": brief.product_name,
                "cta_text": brief.cta_text,
                "facts": list(brief.facts),
                "language": brief.language,
                "seed": brief.seed,
                "say": brief.say,
                "category": product.category,
                "lengths": list(self._offer.lengths),
                "frames": self._offer.frames,
                **({"forbidden": list(brief.forbidden)} if brief.forbidden else {}),
            },
            inputs={"product": digest},
            stage=StageName.SCRIPT_GEN,
            label="script",
        )


def _shared(brief: Brief, options: MakeOptions) -> Brief:
    """Return the brief that the script is written for: variants of one style share the script of the first."""
    if options.script is not None or options.script_for is None:
        return brief
    return replace(brief, cta_text=options.script_for)


def _own_script(options: MakeOptions) -> str | None:
    """Return the SHA-256 of the caller's script, in hex, or None where there is none: another text, another script."""
    if options.script is None:
        return None
    raw = read_handed(options.script, what="script", most=_MOST_BYTES, error=ScriptError)
    return hashlib.sha256(raw).hexdigest()


def check_words(brief: Brief) -> None:
    """Refuse words that no frame can hold.

    Raises:
        InputError: the name is empty or over 100 characters, the CTA over 60, a fact over 80, or one of them says a
            word that the brand forbids.
    """
    if not brief.product_name.strip():
        raise InputError("the product name is empty", hint="give 1 to 100 characters")
    for what, text, most in (("product name", brief.product_name, 100), ("call to action", brief.cta_text, 60)):
        if any(unicodedata.category(letter) == "Cc" for letter in text):
            raise InputError(f"the {what} holds a control character", hint="leave out tabs, line breaks and the like")
        if len(text) > most:
            raise InputError(f"the {what} has {len(text)} characters; at most {most} fit")
    for fact in brief.facts:
        if not fact.strip() or len(fact) > 80 or any(unicodedata.category(letter) == "Cc" for letter in fact):
            raise InputError(f"the fact {fact[:40]!r} does not fit", hint="1 to 80 characters, no line breaks")
    said = (("product name", brief.product_name), ("call to action", brief.cta_text))
    for what, text in (*said, *(("fact", fact) for fact in brief.facts)):
        if word := forbidden_in(text, brief.forbidden):
            raise InputError(
                f"the {what} says {word!r}, which the brand kit forbids",
                hint="write it otherwise, take the word out of the brand kit, or ask for the ad without the kit",
            )
