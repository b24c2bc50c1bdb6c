"""Comparison of the model with published facts, part by part."""
