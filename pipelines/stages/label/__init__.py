"""Missing topics and difficulties, predicted by a model fitted in the run."""
