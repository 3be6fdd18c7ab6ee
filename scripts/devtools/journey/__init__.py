"""The main job, from a new campaign to a fan who holds a code, through the router alone."""
