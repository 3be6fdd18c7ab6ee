"""One mutation a file: input, policy, one call, result union."""
