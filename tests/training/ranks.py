"""Ranks for tests: forked processes that meet over gloo, as torchrun would start them."""

import multiprocessing
import os
import socket


def run_ranks(work, world, *arguments):
    """Calls work(*arguments) in `world` processes and returns what each returned, by rank."""
    fork = multiprocessing.get_context("fork")
    port, pipes = _free_port(), [fork.Pipe(duplex=False) for _ in range(world)]
    processes = [
        fork.Process(target=_rank, args=(rank, world, port, sender, work, arguments), daemon=True)
        for rank, (_, sender) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    for receiver, _ in pipes:
        assert receiver.poll(60), "a rank did not answer"
    answers = [receiver.recv() for receiver, _ in pipes]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * world
    return answers


def _rank(rank, world, port, sender, work, arguments):
    os.environ.update(
        RANK=str(rank), WORLD_SIZE=str(world), LOCAL_RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)
    )
    sender.send(work(*arguments))


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
