"""Codes: pools, imports, assignment to waves, reveal."""
