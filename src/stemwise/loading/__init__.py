"""Prepared store → excerpts → remix → MultitrackDataModule."""
