"""Brings a database to the tables that this program knows."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from farmwatch_schema.errors import FarmwatchError

from .tables import HEAD


class NewerStoreError(FarmwatchError):
    """A database that a newer farmwatch has changed; str() says what to do."""


def revision_of(connection: Connection) -> str | None:
    """Returns the revision that a database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def config_for(connection: Connection) -> Config:
    """Returns Alembic's settings for this package's steps."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Runs the steps that are missing, all of them or none. Raises NewerStoreError when the database is ahead."""
    revision = revision_of(connection)
    if revision == HEAD:
        return
    if revision is not None and revision > HEAD:
        raise NewerStoreError(
            f"the store is at revision {revision}, this farmwatch knows {HEAD}. Start the newer farmwatch again."
        )
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        if revision_of(connection) != HEAD:
            command.upgrade(config_for(connection), "head")
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
