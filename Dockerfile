# The image of badapple with everything a server needs: it runs `serve`, `worker`, `db upgrade` and all other commands.
# Reproducible: every package comes from requirements-server.lock, checked by hash, and the tag names one exact Python.
# To pin the very bytes of the first image too, write its digest behind the tag: `docker buildx imagetools inspect
# python:3.12.12-slim-bookworm` prints it; then FROM python:3.12.12-slim-bookworm@sha256:...
# Debian's slim image already holds all that the wheels ask of the system: glibc, libstdc++, libgcc and zlib.
# ffmpeg comes as a wheel; nothing is installed by apt.
FROM python:3.12.12-slim-bookworm AS python

FROM python AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN ["python", "-m", "venv", "--without-pip", "/opt/badapple"]
# First what changes seldom.
COPY requirements-server.lock ./
RUN ["pip", "--python", "/opt/badapple/bin/python", "install", "--require-hashes", "--only-binary=:all:", "-r", "requirements-server.lock"]

# The studio's scripts, by a Node and by packages that are checked against hashes, too; none of them comes further.
FROM packages AS studio
COPY requirements-bundle.lock ./
RUN ["pip", "--python", "/opt/badapple/bin/python", "install", "--require-hashes", "--only-binary=:all:", "-r", "requirements-bundle.lock"]
COPY tools/build_studio.sh tools/setup.sh tools/studio_document.py ./tools/
COPY frontend ./frontend
COPY src ./src
ENV PYTHON=/opt/badapple/bin/python PYTHONPATH=/build/src
RUN ["tools/build_studio.sh"]

FROM packages AS build
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src ./src
COPY --from=studio /build/src/badapple/studio/static ./src/badapple/studio/static
# The lock holds what builds the wheel, so nothing is fetched here.
RUN ["pip", "--python", "/opt/badapple/bin/python", "install", "--no-deps", "--no-build-isolation", "--no-index", "."]

FROM python
ARG VERSION=0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="badapple" \
    org.opencontainers.image.description="One product photo in, a finished 30 s vertical video ad out" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# A fixed number, so that a volume or a policy can name it. /storage is for a volume that workers share.
RUN groupadd --gid 10001 badapple \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin badapple \
    && install -d -o 10001 -g 10001 -m 0750 /data /storage
COPY --from=build --chown=0:0 /opt/badapple /opt/badapple
COPY --chown=0:0 --chmod=0755 deploy/healthcheck.py /opt/badapple/healthcheck.py
# The root file system may be read-only: what is written goes below /data, and for moments below /tmp.
ENV PATH=/opt/badapple/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BADAPPLE_DATA_DIR=/data \
    BADAPPLE_CACHE_DIR=/data/cache
WORKDIR /data
VOLUME ["/data"]
USER 10001:10001
EXPOSE 8000 9000
STOPSIGNAL SIGTERM
# For `serve`; a worker names its own port.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-IS", "/opt/badapple/healthcheck.py", "8000"]
ENTRYPOINT ["badapple"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
