"""Tests of WattLab."""
