"""May this data be trained on? The gate over shards, the independent judge, and the report.

One idea: what judges data shares no stage code with what made it, and what was not looked at never counts as passed.
Great Expectations states the contract row by row; facts, recounts and re-checks are ours. It changes no data and knows
no scheduler: `pipelines/validate.py` carries `shard.Inspector` over shards.
"""
