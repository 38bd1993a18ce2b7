"""Steps from one table shape to the next, run by `open_store`."""
