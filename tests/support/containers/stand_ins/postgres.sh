#!/bin/sh
# Makes the cluster once, with the scripts of /docker-entrypoint-initdb.d while it listens on its socket alone, and serves it.
set -eu
PGDATA=/var/lib/postgresql/18/docker
export PGDATA
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username=postgres --encoding=UTF8 --locale=C --auth-local=trust --auth-host=scram-sha-256 --pwfile=/tmp/password
  rm /tmp/password
  pg_ctl --wait --options="-c listen_addresses=" start
  for script in /docker-entrypoint-initdb.d/*.sh; do sh "$script"; done
  pg_ctl --wait stop
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
fi
exec postgres -c listen_addresses='*'
