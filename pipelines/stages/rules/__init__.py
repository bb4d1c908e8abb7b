"""Rules of the user's own: functions that a config names, asked about every candidate."""
