"""One file a family of instruments: form and bars → notes."""
