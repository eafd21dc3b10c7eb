"""Which release this is, and which databases it can work with."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.2.0.dev0"
# Number of the newest file of sql/migrations: the schema that this program was made for.
SCHEMA: Final = 13
# The oldest schema that the callback can send to: that of the previous release (docs/upgrading.md).
# The dashboard needs the release that it was made for: footprint.data.release.
OLDEST_SCHEMA_FOR_SENDER: Final = 6
# 0.1.0 numbered nothing: its tables are what the first six files make.
SCHEMA_OF_0_1_0: Final = 6
# Header by which a sender says which schema it was made for.
SCHEMA_HEADER: Final = "x-footprint-schema"
