# One file, four images: `docker build --target subgraph --build-arg SERVICE=users .`
#   subgraph     one subgraph; no database driver, nothing of a backend
#   backend      one REST backend, or the worker, or the migrations
#   router       the public router
#   development  the development identity provider; never deployed

FROM python:3.12-slim-bookworm AS python
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN useradd --system --uid 10001 monoql
COPY services/__init__.py services/serve.py services/
COPY services/kit services/kit

FROM python AS subgraph
ARG SERVICE
COPY requirements/subgraph.txt requirements/
RUN pip install --require-hashes -r requirements/subgraph.txt
COPY services/${SERVICE}/__init__.py services/${SERVICE}/
COPY services/${SERVICE}/subgraph services/${SERVICE}/subgraph
USER monoql
ENV SERVICE=${SERVICE} BIND_HOST=0.0.0.0
CMD ["sh", "-c", "exec python -m services.serve $SERVICE"]

FROM python AS backend
COPY requirements/backend.txt requirements/
RUN pip install --require-hashes -r requirements/backend.txt
COPY services services
USER monoql
ENV BIND_HOST=0.0.0.0
CMD ["sh", "-c", "exec python -m services.serve $SERVICE --backend"]

FROM python AS development
COPY requirements/dev.txt requirements/
RUN pip install --require-hashes -r requirements/dev.txt
COPY .env ./
COPY scripts scripts
COPY services services
ENV BIND_HOST=0.0.0.0
CMD ["python", "-m", "scripts.devtools.identity"]

FROM node:20-bookworm-slim AS router
ENV NODE_ENV=production BIND_HOST=0.0.0.0
WORKDIR /app/gateway-config
COPY gateway-config/package.json gateway-config/package-lock.json ./
RUN npm ci --omit=dev
COPY gateway-config ./
USER node
CMD ["node", "start.mjs"]
