"""The Campaign Service."""
