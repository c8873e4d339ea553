"""Recipes as data: which settings a published training used, and where each one is written.

In: a recipe's name or a TOML file. Out: ``TrainConfig`` by modality, and the origin of each value.
"""

from __future__ import annotations

from slipdetect.lab.train.recipes.recipe import Recipe, Setting, list_recipes, load_recipe

__all__ = ["Recipe", "Setting", "list_recipes", "load_recipe"]
