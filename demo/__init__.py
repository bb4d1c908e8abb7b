"""All of it on an embedded data set and a small model, offline."""
