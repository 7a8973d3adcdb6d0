"""Fetching files from addresses that others gave, and sending to them, without being led into our own network."""

from badapple.fetching.fetcher import fetch
from badapple.fetching.places import Place, parse
from badapple.fetching.rules import Fetched, FetchError, Reply, Rules
from badapple.fetching.sender import send

__all__ = ["FetchError", "Fetched", "Place", "Reply", "Rules", "fetch", "parse", "send"]
