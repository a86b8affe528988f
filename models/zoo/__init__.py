"""Bundled trained models; a folder each, with its model card and the recipe that made it."""
