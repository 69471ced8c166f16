"""One module or package per service: what to ask it, and how its answers are read into facts."""

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exporter.providers.service import Service


@cache
def services() -> "dict[str, Service]":
    """Every service that a package of this room offers, by its name."""
    modules = (import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__) if each.ispkg)
    found = (module.SERVICE for module in modules if hasattr(module, "SERVICE"))
    return {each.name: each for each in found}
