"""What every room needs of the operating system: files, programs, temporary folders, the terminal."""
