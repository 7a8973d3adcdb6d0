"""Claude writes the script: two small paid calls, one about the picture and one for the words."""

from badapple.providers.anthropic.question import BEST_MODEL, MODEL
from badapple.providers.anthropic.writer import ClaudeScriptWriter

__all__ = ["BEST_MODEL", "MODEL", "ClaudeScriptWriter"]
