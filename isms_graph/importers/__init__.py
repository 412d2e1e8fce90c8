"""Registers as they come in: which columns a class has, what an unknown layout may mean, and a copy with the errors."""
