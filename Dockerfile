# Faultline as a sidecar: no compiler, no root, a root file system that may be read-only.
# Pin the base by digest in your own registry; every Python package is pinned by hash here.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/faultline
COPY constraints.txt constraints-build.txt ./
RUN /opt/faultline/bin/pip install --no-cache-dir --require-hashes -r constraints.txt \
 && python -m pip install --no-cache-dir --require-hashes -r constraints-build.txt
COPY pyproject.toml README.md ./
COPY proxy ./proxy
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/faultline/bin/pip install --no-cache-dir --no-deps /wheels/*.whl \
 && /opt/faultline/bin/python -m compileall -q /opt/faultline/lib

FROM python:3.13-slim
LABEL org.opencontainers.image.title="faultline" \
      org.opencontainers.image.description="A local reverse proxy with failover for AI providers" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.documentation="README.md"
COPY --from=build /opt/faultline /opt/faultline
ENV PATH="/opt/faultline/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    MALLOC_ARENA_MAX=2
USER 65532:65532
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["faultline", "healthcheck"]
ENTRYPOINT ["faultline"]
CMD ["serve", "--config", "/etc/faultline/faultline.yaml"]
