"""Breaks what jobs stand on while they run, and judges the history that is left."""
