"""The six sets: what the background is made of and how the product is lit on it."""
