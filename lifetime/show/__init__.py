"""How numbers, sentences and figures are shown."""
