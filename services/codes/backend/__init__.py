"""The Code Service."""
