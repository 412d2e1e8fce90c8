"""SHACL: shapes read, linted, compiled to set-based SPARQL, or referred to the reference engine."""
