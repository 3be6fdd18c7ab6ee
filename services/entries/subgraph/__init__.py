"""The entries subgraph."""
