"""Fetching files from addresses that others gave."""
