"""What the Data-quality page reads about ingest, through the real API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from footprint.auth import Me
from footprint.data.ingest_quality import ingest_quality
from footprint.ingest.delivery import encode
from footprint.ingest.spool import Spool
from house import event
from ingest_callback.conftest import event as usage_event
from web import Web, tell_settings


def test_an_admin_reads_what_became_of_requests(
    web: Web, person: Callable[[str], Me], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tell_settings(monkeypatch, {**web.environment, "FOOTPRINT_SPOOL_DIR": str(tmp_path / "spool")})
    twice = event(source="proxy")
    web.database.store(twice, event(source="proxy", cost_usd="-1"))
    web.database.store(twice)
    Spool(tmp_path / "spool", 10**6).append(encode(usage_event()))
    found = ingest_quality(person("ada"))
    proxy = found.sources.set_index("source").loc["proxy"]
    assert (proxy.requests, proxy.duplicates, proxy.rejected) == (1, 1, 1)
    assert proxy.last_event_at == pd.Timestamp("2026-10-15T10:00:00Z")
    assert proxy.last_received_at > pd.Timestamp("2026-11-01T00:00:00Z")
    [day] = found.days[found.days["source"] == "proxy"].itertuples()
    assert (day.requests, day.duplicates, day.rejected) == (1, 1, 1)
    [refused] = found.rejections.itertuples()
    assert (refused.reason, refused.count) == ("cost_usd is negative", 1)
    [callback] = found.spools
    assert (callback.label, callback.waiting, callback.problems) == ("callback", 1, ())
