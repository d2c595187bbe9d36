"""The jobs of a sweep, read from their folders and gathered in one table, one figure, one page."""
