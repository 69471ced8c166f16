FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
# Bytecode is compiled here, since a read-only root cannot keep it later, and without it a start takes over a second more.
RUN pip --disable-pip-version-check wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
 && python -m venv --without-pip /opt/sdlc-exporter \
 && pip --disable-pip-version-check --python /opt/sdlc-exporter/bin/python install --no-cache-dir --no-compile \
    "$(ls /wheels/*.whl)[github-app,remote-write]" \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/sdlc-exporter/lib

FROM python:3.13-slim
LABEL org.opencontainers.image.title="sdlc-exporter" \
      org.opencontainers.image.description="Prometheus exporter of software-delivery metrics" \
      org.opencontainers.image.licenses="Apache-2.0"
# git reads the histories of repositories; over ssh it would need openssh-client too.
# The official image leaves the standard library without bytecode.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/* \
 && python -m compileall -q --invalidation-mode unchecked-hash -x '/(test|tests|idlelib|site-packages)/' \
    /usr/local/lib/python3.13 \
 && install --directory --owner=65532 --group=65532 --mode=0750 /var/lib/sdlc-exporter
COPY --from=build /opt/sdlc-exporter /opt/sdlc-exporter
ENV PATH=/opt/sdlc-exporter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
# The only folder that is written to; being the working directory too, it takes temporary files where /tmp is read-only.
WORKDIR /var/lib/sdlc-exporter
VOLUME /var/lib/sdlc-exporter
EXPOSE 9517
STOPSIGNAL SIGTERM
# No HEALTHCHECK: port, TLS and users are configuration that an instruction fixed here cannot follow. Probe /-/healthy
# and /-/ready from outside; where basic_auth_users are set, the probe needs one of them, or a TCP probe.
ENTRYPOINT ["sdlc-exporter"]
CMD ["run", "-c", "/etc/sdlc-exporter/config.yaml"]
