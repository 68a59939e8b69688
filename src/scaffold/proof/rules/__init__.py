"""The checkout's own rules, run by `verify` on the files that were written and edited."""
