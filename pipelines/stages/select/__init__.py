"""Human selection applied: decisions, votes, files of reviews."""
