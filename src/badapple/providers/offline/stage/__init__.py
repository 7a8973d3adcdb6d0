"""The offline stage: sprites, light, backdrops and the scenes that are played on it.

How to stage a new scene
    A scene is a `Timeline`: a `Ground` (opaque, drifts) and layers above it, in drawing order. A layer is a `Moving`: a `Sprite`
    (RGBA drawn once, kept as premultiplied YUV) and a path, a function from the frame number to a `Pose` in layout px. Drawing a
    frame warps each sprite to its sub-pixel place and blends it in; nothing is painted twice. So a new scene (1) paints its pictures
    with `shapes`, `light`, `backdrop` or `media.typeset`, (2) moves them with `motion`, (3) places text with `lettering`, which
    also notes the text boxes, and (4) returns the timeline from a function that is registered for a `Family` in `scenes`.
"""
