"""The vendors' bodies as small JSON schemas, typed by us from their documents."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["ERRORS", "FILE", "REPLIES", "REQUESTS"]

Schema: TypeAlias = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_WORDS: Schema = {"type": "string", "minLength": 1}
_MAYBE: Schema = {"type": ["string", "null"]}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
_ADDRESS: Schema = {"type": "string", "pattern": "^https?://"}


def _object(required: Schema, optional: Schema | None = None, *, closed: bool = False) -> Schema:
    body: Schema = {"type": "object", "properties": required | (optional or {}), "required": list(required)}
    return body | ({"additionalProperties": False} if closed else {})


def _list(of: Schema, *, least: int = 0) -> Schema:
    return {"type": "array", "items": of, "minItems": least}


def _one(*values: str) -> Schema:
    return {"enum": list(values)}


_TEXT_BLOCK = _object({"type": _one("text"), "text": _WORDS}, {"cache_control": {"type": "object"}}, closed=True)
_SOURCE = _object(
    {
        "type": _one("base64"),
        "media_type": _one("image/jpeg", "image/png", "image/webp", "image/gif"),
        "data": {"type": "string", "pattern": "^[A-Za-z0-9+/]+={0,2}$"},
    },
    closed=True,
)
_IMAGE_BLOCK = _object({"type": _one("image"), "source": _SOURCE}, {"cache_control": {"type": "object"}}, closed=True)
_TURN = _object(
    {
        "role": _one("user", "assistant"),
        "content": {"anyOf": [_WORDS, _list({"anyOf": [_TEXT_BLOCK, _IMAGE_BLOCK]}, least=1)]},
    },
    closed=True,
)
_FORMAT = _object({"type": _one("json_schema"), "schema": {"type": "object"}}, closed=True)
_OUTPUT = _object({}, {"effort": _one("low", "medium", "high", "xhigh", "max"), "format": _FORMAT}, closed=True)
_MESSAGES = _object(
    {"model": _WORDS, "max_tokens": {"type": "integer", "minimum": 1}, "messages": _list(_TURN, least=1)},
    {
        "system": {"anyOf": [_WORDS, _list(_TEXT_BLOCK)]},
        "output_config": _OUTPUT,
        "metadata": {"type": "object"},
        "thinking": {"type": "object"},
        "stop_sequences": _list(_TEXT),
    },
    closed=True,
)
_SHARE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_SETTINGS = _object(
    {},
    {
        "stability": _SHARE,
        "similarity_boost": _SHARE,
        "style": _SHARE,
        "use_speaker_boost": {"type": ["boolean", "null"]},
        "speed": {"type": ["number", "null"], "minimum": 0.7, "maximum": 1.2},
    },
    closed=True,
)
_SPEAK = _object(
    {"text": {"type": "string", "pattern": r"\S"}},
    {
        "model_id": _WORDS,
        "voice_settings": {"anyOf": [_SETTINGS, {"type": "null"}]},
        "seed": {"type": ["integer", "null"], "minimum": 0, "maximum": 4_294_967_295},
        "language_code": _MAYBE,
        "previous_text": _MAYBE,
        "next_text": _MAYBE,
        "previous_request_ids": _list(_WORDS),
        "next_request_ids": _list(_WORDS),
        "pronunciation_dictionary_locators": _list({"type": "object"}),
        "apply_text_normalization": _one("auto", "on", "off"),
        "apply_language_text_normalization": _FLAG,
    },
    closed=True,
)
_CREATE = _object(
    {"input": {"type": "object"}},
    {
        "version": _WORDS,
        "webhook": _ADDRESS,
        "webhook_events_filter": _list(_one("start", "output", "logs", "completed"), least=1),
        "stream": _FLAG,
    },
    closed=True,
)

#: Bodies of requests by vendor and route.
REQUESTS: dict[tuple[str, str], Schema] = {
    ("anthropic", "messages"): _MESSAGES,
    ("elevenlabs", "tts"): _SPEAK,
    ("replicate", "create"): _CREATE,
}

_USAGE = _object({"input_tokens": _WHOLE, "output_tokens": _WHOLE})
_MESSAGE = _object(
    {
        "id": _WORDS,
        "type": _one("message"),
        "role": _one("assistant"),
        "model": _WORDS,
        "content": _list(_object({"type": _one("text"), "text": _TEXT})),
        "stop_reason": _one("end_turn", "max_tokens", "refusal", "stop_sequence", "model_context_window_exceeded"),
        "stop_sequence": _MAYBE,
        "usage": _USAGE,
    },
    {"stop_details": {"type": ["object", "null"]}},
)
_CLAUDE = _object(
    {
        "type": _one("model"),
        "id": _WORDS,
        "display_name": _WORDS,
        "created_at": _TIME,
        "lifecycle": _one("active", "deprecated", "retired"),
        "retires_at": {"anyOf": [_TIME, {"type": "null"}]},
        "capabilities": _object({"image_input": {"type": "object"}, "structured_outputs": {"type": "object"}}),
    }
)
_TABLE = {
    "anyOf": [
        {"type": "null"},
        _object(
            {
                "characters": _list(_TEXT),
                "character_start_times_seconds": _list(_NUMBER),
                "character_end_times_seconds": _list(_NUMBER),
            }
        ),
    ]
}
_TABLES = {"alignment": _TABLE, "normalized_alignment": _TABLE}
_SPOKEN = _object({"audio_base64": _WORDS, **_TABLES})
_SUBSCRIPTION = _object(
    {
        "tier": _WORDS,
        "status": _WORDS,
        "character_count": _WHOLE,
        "character_limit": _WHOLE,
        "next_character_count_reset_unix": {"type": ["integer", "null"]},
    }
)
_VOICES = _object(
    {
        "voices": _list(_object({"voice_id": _WORDS, "name": _WORDS, "category": _WORDS})),
        "has_more": _FLAG,
        "next_page_token": _MAYBE,
    }
)
_RATES = _object({"character_cost_multiplier": _NUMBER})
_SPEECH_MODELS = _list(_object({"model_id": _WORDS, "maximum_text_length_per_request": _WHOLE, "model_rates": _RATES}))
_PAST = _object(
    {
        "history_item_id": _WORDS,
        "voice_id": _MAYBE,
        "model_id": _MAYBE,
        "text": _MAYBE,
        "date_unix": _WHOLE,
        "character_count_change_from": _WHOLE,
        "character_count_change_to": _WHOLE,
        "content_type": _WORDS,
    },
    {"alignments": {"anyOf": [{"type": "null"}, _object(_TABLES)]}},
)
_HISTORY = _object({"history": _list(_PAST), "has_more": _FLAG})
_OUTPUTS = {"anyOf": [{"type": "null"}, _ADDRESS, _list(_ADDRESS, least=1)]}
_PREDICTION = _object(
    {
        "id": _WORDS,
        "model": _WORDS,
        "version": _WORDS,
        "input": {"type": "object"},
        "output": _OUTPUTS,
        "error": _MAYBE,
        "status": _one("starting", "processing", "succeeded", "failed", "canceled", "aborted"),
        "data_removed": _FLAG,
        "created_at": _TIME,
        "urls": _object({"get": _ADDRESS, "cancel": _ADDRESS, "web": _ADDRESS}),
    },
    {"started_at": _TIME, "completed_at": _TIME, "deadline": _TIME, "logs": _TEXT, "metrics": {"type": "object"}},
)
_SCHEMAS = _object({"Input": _object({"properties": {"type": "object"}, "required": _list(_WORDS)})})
_VERSION = _object({"id": _WORDS, "openapi_schema": _object({"components": _object({"schemas": _SCHEMAS})})})
_MODEL = _object({"owner": _WORDS, "name": _WORDS, "latest_version": _VERSION})
FILE = _object(
    {
        "id": _WORDS,
        "content_type": _WORDS,
        "size": _WHOLE,
        "checksums": _object({"sha256": _WORDS}),
        "metadata": {"type": "object"},
        "created_at": _TIME,
        "expires_at": _TIME,
        "urls": _object({"get": _ADDRESS}),
    }
)

#: Bodies of answers with a status below 400, by vendor and route.
REPLIES: dict[tuple[str, str], Schema] = {
    ("anthropic", "messages"): _MESSAGE,
    ("anthropic", "models"): _object({"data": _list(_CLAUDE), "has_more": _FLAG}),
    ("anthropic", "model_info"): _CLAUDE,
    ("elevenlabs", "tts"): _SPOKEN,
    ("elevenlabs", "history"): _HISTORY,
    ("elevenlabs", "history_item"): _PAST,
    ("elevenlabs", "subscription"): _SUBSCRIPTION,
    ("elevenlabs", "voices"): _VOICES,
    ("elevenlabs", "models"): _SPEECH_MODELS,
    ("replicate", "create"): _PREDICTION,
    ("replicate", "get"): _PREDICTION,
    ("replicate", "cancel"): _PREDICTION,
    ("replicate", "list"): _object({"next": _MAYBE, "previous": _MAYBE, "results": _list(_PREDICTION)}),
    ("replicate", "model"): _MODEL,
    ("replicate", "account"): _object({"type": _one("user", "organization"), "username": _WORDS}),
    ("replicate", "secret"): _object({"key": {"type": "string", "pattern": "^whsec_"}}),
}

_CLAUDE_ERROR = _object({"type": _WORDS, "message": _WORDS}, {"details": {"type": "object"}})
_ELEVEN_ERROR = {"anyOf": [_object({"status": _WORDS, "message": _WORDS}), _list(_object({"msg": _WORDS}), least=1)]}

#: Bodies of errors by vendor.
ERRORS: dict[str, Schema] = {
    "anthropic": _object({"type": _one("error"), "error": _CLAUDE_ERROR, "request_id": _MAYBE}),
    "elevenlabs": _object({"detail": _ELEVEN_ERROR}),
    "replicate": _object({"detail": _WORDS}),
}
