"""What stands behind the executables in `scripts/`: bootstrap, embedded PostgreSQL, supervisor, identity provider."""
