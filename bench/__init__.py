"""Benchmarks: run by `make bench`, never timed in a test."""
