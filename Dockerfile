# One file, every image: `docker build --target subgraph --build-arg SERVICE=users .`
#   subgraph     one subgraph; no database driver, nothing of a backend
#   backend      one REST backend, or the worker, or the migrations
#   router       the public router
#   development  the development identity provider and object store; never deployed
#
# Every process runs as a user without rights on a file system that it need not write to, says at /readyz whether it is
# ready (for as long as it may take to start on a busy machine, nobody counts that it is not), and on SIGTERM finishes
# what is in flight. What is installed is what the locks say, by hash.

FROM python:3.11.14-slim-bookworm AS python
ENV PYTHONUNBUFFERED=1 PATH=/opt/venv/bin:$PATH
WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home monoql

FROM python AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/venv

FROM packages AS subgraph-packages
COPY requirements/subgraph.txt /tmp/
# No installer, and of the world's languages those that are served.
RUN pip install --require-hashes --only-binary :all: -r /tmp/subgraph.txt \
  && cd /opt/venv/lib/python3*/site-packages && rm -rf pip setuptools pkg_resources \
  && find babel/locale-data -name '*.dat' ! -name 'root.dat' ! -name 'en*' ! -name 'es*' ! -name 'fr*' -delete

FROM packages AS backend-packages
COPY requirements/backend.txt /tmp/
RUN pip install --require-hashes --only-binary :all: -r /tmp/backend.txt \
  && cd /opt/venv/lib/python3*/site-packages && rm -rf pip setuptools pkg_resources

FROM packages AS development-packages
COPY requirements/development.txt /tmp/
RUN pip install --require-hashes --only-binary :all: -r /tmp/development.txt

FROM python AS subgraph
COPY --from=subgraph-packages /opt/venv /opt/venv
COPY services/__init__.py services/serve.py services/ready.py services/
COPY services/kit services/kit
ARG SERVICE
COPY services/${SERVICE}/__init__.py services/${SERVICE}/
COPY services/${SERVICE}/subgraph services/${SERVICE}/subgraph
RUN python3 -m compileall -q services
USER 10001
ENV SERVICE=${SERVICE} BIND_HOST=0.0.0.0
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=3 CMD python -m services.ready $SERVICE
CMD ["sh", "-c", "exec python -m services.serve $SERVICE"]

FROM python AS backend
COPY --from=backend-packages /opt/venv /opt/venv
COPY services services
RUN python3 -m compileall -q services
USER 10001
ENV BIND_HOST=0.0.0.0
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=3 CMD python -m services.ready ${SERVICE:+$SERVICE-backend}
CMD ["sh", "-c", "exec python -m services.serve $SERVICE --backend"]

FROM python AS development
COPY --from=development-packages /opt/venv /opt/venv
COPY .env ./
COPY services services
COPY scripts scripts
USER 10001
ENV BIND_HOST=0.0.0.0
CMD ["python", "-m", "scripts.devtools.identity"]

FROM node:20.20.2-bookworm-slim AS router
ENV NODE_ENV=production BIND_HOST=0.0.0.0
WORKDIR /app/gateway-config
COPY gateway-config/package.json gateway-config/package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY gateway-config ./
USER node
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ROUTER_PORT ?? 4000}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "start.mjs"]
