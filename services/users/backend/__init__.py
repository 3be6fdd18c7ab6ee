"""The User Service."""
