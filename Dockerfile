# One image for daemon (default), workers and dashboard. It has no compiler and needs neither a shell nor root; its file
# system may be read-only but for /data and /tmp.
FROM python:3.11-slim-bookworm AS build

WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/prober \
    && /opt/prober/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY prober prober
COPY dashboard dashboard
COPY probes probes
COPY runbooks runbooks
COPY docs/schemas docs/schemas
# Nothing runs pip or the packages' own tests later: together they are a seventh of the image.
RUN /opt/prober/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && find /opt/prober/lib -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf /opt/prober/bin/pip* /opt/prober/lib/python3.11/site-packages/pip*

FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 10001 prober \
    && install -d -o prober -g prober /data
COPY --from=build /opt/prober /opt/prober

ENV PATH=/opt/prober/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp \
    PROBER_DATABASE_URL=sqlite:////data/prober.db

USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8501

# Exit code 2 is a store that cannot be read. A change found (1) or thin evidence (3) is news, not ill health.
HEALTHCHECK --interval=1m --timeout=20s --start-period=30s \
    CMD ["python", "-c", "import subprocess as s; raise SystemExit(s.run(['prober', 'status', '--json'], stdout=-3).returncode == 2)"]

ENTRYPOINT ["prober"]
CMD ["run", "/probes"]
