"""The learning rate of a step. Pure."""

import math

from schemas.config import Train


def learning_rate(config: Train, step: int, steps: int) -> float:
    """The rate of a step: linear warm-up, then constant or a cosine down to zero.

    Args:
        config: peak, schedule and warm-up.
        step: 0-based.
        steps: length of the run.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.learning_rate
    progress = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
