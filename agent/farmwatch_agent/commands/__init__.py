"""One module per verb of `farmwatch-agent`: OPTIONS, WORDS and run(options) -> exit code."""
