"""The tables of the store, the same in every database.

The records of `results/records.py` are stored as JSON; the columns beside it are those that are
searched. The text of a record is stored as it was written, so that a copy is the same byte for
byte.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

#: Incremented with every change of the tables or of the records. Version 2 added what accelerators
#: took, version 3 what batteries count, and indexes, version 4 evaluations and leases: older ones
#: have none of it, and are otherwise the same.
SCHEMA_VERSION = 4

#: What is brought up to date when it is opened.
OLDER_VERSIONS = (1, 2, 3)

METADATA = MetaData()

# Ids sort by time, if they are compared byte for byte: SQLite does, PostgreSQL where it is told to.
_Key = Text().with_variant(Text(collation="C"), "postgresql")

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", _Key, primary_key=True),
    Column("device", Text, nullable=False),
    Column("complete", Integer, nullable=False),
    Column("record", Text, nullable=False),
    Index("sessions_by_device", "device"),
)

MEASUREMENTS = Table(
    "measurements",
    METADATA,
    Column("session_id", _Key, ForeignKey("sessions.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("label", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("record", Text, nullable=False),
    Index("measurements_by_model", "model"),
    Index("measurements_by_sha256", "sha256"),
    Index("measurements_by_label", "label"),
    Index("measurements_by_path", "path"),
)

ROUNDS = Table(
    "rounds",
    METADATA,
    Column("session_id", _Key, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("record", Text, nullable=False),
    ForeignKeyConstraint(
        ("session_id", "position"), ("measurements.session_id", "measurements.position")
    ),
)

BASELINES = Table(
    "baselines",
    METADATA,
    Column("series", Text, primary_key=True),
    Column("session_id", _Key, ForeignKey("sessions.id"), nullable=False),
)

# How good files are on pictures: found by the sweeps of farms.
EVALUATIONS = Table(
    "evaluations",
    METADATA,
    Column("key", _Key, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("record", Text, nullable=False),
    Index("evaluations_by_sha256", "sha256"),
)

# Jobs that farms take from a store that they share; see `leases.py`.
LEASES = Table(
    "leases",
    METADATA,
    Column("name", _Key, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("expires", Double, nullable=False),
    Column("taken", Integer, nullable=False, server_default="0"),
    Column("ended", Double),
    Column("why", Text, nullable=False, server_default=""),
    Index("leases_by_owner", "owner"),
)
