"""What all doors share: bodies, budgets, pages, problems, security headers."""
