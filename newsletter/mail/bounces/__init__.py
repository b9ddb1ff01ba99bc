"""What comes back of what was sent: whose message it was, what it says, and the ledger of it."""
