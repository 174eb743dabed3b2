# One image for all parts of many machines; what runs is the command: collect, work, sink, view.
#   docker build -t servicemap .
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Everything in the locks, each file checked against its hash; from here on pip takes nothing from anywhere else.
COPY requirements.lock requirements-test.lock ./
RUN pip download --quiet --require-hashes --only-binary=:all: --no-deps --dest /wheels --requirement requirements.lock
RUN python -m venv /tools \
 && /tools/bin/pip install --quiet --no-index --find-links /wheels hatchling
COPY . .
# npm (by package-lock.json, with its hashes) fetches the libraries of the live view: hatch_build.py.
RUN /tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /built .
# Not the extra `up`: the engine that it brings is nine tenths of all there is, and here ClickHouse is a container of its own.
RUN python -m venv /opt/servicemap \
 && /opt/servicemap/bin/pip install --quiet --no-index --find-links /wheels \
    "$(echo /built/servicemap-*.whl)[grafana,store,view,worker]" \
 && /opt/servicemap/bin/pip uninstall --quiet --yes pip setuptools

FROM ${PYTHON}
COPY --from=build /opt/servicemap /opt/servicemap
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/servicemap servicemap
ENV PATH=/opt/servicemap/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /var/lib/servicemap
# By number, so that an orchestrator can see that it is not root. Only collect may need more: docker-compose.yml.
USER 10001:10001
ENTRYPOINT ["servicemap"]
CMD ["--help"]
