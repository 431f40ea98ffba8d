import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** The signal that asks a process to end by itself. */
export type StopSignal = 'SIGTERM' | 'SIGINT';

// Reads one order a line; the end of the input is the end of our process, whatever ended it.
// POSIX sh only. `sleep 0.1` is not in POSIX, hence the fallback.
const SCRIPT = `
trap '' HUP INT TERM
watched=
while read -r order pid signal; do
  case $order in
    watch) watched="$watched $pid:$signal" ;;
    forget)
      kept=
      for one in $watched; do [ "\${one%%:*}" = "$pid" ] || kept="$kept $one"; done
      watched=$kept ;;
    remove) set -- "$@" "$pid\${signal:+ $signal}" ;;
  esac
done
for one in $watched; do kill -s "\${one#*:}" "\${one%%:*}" 2>/dev/null; done
tries=12
while [ $tries -gt 0 ]; do
  left=
  for one in $watched; do kill -0 "\${one%%:*}" 2>/dev/null && left="$left \${one%%:*}"; done
  [ -n "$left" ] || break
  sleep 0.1 2>/dev/null || { sleep 1; tries=1; }
  tries=$((tries - 1))
done
for pid in $left; do kill -s KILL -- "-$pid" "$pid" 2>/dev/null; done
[ $# -eq 0 ] || rm -rf -- "$@"
`;

let orders: Writable | undefined;

/** One tiny shell in a session of its own, started with the first child; it ends when this process ends. */
const watchdog = (): Writable => {
  if (orders) return orders;
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => undefined);
  shell.on('exit', () => (orders = undefined));
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return (orders = shell.stdin);
};

/** From now on, process `pid` gets `signal` when this process ends in any way (even by SIGKILL), and SIGKILL a second later. */
export const watch = (pid: number, signal: StopSignal | 'SIGKILL'): void => {
  watchdog().write(`watch ${pid} ${signal.slice(3)}\n`);
};

/** Takes back `watch`: the process has ended, and its id may soon belong to a stranger. */
export const forget = (pid: number): void => {
  orders?.write(`forget ${pid}\n`);
};

/** From now on, the folder `path` is removed when this process ends in any way. For folders of tests only. */
export const removeAtEnd = (path: string): void => {
  watchdog().write(`remove ${path}\n`);
};
