"""The live Windows host: one module an interface of the system, each with the rows that it answers."""
