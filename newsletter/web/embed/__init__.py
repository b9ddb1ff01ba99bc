"""What other people's pages carry of ours: the form's definition for our script, and its iframe."""
