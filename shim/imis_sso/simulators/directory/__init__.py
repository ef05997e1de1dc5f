"""Simulated external directories: three small providers, each with the habits of a known one."""
