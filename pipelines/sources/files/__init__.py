"""What a file holds: places and kinds of files, cut into stretches, read as records."""
