"""One module per executable of `scripts/`, each with a `main(argv)` that returns an exit code."""
