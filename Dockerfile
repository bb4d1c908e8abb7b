# A worker of Beam with mathmill in it: the image of an engine's workers, and of a driver.
#
#   python -m build --wheel && docker build -t mathmill .
#
# Programs run isolated inside. Namespaces (the strongest level) need a container that may make some: with Docker
# `--security-opt seccomp=unconfined`, on Kubernetes a node that allows unprivileged user namespaces. Where that is not
# allowed, workers fall back to `seccomp`, and the manifest of the data says so; `curate.isolation: namespaces` in the config
# refuses such workers by name instead.
ARG PYTHON=3.11.7
FROM python:${PYTHON}-slim-bookworm AS base

# Beam's launcher of workers, for DOCKER environments and Dataflow; it must be of the installed version.
COPY --from=apache/beam_python3.11_sdk:2.77.0 /opt/apache/beam /opt/apache/beam

RUN apt-get update \
 && apt-get install -y --no-install-recommends bubblewrap \
 && rm -rf /var/lib/apt/lists/*

# Programs run as another user than the worker, who must be able to read Python and its packages: not below /root.
WORKDIR /opt/mathmill
# A driver that trains as well has tokenizers, and a worker without them would be refused as another (engine/joining).
COPY constraints.txt dist/mathmill-*.whl ./
RUN pip install --no-cache-dir --constraint constraints.txt "$(ls mathmill-*.whl)[curation,validation]" tokenizers \
 && rm mathmill-*.whl \
 && mathmill --version

ENV PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["/opt/apache/beam/boot"]
# As a pool beside a Flink task manager:  --worker_pool
# As a driver:                            docker run --entrypoint mathmill mathmill curate CONFIG ...
