"""The subscribers' rows. One text for both engines."""
