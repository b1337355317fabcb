"""One certification run, without pytest: environment, preconditions, runner, results, summary."""
