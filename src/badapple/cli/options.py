"""The options that `make` and `estimate` share."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from badapple.cli import complete

_PHOTO = "JPEG, PNG, WebP or HEIC. Without one the film is made of words alone."
_LOOK, _SOUND, _RUN = "Words and picture", "Voice and music", "How it runs"
_WHO = "Who makes it, and for how much"
Flag = bool  #: typer turns it into an option without a value

Photo = Annotated[str | None, Argument(metavar="PHOTO", help=_PHOTO, show_default=False)]
Name = Annotated[str, Option("--name", "-n", help="Name of the product, 1 to 100 characters.", show_default=False)]
Style = Annotated[str, Option("--style", "-s", help="Its look; see badapple styles.", autocompletion=complete.styles)]
Cta = Annotated[str, Option("--cta", "-c", help="Call to action, word for word. Written for you when left out.")]
Output = Annotated[
    str | None, Option("--output", "-o", metavar="FILE", help="The MP4; named after the product by default.")
]
Facts = Annotated[
    list[str] | None, Option("--fact", "-f", help="A claim you vouch for; repeatable.", rich_help_panel=_LOOK)
]
ScriptFile = Annotated[
    str | None, Option("--script", metavar="FILE", help="A JSON script of your own.", rich_help_panel=_LOOK)
]
Captions = Annotated[
    Flag, Option("--captions/--no-captions", help="Burn captions into the picture.", rich_help_panel=_LOOK)
]
BrandKit = Annotated[
    str,
    Option("--brand", metavar="kept|off|FILE", help="Brand kit: the kept one, none, a TOML.", rich_help_panel=_LOOK),
]
Seed = Annotated[int, Option("--seed", min=0, help="Other number: other words, moves, notes.", rich_help_panel=_LOOK)]
Music = Annotated[
    str, Option("--music", metavar="style|off|FILE", help="The style's own, none, a file.", rich_help_panel=_SOUND)
]
Say = Annotated[str | None, Option("--say", help="How the name is pronounced.", rich_help_panel=_SOUND)]
Language = Annotated[str, Option("--lang", metavar="CODE", help="Spoken language.", rich_help_panel=_SOUND)]
Draft = Annotated[Flag, Option("--draft", help="Small and quick, for a first look.", rich_help_panel=_RUN)]
Fresh = Annotated[Flag, Option("--fresh", help="Make every part anew.", rich_help_panel=_RUN)]
Assets = Annotated[
    str | None, Option("--assets", metavar="DIR", help="Also leave voices, clips, card here.", rich_help_panel=_RUN)
]
Json = Annotated[Flag, Option("--json", help="Progress and result as JSON lines on stdout.", rich_help_panel=_RUN)]
Quiet = Annotated[Flag, Option("--quiet", "-q", help="Print the video's path, nothing else.", rich_help_panel=_RUN)]
Debug = Annotated[Flag, Option("--debug", help="Log more; show a traceback on failure.", rich_help_panel=_RUN)]
Provider = Annotated[
    str,
    Option("--provider", metavar="auto|offline|cloud", help="Who makes the parts.", rich_help_panel=_WHO),
]
Quality = Annotated[str, Option("--quality", metavar="fast|best", help="Of the video model.", rich_help_panel=_WHO)]
ScriptBy = Annotated[str | None, Option("--script-by", metavar="offline|claude", rich_help_panel=_WHO)]
VoiceBy = Annotated[str | None, Option("--voice-by", metavar="offline|elevenlabs", rich_help_panel=_WHO)]
VideoBy = Annotated[str | None, Option("--video-by", metavar="offline|replicate[:MODEL]", rich_help_panel=_WHO)]
CtaBy = Annotated[str | None, Option("--cta-by", metavar="offline|replicate", rich_help_panel=_WHO)]
ScriptModel = Annotated[str | None, Option("--script-model", help="A model of Claude's.", rich_help_panel=_WHO)]
MaxCost = Annotated[
    str | None, Option("--max-cost", metavar="DOLLARS", help="Buy, and never for more.", rich_help_panel=_WHO)
]
Yes = Annotated[Flag, Option("--yes", "-y", help="Buy at the quoted price.", rich_help_panel=_WHO)]
OnFailure = Annotated[
    str,
    Option("--on-vendor-failure", metavar="fail|offline", help="When a vendor fails for good.", rich_help_panel=_WHO),
]
