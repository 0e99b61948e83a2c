"""Logs and metrics: what is told of every call."""
