#!/bin/bash
# Harms a mount and waits until it is there again, served by another process: heal.sh FAULT PATH SECONDS
# Prints how long that took. Runs on the host, so that SSH's own time is not in it.
set -u
fault=$1 path=$2 limit=$3
unit=px-mount-${path#/}.service
client() { systemctl show --property=MainPID --value "$unit"; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

before=$(client)
from=$(milliseconds)
case $fault in
  kill) kill -KILL "$before" ;;
  stop) kill -STOP "$before" ;;
  unmount) umount "$path" ;;
esac || exit

# Content is asked for, because names and attributes may come out of the kernel's memory.
until now=$(client) && [ "$now" != "$before" ] && [ "$now" != 0 ] &&
  [ "$(timeout --signal=KILL 5 cat "$path/content" 2> /dev/null)" = content ]; do
  if (($(milliseconds) - from > limit * 1000)); then
    echo "$path is not back within $limit s after: $fault"
    systemctl --no-pager --full status "$unit"
    exit 1
  fi
  sleep 0.02
done
echo "$fault: $path was back after $(($(milliseconds) - from)) ms"
