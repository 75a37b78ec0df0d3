"""A store in a PostgreSQL database, for many machines; its tables are in a schema of their own."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.schema import CreateSchema

from _edgeship.device_bench.store.place import Place
from _edgeship.device_bench.store.tables import METADATA, OLDER_VERSIONS, SCHEMA_VERSION
from _edgeship.errors import InputError

#: Makes an INSERT that may say what happens where a row is there already.
INSERT = insert

#: The schema that the tables are in: a team's database may have a table "sessions" of its own.
SCHEMA = "edgeship"

#: Seconds until a server that does not answer counts as away.
_CONNECT_SECONDS = 10

#: The lock of those who make or change the tables: "edgeship" in ASCII.
_LOCK = int.from_bytes(b"edgeship", "big")

# Of https://www.postgresql.org/docs/current/errcodes-appendix.html
_NO_RIGHT = "42501"


def open_engine(place: Place) -> Engine:
    """Return an engine for the database; it connects when it is used.

    Raises:
        InputError: psycopg is not installed, or the URL is wrong.
    """
    try:
        return create_engine(
            place.url,
            # One for all threads, as with a file: transactions are short, and a server counts
            # connections. One that has been cut since is made anew.
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "edgeship"},
            execution_options={"schema_translate_map": {None: SCHEMA}},
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise InputError(
            f"The store {place} needs psycopg, which is not installed.",
            todo="pip install 'edgeship[farm]'",
        ) from error
    except (ArgumentError, ValueError) as error:
        raise InputError(
            f"--store {place} is no URL of a database.", todo="postgresql://USER@HOST/DATABASE"
        ) from error


def make_tables(engine: Engine, place: Place, *, create: bool) -> None:
    """Make the tables if there are none.

    Args:
        engine: Of `open_engine`.
        place: For messages.
        create: Whether to make tables where there are none.

    Raises:
        InputError: There are none and none may be made, or they are of another version.
    """
    with engine.connect() as connection:
        version = _version(connection)
    if version == SCHEMA_VERSION:
        return
    if version is None and not create:
        raise InputError(
            f"There is no store in {place}.",
            todo="`python -m device_bench run FILE --device local --store URL` measures a file and "
            "makes one",
        )
    with engine.begin() as connection:
        # Another may be making them at this moment.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        version = _version(connection)
        if version is None:
            _create(connection)
        elif version in OLDER_VERSIONS:
            _bring_up_to_date(connection)
        elif version != SCHEMA_VERSION:
            raise InputError(
                f"The store {place} was written by another version of edgeship.",
                why=f"its tables have version {version}, this edgeship reads {SCHEMA_VERSION}",
                todo="use that version, or name another store",
            )


def explained(error: DBAPIError, place: Place) -> InputError:
    """Return what the user is told about an error of the server or of the way to it."""
    lines = (" ".join(line.split()) for line in str(error.orig).splitlines())
    why = "; ".join(filter(None, lines))
    code = getattr(error.orig, "sqlstate", None)
    # While connecting, psycopg has the server's sentence, but not its code.
    if "does not exist" in why and 'database "' in why and code is None:
        return InputError(
            f"The database of the store {place} does not exist.",
            todo="make it once, with `createdb` or CREATE DATABASE",
        )
    if code is None or code.startswith("08"):
        return InputError(
            f"The store {place} cannot be reached.",
            why=why,
            todo="check that the server runs, and the host, port, user and password of the URL; "
            "what was saved until now is there",
        )
    todo = (
        f"have an administrator grant the user the right: CREATE on the database, or USAGE on the "
        f"schema {SCHEMA} and on its tables"
        if code == _NO_RIGHT
        else "check the server's log; what was saved until now is there"
    )
    return InputError(f"The store {place} cannot be used.", why=f"{why} ({code})", todo=todo)


def _version(connection: Connection) -> int | None:
    """Return the version of the tables; None where there are none."""
    # Of the catalog's tables, not by to_regclass: that may remember what was not there before the
    # lock was waited for.
    found = connection.execute(
        text("SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = :name AND tablename = 'store'"),
        {"name": SCHEMA},
    ).first()
    if found is None:
        return None
    return int(connection.execute(text(f"SELECT version FROM {SCHEMA}.store")).scalar_one())  # noqa: S608


def _bring_up_to_date(connection: Connection) -> None:
    """Make the tables and the indexes that a store of an older version lacks."""
    METADATA.create_all(connection)
    for table in METADATA.tables.values():
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    connection.execute(
        text(f"UPDATE {SCHEMA}.store SET version = :version"),  # noqa: S608 - a constant
        {"version": SCHEMA_VERSION},
    )


def _create(connection: Connection) -> None:
    if not connection.dialect.has_schema(connection, SCHEMA):
        connection.execute(CreateSchema(SCHEMA))
    METADATA.create_all(connection)
    connection.execute(text(f"CREATE TABLE {SCHEMA}.store (version integer NOT NULL)"))
    connection.execute(
        text(f"INSERT INTO {SCHEMA}.store VALUES (:version)"),  # noqa: S608 - a constant
        {"version": SCHEMA_VERSION},
    )
