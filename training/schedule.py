"""The learning rate and the objective of a step. Pure."""

import math

from schemas.config import Train


def objective_at(config: Train, step: int, steps: int) -> str:
    """What a step maximises: the phase that the share of the steps before it lies in.

    Args:
        config: its phases.
        step: 0-based.
        steps: length of the run.
    """
    until = 0.0
    for phase in config.phases:
        until += phase.share
        if step < round(until * steps):
            return phase.objective
    return config.phases[-1].objective


def learning_rate(config: Train, step: int, steps: int) -> float:
    """The rate of a step: linear warm-up, then as the schedule falls from the peak to `final_rate` of it.

    Args:
        config: peak, schedule and warm-up.
        step: 0-based.
        steps: length of the run.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
    height = {
        "constant": 1.0,
        "linear": 1 - progress,
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        "wsd": min(1.0, (steps - step) / max(1.0, config.decay_share * steps)),
    }[config.schedule]
    floor = config.final_rate if config.schedule != "constant" else 0.0
    return config.learning_rate * (floor + (1 - floor) * height)
