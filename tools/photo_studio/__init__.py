"""A small NumPy path tracer that takes the demo's product photo."""
