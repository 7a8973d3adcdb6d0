"""The product photo: taken in safely, cut out, understood.

`analyse` turns a photo and a name into a `Product`; `identify` names the photo by its content; `to_facts` and
`from_facts` let a cache keep what was found. What a photo may be stands in `badapple.product.limits`, at every door
the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from badapple.product.analysis import analyse, from_facts, to_facts
    from badapple.product.intake import identify

__all__ = ["analyse", "from_facts", "identify", "to_facts"]


def __getattr__(name: str) -> Any:
    """Import the public names late: they pull in OpenCV, which `import badapple` and the decoding child do not need."""
    if name == "identify":
        from badapple.product.intake import identify  # noqa: PLC0415

        return identify
    if name in __all__:
        from badapple.product import analysis  # noqa: PLC0415

        return getattr(analysis, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
