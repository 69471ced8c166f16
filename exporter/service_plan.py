"""What a source of a service costs while nothing moves: how many requests an hour, as its own questions count."""

from exporter import wiring
from exporter.catalogue import HOUR
from exporter.config import Config
from exporter.config.contradictions import served
from exporter.config.settings import Source as SourceSettings
from exporter.errors import ExporterError
from exporter.model import Stream
from exporter.providers import services
from exporter.providers.base import Home
from exporter.providers.service import Client
from exporter.runtime.health import Health
from exporter.runtime.lane import Lane

PULSED = 100
"""Repositories that one question for pulses is about."""


async def sentences(config: Config) -> list[str]:
    """A sentence for each source whose service is known by the protocol alone; of one that cannot be asked, why."""
    homes: dict[str, list[Home]] = {}
    found: dict[str, str] = {}
    for settings in sorted(config.sources, key=lambda each: bool(served(each))):
        if settings.provider in services():
            try:
                found[settings.name] = await _sentence(settings, config, homes)
            except ExporterError as error:
                found[settings.name] = f"{settings.name} ({settings.provider}): cannot be foreseen: {error}"
    return [found[each.name] for each in config.sources if each.name in found]


async def _sentence(settings: SourceSettings, config: Config, homes: dict[str, list[Home]]) -> str:
    service = services()[settings.provider]
    client = service.client(wiring.setup(settings, config, service))
    lanes = wiring.lanes(settings, Health())
    try:
        (lane,) = await lanes.lanes()
        if service.serves:
            here = homes.get(settings.of or "")
            now = lane.clock.now()
            if here is None:
                return f"{settings.name} ({service.title}): asks about the repositories of {settings.of}, planned above"
            idle = HOUR / settings.interval * _asked(client, service.streams[0], here, now)
            return f"{settings.name} ({service.title}): {idle:.0f} requests an hour while nothing moves"
        taken, of, pages = await _discovered(settings, client, lane)
    finally:
        await lanes.close()
    homes[settings.name] = taken
    idle = HOUR / settings.interval * _asked(client, Stream.CHANGES, taken, lane.clock.now())
    idle += HOUR / settings.rediscover * pages
    sides = [Stream(each) for each in settings.streams]
    pulses = -(-len(taken) // PULSED) if set(sides) & set(client.pulsed) else 0
    joined = sum(_asked(client, each, taken, lane.clock.now()) for each in sides if each not in client.pulsed)
    idle += HOUR / settings.stream_interval * (pulses + joined)
    return (
        f"{settings.name} ({service.title}): {len(taken)} of {of} repositories are selected; {idle:.0f} requests an "
        "hour while nothing moves; what a first load and the series come to is not foreseen"
    )


async def _discovered(settings: SourceSettings, client: Client, lane: Lane) -> tuple[list[Home], int, int]:
    """The repositories that are selected, how many were found, and in how many requests."""
    selection, pages = wiring.selection(settings), await lane.ask_all(client.repositories())
    found = [each for page in pages for each in page.repositories]
    taken = [Home(each.key, each.name, each.default_branch) for each in found if selection.takes(each)]
    return taken, len(found), len(pages)


def _asked(client: Client, stream: Stream, homes: list[Home], now: int) -> int:
    """How many questions a poll of a stream begins with."""
    questions = client.questions(stream)
    return len(questions.since(homes, now)) if questions is not None else 0
