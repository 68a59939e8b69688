"""Runs inside the checkout's interpreter, as a script; never imported by scaffold."""
