"""Row-wise rules on structure, length, LaTeX, figures, proofs, language and licence."""
