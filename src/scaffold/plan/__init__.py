"""What would change: every picked gap rendered, compared and merged into one change."""
