#!/bin/sh
# One round, without a daemon: for cron, a systemd timer or a scheduled pipeline.
# Run it in the folder that holds probes/; the database must outlive the job (a volume, or Postgres).
#
#   17 */6 * * *  cd /srv/prober && /srv/prober/watch.sh >> prober.log 2>&1
set -u

prober validate probes/ || exit 2
prober once probes/ --confirm
case $? in
  0 | 3) exit 0 ;; # clean, or not enough evidence yet: no reason to fail the job
  *) exit 1 ;;     # an alarm, or something is wrong: the notices are sent, and the job fails
esac
