"""Fixtures for all tests: `database("entries")`, `stack`."""

pytest_plugins = ["tests.support.run", "tests.support.postgres", "tests.support.stack"]
