"""The comments' rows. One text for both engines."""
