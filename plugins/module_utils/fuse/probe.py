"""The probe: notices a client that is alive for systemd and dead for everybody else, and kills it.

A small program, called by a timer of each mount. It asks with statfs: the kernel never answers that from a cache,
and the clients answer it by themselves, so it tells a dead client from a store that is slow or away. A stat may
come out of the kernel's cache, and a listing needs the network.
"""

NAME = "probe"
SERVICE = "px-mount-probe@.service"
TIMER = "px-mount-probe@.timer"
SECONDS_BETWEEN = 15
SECONDS_TO_ANSWER = 10
FAILURES = 3


def timer(slug: str) -> str:
    """Return the timer of one mount."""
    return TIMER.replace("@", "@" + slug)


_PROGRAM = """\
#!/bin/sh
# Written by px.storage.mounts; changes are overwritten.
# probe SLUG: ask the client of the mount px-mount-SLUG.service for a sign of life. One that gives none several times
# in a row is killed; its unit starts it again. How quick or right the store answers is not asked.
LC_ALL=C
export LC_ALL
slug=$1
unit=px-mount-$slug.service
# "PID FAILURES": the client's process, and how often in a row it failed.
state=@RUN@/$slug/failures
# What the client said last, and the process that still waits for its word.
answer=@RUN@/$slug/answer
asker=@RUN@/$slug/asker

say() {
  # Filed under the mount's unit as well, so that `journalctl -u` of the mount tells it.
  printf 'MESSAGE=%s\\nPRIORITY=4\\nSYSLOG_IDENTIFIER=px-mount-probe\\nOBJECT_SYSTEMD_UNIT=%s\\n' "$1" "$unit" |
    logger --journald 2>/dev/null || echo "<4>$1"
}

path=$(sed -n 's/^Path=//p' "/etc/systemd/system/$unit")
[ -n "$path" ] && [ -d @RUN@/"$slug" ] || exit 0

# Who asks a hung mount may sit in the kernel, out of reach even of SIGKILL: it is never waited for, and while it is
# there, nobody else is sent.
waits=
if [ -e "$asker" ]; then
  read -r waits <"$asker"
  [ "$(cat "/proc/$waits/comm" 2>/dev/null)" = stat ] || waits=
fi
if [ -z "$waits" ]; then
  [ ! -e "$asker" ] || rm -f "$asker"
  # Emptied here, not by the child: it may get to it later than the first look below.
  : >"$answer"
  stat -f -c %t "$path" >>"$answer" 2>&1 &
  waits=$!
  [ -s "$answer" ] || sleep 0.02
  tenths=0
  while [ ! -s "$answer" ] && [ $tenths -lt @SECONDS@0 ]; do
    sleep 0.1
    tenths=$((tenths + 1))
  done
fi

said=
[ ! -s "$answer" ] || read -r said <"$answer"
case $said in
  # The magic number of FUSE: the client answered.
  65735546) why= ;;
  '')
    why="no answer within @SECONDS@ s"
    echo "$waits" >"$asker"
    ;;
  *'not connected' | *'connection abort') why=${said##*: } ;;
  *'No such file or directory') why="nothing is mounted" ;;
  # Words that say nothing of the client: an error that it gave itself, or no such program as stat.
  *' '*) why= ;;
  # Another file system's number.
  *) why="nothing is mounted" ;;
esac
if [ -z "$why" ]; then
  [ ! -e "$state" ] || rm -f "$state"
  exit 0
fi

active= sub= pid=0
while IFS== read -r name value; do
  case $name in
    ActiveState) active=$value ;;
    SubState) sub=$value ;;
    MainPID) pid=$value ;;
  esac
done <<EOF
$(systemctl show --property=ActiveState,SubState,MainPID "$unit")
EOF
# One that is being started or stopped is left alone.
if [ "$active/$sub" != active/running ] || [ "$pid" = 0 ]; then
  rm -f "$state"
  exit 0
fi

seen= failures=0
[ ! -e "$state" ] || read -r seen failures <"$state"
[ "$seen" = "$pid" ] || failures=0
failures=$((failures + 1))
if [ $failures -lt @FAILURES@ ]; then
  echo "$pid $failures" >"$state"
  say "$path: $why ($failures of @FAILURES@)"
  exit 0
fi
say "$path: $why (@FAILURES@ of @FAILURES@): the client, process $pid, is killed, so that it starts again"
# The process itself: a stop would first ask it to unmount, which it cannot answer.
kill -KILL "$pid"
rm -f "$state"
"""

_SERVICE = """\
# Written by px.storage.mounts; changes are overwritten.
[Unit]
Description=Ask whether the client of px-mount-%i is alive

[Service]
Type=oneshot
ExecStart=@PROGRAMS@/probe %i
TimeoutStartSec=@LIMIT@
# Who asks a hung mount may not be killed by anything, and is left where it is.
KillMode=process
# Not a line in the journal for every time it was asked.
LogLevelMax=notice
Nice=5
"""

_TIMER = """\
# Written by px.storage.mounts; changes are overwritten.
[Unit]
Description=Ask every @BETWEEN@ s whether the client of px-mount-%i is alive
# Started with the mount, whose unit wants it, and stopped with it.
PartOf=px-mount-%i.service

[Timer]
OnActiveSec=@BETWEEN@s
OnUnitInactiveSec=@BETWEEN@s
AccuracySec=1s
"""


def program(run: str) -> str:
    """Return the probe's text; `run` is the folder of what need not outlive a boot."""
    return _filled(_PROGRAM, RUN=run, SECONDS=SECONDS_TO_ANSWER, FAILURES=FAILURES)


def service_text(programs: str) -> str:
    """Return the template unit that runs the probe; `programs` is its folder."""
    return _filled(_SERVICE, PROGRAMS=programs, LIMIT=3 * SECONDS_TO_ANSWER)


def timer_text() -> str:
    """Return the template unit that calls it."""
    return _filled(_TIMER, BETWEEN=SECONDS_BETWEEN)


def _filled(text: str, **values: object) -> str:
    for name, value in values.items():
        text = text.replace("@" + name + "@", str(value))
    return text
