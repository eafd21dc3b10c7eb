"""Which release this is, and which databases it can work with."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.2.0.dev0"
# Number of the newest file of sql/migrations: the schema that this program was made for.
SCHEMA: Final = 7
# The oldest schema that this program can work with. The callback promises the one of the previous
# release (docs/upgrading.md); the dashboard reads what was made for it.
OLDEST_SCHEMA_FOR_SENDER: Final = 6
OLDEST_SCHEMA_FOR_APP: Final = 6
# 0.1.0 numbered nothing: its tables are what the first six files make.
SCHEMA_OF_0_1_0: Final = 6
# Header by which a sender says which schema it was made for.
SCHEMA_HEADER: Final = "x-footprint-schema"
