"""Between stores: rows of MLMD's files taken in, and a store given out as such a file."""
