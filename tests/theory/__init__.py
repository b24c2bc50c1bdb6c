"""Tests against closed forms and independent solutions."""
