"""The SQL of sequences: what they say, and who is in them."""
