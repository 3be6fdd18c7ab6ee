"""The campaigns subgraph."""
