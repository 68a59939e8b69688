"""A gateway for the end-to-end tests: a running one, or one that is started for them."""
