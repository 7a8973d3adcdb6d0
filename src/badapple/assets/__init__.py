"""Makes one asset from a request, once; what is finished is found again."""

from badapple.assets.made import Made, Recipe
from badapple.assets.recipes import recipes
from badapple.assets.runner import LocalRunner

__all__ = ["LocalRunner", "Made", "Recipe", "recipes"]
