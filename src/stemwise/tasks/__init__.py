"""Thin LightningModules: a model, its losses, an optimiser."""
