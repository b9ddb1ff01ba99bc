"""How the project's own files are checked; see rules.py."""
