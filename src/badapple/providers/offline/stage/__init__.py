"""The offline stage: sprites, light, backdrops and the scenes that are played on it.

How to stage a new scene
    A scene is a `Timeline`: a `Ground` (opaque, drifts) and layers above it, in drawing order. A layer is a `Moving`:
    a `Sprite` (RGBA drawn once, kept as premultiplied YUV) and a path, a function from the frame number to a `Pose` in
    layout px. Drawing a frame warps each sprite to its sub-pixel place and blends it in; nothing is painted twice.
    So a new scene (1) makes a `staging.Stage` of the order, (2) paints a backdrop with `backdrop.scenery_of(style)`
    and pictures with `paint` and `light`, (3) puts them up with `Stage.add` on paths from `motion`, (4) sets words with
    `lettering`, which notes the text boxes, and (5) returns `Stage.finish(...)` from a function that is registered
    for a `Family` in `offline.scenes.FILMS`. `cutout` is the example.
"""
