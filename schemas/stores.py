"""Which library serves a URL: pyarrow's own file systems where it has one, fsspec's else; both as fsspec has them."""

import os
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from schemas import hub

WRITABLE = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs", "memory")
"""schemes that data is written to: the others lack objects that can be replaced, or times of a clock of their own"""

_HUB_KINDS = ("datasets", "models", "spaces", "buckets")
_S3_OPTIONS = ("region", "scheme", "endpoint_override")  # as pyarrow's own URIs have them
_PATIENCE_S = 30  # for an answer; the AWS client's 3 s are short of a busy store's pauses
_ATTEMPTS = 5  # of one request, with growing pauses: a store that answers 503 is asked again


def served(url: str) -> tuple[Any, str]:
    """Returns the fsspec file system behind a URL, and the URL's path there.

    Raises:
        ImportError: what serves such URLs is not installed.
        ValueError: nothing knows the scheme, an option in the URL, or what kind of repository it names.
        OSError: the store cannot be found.
    """
    import fsspec  # deferred: files on this machine need no fsspec

    parts = urlsplit(url)
    match parts.scheme:
        case "s3" | "gs" | "gcs":
            bucket = parts.netloc.rpartition("@")[2]
            return _wrapped(urlunsplit(parts._replace(path=""))), f"{bucket}{parts.path}".rstrip("/")
        case "hdfs" | "viewfs":
            return _wrapped(urlunsplit(parts._replace(path="/"))), parts.path
        case "abfs" | "abfss":
            from pyarrow.fs import FileSystem

            return _wrapped(urlunsplit(parts._replace(path=""))), FileSystem.from_uri(url)[1].rstrip("/")
        case "hf" if parts.netloc not in _HUB_KINDS:
            raise ValueError(f"a data set on the hub is hf://datasets/{parts.netloc}{parts.path}")
        case "hf" if not _hub_answers():
            raise ConnectionError("the Hugging Face hub does not answer")  # its client's own error is no OSError
        case _:
            filesystem, path = fsspec.core.url_to_fs(url)
            return filesystem, path


@cache
def _hub_answers() -> bool:
    return hub.answers(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")


@lru_cache(maxsize=64)
def _wrapped(root: str) -> Any:  # noqa: ANN401  fsspec has no types
    from fsspec.implementations.arrow import ArrowFSWrapper

    class Ranged(ArrowFSWrapper):  # type: ignore[misc]  # fsspec has no types
        """Reads a range from byte 0 too: fsspec opens a stream for it, and then asks the stream where it stands."""

        def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> Any:  # noqa: ANN401
            return super().cat_file(path, start, end, seekable=(start, end) != (None, None), **options)

    connect = {"s3": _s3, "gs": _gs, "gcs": _gs}.get(urlsplit(root).scheme, _from_uri)
    return Ranged(connect(root), skip_instance_cache=True)


def _s3(root: str) -> Any:  # noqa: ANN401  pyarrow has no types
    from pyarrow import fs

    parts, environment = urlsplit(root), os.environ
    options = dict(parse_qsl(parts.query))
    if unknown := sorted(set(options) - set(_S3_OPTIONS)):
        raise ValueError(f"unknown {', '.join(unknown)} in the URL; known are {', '.join(_S3_OPTIONS)}")
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    options = {
        **({"endpoint_override": endpoint} if endpoint else {}),
        **({"region": region} if region else {}),
    } | options
    if not options:
        options["region"] = fs.resolve_s3_region(parts.netloc.rpartition("@")[2])
    keys = {"access_key": parts.username, "secret_key": parts.password}
    return fs.S3FileSystem(
        **{name: unquote(value) for name, value in keys.items() if value},
        **options,
        connect_timeout=_PATIENCE_S,
        request_timeout=_PATIENCE_S,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


def _gs(root: str) -> Any:  # noqa: ANN401  pyarrow has no types
    from pyarrow import fs

    if urlsplit(root).query or "@" in root:
        return _from_uri(root)
    return fs.GcsFileSystem(retry_time_limit=timedelta(seconds=_PATIENCE_S))  # else a quarter of an hour


def _from_uri(root: str) -> Any:  # noqa: ANN401  pyarrow has no types
    from pyarrow import fs

    return fs.FileSystem.from_uri(root)[0]
