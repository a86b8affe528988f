"""Architectures in plain torch, and readers of trained checkpoints."""
