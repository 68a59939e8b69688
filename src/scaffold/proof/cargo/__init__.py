"""cargo, with the checkout's own toolchain and lock file."""
