"""pytest, in the checkout's own interpreter."""
