"""A plug-in that adds one of everything that can be added to Penstock."""
