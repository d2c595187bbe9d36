"""Plain nn.Modules; nothing here knows of Lightning, Hydra, files or gates."""
