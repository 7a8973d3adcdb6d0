"""Bodies as Anthropic and ElevenLabs word them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badapple.testing.simulators.pictures import LARGEST_SIDE
from badapple.testing.simulators.traffic import Reply

if TYPE_CHECKING:
    from badapple.testing.simulators.catalogue import Claude
    from badapple.testing.simulators.traffic import Json

__all__ = ["anthropic", "claude", "elevenlabs", "image_too_large", "message", "unprocessable"]

_ANTHROPIC = {
    400: ("invalid_request_error", "Invalid request"),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your credit balance is too low to access the Anthropic API."),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "Not found"),
    413: ("invalid_request_error", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    500: ("api_error", "Internal server error"),
    503: ("api_error", "Service unavailable"),
    504: ("timeout_error", "Request timed out"),
    529: ("overloaded_error", "Overloaded"),
}
_ELEVEN = {
    400: ("validation_error", "bad_request", "Bad request"),
    401: ("authentication_error", "invalid_api_key", "Invalid API key"),
    402: ("payment_required", "payment_required", "Your subscription has a failed or incomplete payment."),
    403: ("authorization_error", "only_for_creator+", "This is only available on the Creator tier or above"),
    404: ("not_found", "not_found", "Not found"),
    429: ("rate_limit_error", "system_busy", "The system is experiencing heavy traffic, please try again."),
}


def anthropic(status: int, message: str = "", *, code: str = "", details: Json | None = None) -> Reply:
    """Return Anthropic's body for an error."""
    kind, text = _ANTHROPIC.get(status, ("api_error" if status >= 500 else "invalid_request_error", "Error"))
    error: Json = {"type": kind, "message": message or text}
    if code:
        error["details"] = {"error_code": code, **(details or {})}
    return Reply(status=status, body={"type": "error", "error": error, "request_id": None})


def image_too_large() -> Reply:
    """Return Anthropic's answer to a picture of too many pixels."""
    text = f"At least one of the image dimensions exceed max allowed size: {LARGEST_SIDE} pixels"
    return anthropic(
        400, text, code="image_dimensions_too_large", details={"max_side_length_pixels": LARGEST_SIDE, "paths": []}
    )


def message(name: str, model: str, text: str, *, tokens: tuple[int, int]) -> Json:
    """Return a message; `tokens` are those read and those written."""
    usage = {
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
        "inference_geo": "global",
        "server_tool_use": None,
        "service_tier": "standard",
    }
    return {
        "id": name,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text, "citations": None}] if text else [],
        "container": None,
        "stop_sequence": None,
        "usage": usage,
    }


def claude(model: Claude, *, retired: bool) -> Json:
    """Return a language model as the API shows it."""
    yes, no = {"supported": True}, {"supported": False}
    context = {"clear_thinking_20251015": None, "clear_tool_uses_20250919": None, "compact_20260112": None}
    lifecycle = "retired" if retired else model.lifecycle
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.shown,
        "created_at": model.created_at,
        "line": model.line,
        "lifecycle": lifecycle,
        "deprecated_at": None if lifecycle == "active" else "2026-05-01T00:00:00Z",
        "retires_at": "2026-11-01T00:00:00Z" if retired else model.retires_at,
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "capabilities": {
            "batch": yes,
            "citations": yes,
            "code_execution": yes,
            "context_management": {"supported": False, **context},
            "effort": {"supported": True, "low": yes, "medium": yes, "high": yes, "xhigh": no, "max": no},
            "image_input": yes,
            "pdf_input": yes,
            "server_tools": {"supported": True, "code_execution": yes, "web_search": yes},
            "structured_outputs": yes,
            "thinking": {"supported": True, "types": {"adaptive": yes, "enabled": no}},
        },
    }


def elevenlabs(status: int, message: str = "", *, code: str = "") -> Reply:
    """Return ElevenLabs' body for an error."""
    kind, usual, text = _ELEVEN.get(status, ("internal_error", "internal_error", "Something went wrong"))
    code = code or usual
    detail = {"type": kind, "code": code, "status": code, "message": message or text, "request_id": None, "param": None}
    return Reply(status=status, body={"detail": detail})


def unprocessable(loc: tuple[str, ...], said: str) -> Reply:
    """Return ElevenLabs' answer to a value that makes no sense."""
    return Reply(status=422, body={"detail": [{"loc": list(loc), "msg": said, "type": "value_error"}]})
