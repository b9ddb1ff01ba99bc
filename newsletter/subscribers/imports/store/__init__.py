"""The imports' rows. One text for both engines."""
