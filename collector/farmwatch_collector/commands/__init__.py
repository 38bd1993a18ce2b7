"""The verbs of `farmwatch`, one module each: `HELP`, `arguments(parser)` and `run(options) -> exit code`."""
