"""One certification run: environment, preconditions, runner, results, summary."""
