"""The Entry Service."""
