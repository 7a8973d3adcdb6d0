"""Clips and pictures bought from models on Replicate."""

from badapple.providers.replicate.client import ReplicateClient
from badapple.providers.replicate.painter import ReplicatePainter
from badapple.providers.replicate.renderer import ReplicateScenes

__all__ = ["ReplicateClient", "ReplicatePainter", "ReplicateScenes"]
