"""Does it pay? Models trained on raw and on curated rows, by J_SFT and by token mean, judged beside each other.

    python -m benchmarks.outcome --work FOLDER [--minutes 100] [--only curation] [--model FOLDER --gsm8k FOLDER]

experiments  what is compared with what: data, training, evaluation of each arm
stretch      one resumable stretch of the work: verbs as processes, stopped when the time is up
unmasked     `mathmill train` with loss on what a tool wrote, the mistake of experiment `outputs`

FOLDER stands outside the work tree and holds every data set, run and answer as it comes. The same command goes on after
any interruption, and writes `benchmarks/results/outcome.json` from what is there so far.
"""
