"""What every room needs of the operating system: files, programs, scratch folders, the terminal."""
