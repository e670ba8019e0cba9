"""CSV files as record batches: finding them, cutting them into blocks, typing their columns, naming what is wrong."""
