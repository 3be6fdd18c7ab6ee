"""Fixtures for all tests: `database("entries")`, `stack`, `s3`."""

pytest_plugins = [
    "tests.support.run",
    "tests.support.postgres",
    "tests.support.s3_servers",
    "tests.support.stack",
]
