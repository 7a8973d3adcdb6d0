"""The finished video in words and in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badapple.costs.money import dollars

if TYPE_CHECKING:
    from badapple.models import Video
    from badapple.pipeline.quote import Quote, QuoteLine

STAGE_TITLES = {
    "script_gen": "Script",
    "voice_gen": "Voices",
    "video_gen": "Scenes",
    "cta_gen": "End card",
    "compositing": "Film",
}


def text(video: Video, *, seconds: float) -> str:
    """Return the summary for people."""
    beside = ", ".join(path.name for path in (video.poster, video.srt, video.vtt, video.qa, video.manifest))
    rows = [
        ("video", video.url),
        ("length", f"{video.seconds:.1f} s"),
        ("size", f"{video.size / 1e6:.1f} MB"),
        ("cost", dollars(video.cost)),
        *((f"  {paid.part}", f"{dollars(paid.cost)}  {paid.maker}") for paid in video.paid),
        ("took", span(seconds)),
        *((f"  {STAGE_TITLES.get(stage, stage).lower()}", span(took)) for stage, took in video.stage_seconds.items()),
        ("parts", _parts(video)),
        ("beside it", beside),
        *(("warning", warning) for warning in video.warnings),
    ]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:<{width}}  {value}\n" for name, value in rows)


def facts(video: Video, *, seconds: float) -> dict[str, Any]:
    """Return the summary for machines."""
    return {
        "video": video.url,
        "poster": str(video.poster),
        "qa": str(video.qa),
        "manifest": str(video.manifest),
        "srt": str(video.srt),
        "vtt": str(video.vtt),
        "seconds": video.seconds,
        "size": video.size,
        "cost_usd": video.cost / 1e6,
        "paid": [{"part": paid.part, "maker": paid.maker, "cost_usd": paid.cost / 1e6} for paid in video.paid],
        "took_seconds": round(seconds, 3),
        "stage_seconds": dict(video.stage_seconds),
        "made": video.made,
        "reused": video.reused,
        "warnings": list(video.warnings),
    }


def quoted(quote: Quote) -> str:
    """Return a quote for people: one line of money, one of what leaves this machine."""
    parts = [f"{line.part} {dollars(line.estimate)}{_found(line)}" for line in quote.lines]
    lines = [f"Quote: about {dollars(quote.estimate)}, at most {dollars(quote.cap)} ({', '.join(parts)})"]
    if quote.sees:
        seen = "; ".join(f"{vendor} gets {what}" for vendor, what in quote.sees)
        lines.append(f"Leaves this machine: {seen}.")
    return "\n".join(lines)


def price_list(quote: Quote) -> str:
    """Return a quote as a table for people."""
    rows = [("part", "vendor", "model", "about", "at most")]
    rows += [
        (f"{line.part}{_found(line)}", line.vendor, line.model, dollars(line.estimate), dollars(line.at_most))
        for line in quote.lines
    ]
    rows.append(("all", "", "", dollars(quote.estimate), f"{dollars(quote.cap)} with second tries"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    table = "".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )
    sees = "".join(f"{vendor} gets {what}\n" for vendor, what in quote.sees)
    return f"{table}\n{sees}" if sees else table


def quote_facts(quote: Quote) -> dict[str, Any]:
    """Return a quote for machines."""
    return {
        "estimate_usd": quote.estimate / 1e6,
        "at_most_usd": quote.cap / 1e6,
        "parts": [
            {
                "part": line.part,
                "vendor": line.vendor,
                "model": line.model,
                "calls": line.calls,
                "found": line.found,
                "estimate_usd": line.estimate / 1e6,
                "at_most_usd": line.at_most / 1e6,
            }
            for line in quote.lines
        ],
        "sees": dict(quote.sees),
    }


def _found(line: QuoteLine) -> str:
    if not line.found:
        return ""
    return ", paid before" if line.found == line.calls else f", {line.found} of {line.calls} paid before"


def clock(seconds: float) -> str:
    """Return minutes and seconds as on a clock: `1:05`."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def span(seconds: float) -> str:
    """Return a time for people: `0.4 s`, `12 s`, `1 min 5 s`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _parts(video: Video) -> str:
    if not video.reused:
        return f"{video.made} made"
    if not video.made:
        return f"all {video.reused} found finished from before"
    return f"{video.made} made, {video.reused} found finished from before"
