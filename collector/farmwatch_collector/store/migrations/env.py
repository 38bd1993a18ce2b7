"""Alembic's entry: runs the steps on the connection that `open_store` hands over."""

from alembic import context

from farmwatch_collector.store import tables_farms

metadata = tables_farms.farm.metadata  # with both modules' tables in it
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
