"""How things look on a terminal, in a log file and in JSON. Renderers are given values; they look nothing up."""
