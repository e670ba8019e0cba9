"""MLMD's half of the store: its tables (schema version 10), its values and its rules, without its client.

Functions take a `penstock.metadata.database.Transaction`. What is written here the ``ml_metadata`` client reads, and
the other way round.
"""
