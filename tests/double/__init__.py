"""A test double of GitHub: a world of repositories and pull requests, served as GitHub serves it.

    with serve(hand_made().world) as double:
        ...  # a real exporter with url: double.url and the token double.TOKEN

The world may be changed, and faults switched on, while it is served.
"""

from tests.double.auth import App, Installation
from tests.double.facts import Account, Team, account
from tests.double.faults import Asked
from tests.double.hand import hand_made
from tests.double.made import made_world
from tests.double.real import load_real, real_data
from tests.double.server import TOKEN, Double, serve
from tests.double.world import World, seconds

__all__ = [
    "TOKEN",
    "Account",
    "App",
    "Asked",
    "Double",
    "Installation",
    "Team",
    "World",
    "account",
    "hand_made",
    "load_real",
    "made_world",
    "real_data",
    "seconds",
    "serve",
]
