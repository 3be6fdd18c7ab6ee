"""One registration through each layer of the house, interleaved with a bare insert, as ratios."""
