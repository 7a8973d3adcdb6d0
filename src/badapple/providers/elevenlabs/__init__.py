"""ElevenLabs: a voice that is bought line by line."""

from badapple.providers.elevenlabs.account import Credit
from badapple.providers.elevenlabs.voice import ElevenLabsVoice

__all__ = ["Credit", "ElevenLabsVoice"]
