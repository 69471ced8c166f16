"""What a source may say, by its provider: the keys of every source, and those that a service has of its own.

A service's package names both (``providers.service.Service``); nothing here knows a single one of them.
"""

from collections.abc import Mapping
from typing import Any, cast

import msgspec
from msgspec import Struct

from exporter.config.settings import Address, Source
from exporter.config.strict import Key, keys
from exporter.model import Stream
from exporter.providers import services
from exporter.providers.service import Service

EVERY = (
    "name", "provider", "url", "token_file", "token_env", "ca_file", "interval", "timeout", "retry_wait", "reserve",
)  # fmt: skip
"""Keys that mean something to every service."""
OF_ITS_OWN = ("history", "rediscover", "stream_interval", "streams", "repository_prefix", "include", "exclude")
"""Those of one with repositories of its own, which it does not have to name."""


def kinds() -> Mapping[str, type[Source]]:
    """What a source of each service is read into: every key of a source, and those of its service."""
    return {service.name: _kind(service) for service in services().values()}


def _kind(service: Service) -> type[Source]:
    known = keys(Source)
    beside = tuple(str(each) for each in service.streams if each is not Stream.CHANGES)
    defaults = {"url": service.url, "streams": () if service.serves else beside, "provider": service.name}
    types = {name: known[name].type for name in defaults} | {"url": Address}
    fields: list[tuple[str, Any, Any]] = [(name, types[name], value) for name, value in defaults.items()]
    fields += [(key.name, key.type, _default(key)) for key in keys(service.options).values()]
    made = msgspec.defstruct(
        f"{service.title}Source", fields, bases=(Source,), frozen=True, forbid_unknown_fields=True, kw_only=True
    )
    return cast("type[Source]", made)


def _default(key: Key) -> Any:
    return msgspec.field(default_factory=dict) if isinstance(key.default, dict) else key.default


def own(service: Service) -> frozenset[str]:
    """The keys that mean something to a source of a service."""
    more = ("of",) if service.serves else OF_ITS_OWN
    return frozenset((*EVERY, *more, *service.keys, *keys(service.options)))


def options(source: Source, service: Service) -> Struct:
    """A source's values of the keys that its service has of its own."""
    return service.options(**{name: getattr(source, name) for name in keys(service.options)})
