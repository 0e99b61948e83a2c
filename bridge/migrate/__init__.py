"""Proof that the new path equals the old one."""
