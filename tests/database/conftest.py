"""Databases of every shape that ``footprint migrate`` meets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clusters import Cluster, cluster
from footprint.database import sql_directory
from places import MakePlace, Place
from releases import FIRST, RELEASES, unpack

SERVERS = [("18", "plain"), ("15", "plain"), ("18", "hosted"), ("15", "hosted")]


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str, str], Cluster]]:
    """A function that starts each kind of server once."""
    with ExitStack() as running:
        started: dict[tuple[str, str], Cluster] = {}

        def start(version: str, shape: str) -> Cluster:
            if (version, shape) not in started:
                started[version, shape] = running.enter_context(cluster(version, shape))
            return started[version, shape]

        yield start


@pytest.fixture
def make_place(servers: Callable[[str, str], Cluster]) -> Iterator[MakePlace]:
    """A function that makes databases, which are gone after the test."""
    made: list[Place] = []

    def make(version: str = "18", shape: str = "plain", **settings: str) -> Place:
        server = servers(version, shape)
        made.append(Place(server, server.create("d", settings)))
        return made[-1]

    yield make
    for place in made:
        place.server.drop(place.name)


@pytest.fixture(params=SERVERS, ids=lambda kind: "-".join(kind))
def any_place(request: pytest.FixtureRequest, make_place: MakePlace) -> Place:
    """A database without Footprint, of each version and shape."""
    return make_place(*request.param)


@pytest.fixture
def place(make_place: MakePlace) -> Place:
    """A plain database without Footprint on PostgreSQL 18."""
    return make_place()


@pytest.fixture(scope="session")
def packages() -> Iterator[dict[str, Path]]:
    """Each release, unpacked from its wheel."""
    with tempfile.TemporaryDirectory(prefix="footprint releases ") as folder:
        yield {version: unpack(version, Path(folder) / version) for version in RELEASES}


@pytest.fixture(scope="session")
def first_release(packages: dict[str, Path]) -> Path:
    """0.1.0, unpacked from its wheel."""
    return packages[FIRST]


@pytest.fixture
def sql_copy(tmp_path: Path) -> Path:
    """A copy of ``sql/`` that a test may change."""
    folder = tmp_path / "sql"
    shutil.copytree(sql_directory(), folder)
    return folder
