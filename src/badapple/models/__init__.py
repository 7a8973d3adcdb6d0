"""The frozen values that flow between the stages of one video."""

from badapple.models.assets import Asset, AssetRequest, Maker
from badapple.models.job import JobStatus, MakeOptions, ProgressEvent, StageName, StageStatus, Video
from badapple.models.layout import (
    CAPTION_BAND,
    DRAFT,
    FPS,
    FULL,
    HEIGHT,
    OVERLAP,
    SAFE_ZONE,
    SCENES,
    TOTAL_FRAMES,
    WIDTH,
    Box,
    Canvas,
    TextBox,
)
from badapple.models.orders import Card, CardOrder, Clip, MusicOrder, SceneOrder, Utterance, Voice, VoiceOrder, Word
from badapple.models.product import Brief, Family, Product, Swatch
from badapple.models.script import Scene, SceneOffer, Script

__all__ = [
    "CAPTION_BAND",
    "DRAFT",
    "FPS",
    "FULL",
    "HEIGHT",
    "OVERLAP",
    "SAFE_ZONE",
    "SCENES",
    "TOTAL_FRAMES",
    "WIDTH",
    "Asset",
    "AssetRequest",
    "Box",
    "Brief",
    "Canvas",
    "Card",
    "CardOrder",
    "Clip",
    "Family",
    "JobStatus",
    "MakeOptions",
    "Maker",
    "MusicOrder",
    "Product",
    "ProgressEvent",
    "Scene",
    "SceneOffer",
    "SceneOrder",
    "Script",
    "StageName",
    "StageStatus",
    "Swatch",
    "TextBox",
    "Utterance",
    "Video",
    "Voice",
    "VoiceOrder",
    "Word",
]
