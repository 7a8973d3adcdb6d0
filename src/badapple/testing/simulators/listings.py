"""What the simulated ElevenLabs account shows: plan, voices, models, pages of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.testing.simulators.catalogue import SPEECH, VOICES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from badapple.testing.simulators.traffic import Json

__all__ = ["history_page", "speech_models", "subscription", "voice", "voices"]

_MONTH = 30 * 86_400


def subscription(*, used: int, limit: int, now: float) -> Json:
    """Return the plan and what is left of it."""
    nothing = dict.fromkeys(
        ("voice_slots_used", "professional_voice_slots_used", "professional_voice_slots_used_in_workspace"), 0
    )
    unknown = dict.fromkeys(("max_character_limit_extension", "next_invoice", "pending_change"))
    return {
        **nothing,
        **unknown,
        "tier": "creator",
        "status": "active",
        "character_count": used,
        "character_limit": limit,
        "max_credit_limit_extension": 0,
        "can_extend_character_limit": False,
        "allowed_to_extend_character_limit": False,
        "next_character_count_reset_unix": int(now) + _MONTH,
        "voice_limit": 30,
        "max_voice_add_edits": 95,
        "voice_add_edit_counter": 0,
        "professional_voice_limit": 1,
        "can_extend_voice_limit": False,
        "can_use_instant_voice_cloning": True,
        "can_use_professional_voice_cloning": True,
        "currency": "usd",
        "current_overage": {"amount": "0", "currency": "usd"},
        "billing_period": "monthly_period",
        "character_refresh_period": "monthly_period",
        "open_invoices": [],
        "has_open_invoices": False,
    }


def voices(query: Mapping[str, str]) -> Json:
    """Return a page of the premade voices.

    Raises:
        ValueError: a number of the query is none.
    """
    wanted = query.get("search", "").lower()
    found = [_voice(item) for item in VOICES if wanted in f"{item} {' '.join(VOICES[item])}".lower()]
    if query.get("category", "premade") != "premade":
        found = []
    start, size = int(query.get("next_page_token") or 0), min(100, int(query.get("page_size") or 10))
    more = start + size < len(found)
    return {
        "voices": found[start : start + size], "has_more": more, "total_count": len(found),
        "next_page_token": str(start + size) if more else None,
    }  # fmt: skip


def _voice(item: str) -> Json:
    name, gender, about = VOICES[item]
    return {
        "voice_id": item, "name": name, "category": "premade", "labels": {"gender": gender, "descriptive": about},
        "description": f"A {about} voice.", "preview_url": None, "available_for_tiers": [], "settings": None,
        "samples": None, "fine_tuning": None, "sharing": None, "high_quality_base_model_ids": list(SPEECH),
        "verified_languages": [], "is_owner": False, "is_legacy": False, "is_mixed": False, "favorited_at_unix": None,
        "created_at_unix": None, "permission_on_resource": None, "voice_verification": None, "safety_control": None,
    }  # fmt: skip


def voice(item: str, *, preview: str) -> Json:
    """Return one voice, whose sample lies at an address."""
    return {**_voice(item), "preview_url": preview}


def speech_models() -> list[Json]:
    """Return the models that speak."""
    return [
        {
            "model_id": model.id, "name": model.shown, "description": f"{model.shown}.", "can_be_finetuned": True,
            "can_do_text_to_speech": True, "can_do_voice_conversion": False, "can_use_style": True,
            "can_use_speaker_boost": True, "serves_pro_voices": False, "token_cost_factor": model.multiplier,
            "requires_alpha_access": False, "max_characters_request_free_user": 2500,
            "max_characters_request_subscribed_user": model.longest, "maximum_text_length_per_request": model.longest,
            "languages": [{"language_id": "en", "name": "English"}],
            "model_rates": {"character_cost_multiplier": model.multiplier, "cost_discount_multiplier": 1.0},
            "concurrency_group": "standard" if model.normalises else "turbo",
        }
        for model in SPEECH.values()
    ]  # fmt: skip


def history_page(items: Sequence[Json], query: Mapping[str, str]) -> tuple[list[Json], bool]:
    """Return one page of the items, the newest first, and whether there are more.

    Raises:
        ValueError: a number of the query is none.
    """
    after, before = int(query.get("date_after_unix") or 0), int(query.get("date_before_unix") or 1 << 62)
    found = [item for item in reversed(items) if after <= item["date_unix"] < before and _matches(item, query)]
    if query.get("sort_direction") == "asc":
        found.reverse()
    last = query.get("start_after_history_item_id")
    ids = [item["history_item_id"] for item in found]
    start = ids.index(last) + 1 if last in ids else 0
    size = min(1000, int(query.get("page_size") or 100))
    return found[start : start + size], start + size < len(found)


def _matches(item: Json, query: Mapping[str, str]) -> bool:
    same = all(query[name] == item[name] for name in ("voice_id", "model_id", "source") if name in query)
    return same and query.get("search", "").lower() in f"{item['text']} {item['voice_name']}".lower()
