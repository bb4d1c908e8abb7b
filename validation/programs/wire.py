"""What a server and its caller say to each other: numbers in front, so that the server itself reads no program.

The body of a request goes from the pipe straight into the fork that runs it, and what comes back lies in buffers that
are wiped: nothing of one program is in the memory that the next one inherits.
"""

import json
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

CAUSES = ("", "wall", "cpu", "output", "forged", "abandoned", "unread")
_ORDER, _REPLY = struct.Struct("<IIddQQ"), struct.Struct("<BiddIII")
ORDER_BYTES, REPLY_BYTES = _ORDER.size, _REPLY.size
_BOUNDARY_BYTES = 4


class Order(NamedTuple):
    """The numbers in front of a request: bytes of the body, blocks in it, and the limits in seconds and bytes."""

    body: int
    blocks: int
    cpu: float
    wall: float
    memory: int
    output: int


class Lengths(NamedTuple):
    """The numbers in front of a reply; `late` are the CPU seconds since half of the wall limit was over."""

    cause: str
    status: int
    cpu: float
    late: float
    boundaries: int
    output: int
    reports: int

    @property
    def rest(self) -> int:
        """Bytes that follow."""
        return self.boundaries * _BOUNDARY_BYTES + self.output + self.reports


def pack_request(request: dict[str, Any]) -> bytes:
    """Returns the bytes of a request as `request_for` makes it."""
    body = json.dumps({key: request[key] for key in ("blocks", "notebook", "seed")}).encode()
    numbers = request["cpu"], request["wall"], request["memory"] << 20, request["output"]
    return _ORDER.pack(len(body), len(request["blocks"]), *numbers) + body


def unpack_order(data: bytes) -> Order:
    """Reads the numbers in front of a request."""
    return Order(*_ORDER.unpack(data))


def pack_lengths(lengths: Lengths, boundaries: Iterable[int]) -> bytes:
    """Returns what stands in front of the output and the reports."""
    places = list(boundaries)
    return _REPLY.pack(CAUSES.index(lengths.cause), *lengths[1:]) + struct.pack(f"<{len(places)}I", *places)


def unpack_lengths(data: bytes) -> Lengths:
    """Reads the numbers in front of a reply."""
    cause, *numbers = _REPLY.unpack(data)
    return Lengths(CAUSES[cause], *numbers)


def unpack_reply(lengths: Lengths, data: bytes) -> dict[str, Any]:
    """Returns a reply as text: `boundaries` are the characters of the output where each report came."""
    places = struct.unpack_from(f"<{lengths.boundaries}I", data)
    start = lengths.boundaries * _BOUNDARY_BYTES
    output, reports = data[start : start + lengths.output], data[start + lengths.output :]
    parts = [output[a:b].decode("utf-8", "replace") for a, b in zip((0, *places), (*places, len(output)), strict=True)]
    boundaries, length = [], 0
    for part in parts[:-1]:
        length += len(part)
        boundaries.append(length)
    return {
        "cause": lengths.cause,
        "status": lengths.status,
        "cpu": lengths.cpu,
        "late": lengths.late,
        "output": "".join(parts),
        "boundaries": boundaries,
        "reports": reports.decode("utf-8", "replace"),
    }
