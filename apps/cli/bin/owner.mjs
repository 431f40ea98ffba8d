/** Loaded into what `runNode` starts: ends this process, as by SIGTERM, when the one that started it has died. */
const END_LIMIT_MS = 15_000;
const owner = Number(process.env.KRONUS_OWNER_PID);
// Processes started from here have owners of their own.
delete process.env.KRONUS_OWNER_PID;

if (owner && process.channel) {
  process.once('disconnect', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.exit(1), END_LIMIT_MS).unref();
  });
  process.channel.unref();
}
