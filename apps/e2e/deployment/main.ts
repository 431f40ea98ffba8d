import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatDuration, Progress } from '#libs/embedded/progress';
import { runScript } from '../script.ts';
import { Site } from './site.ts';
import { walk } from './walk.ts';

const USAGE = `usage: npm run compose-proof -- [--image FOLDER] [--keep-logs]

Does what the Dockerfile says in a folder, starts what docker-compose.yml describes as processes, each with the environment
that it gives them, behind the proxy with its Caddyfile, and walks through it. Needs Caddy 2.11 (KRONUS_CADDY names its program); redis-server and psql where they are.

  --image FOLDER   keeps what is built there, and takes it instead of building when it is there already
  --keep-logs      prints the end of every log when something fails`;

const LOG_LINES = 40;

function readOptions() {
  const { values } = parseArgs({
    options: {
      image: { type: 'string' },
      'keep-logs': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return { isHelp: values.help, image: values.image, hasLogs: values['keep-logs'] };
}

let site: Site | undefined;

async function run({ image, hasLogs }: ReturnType<typeof readOptions>): Promise<boolean> {
  const progress = new Progress();
  const since = performance.now();
  let failure: unknown;
  try {
    site = await progress.step('the site', (say) => Site.start(say, image));
    await walk(site, progress);
  } catch (error) {
    failure = error;
    if (hasLogs)
      for (const { name, logFile } of [...(site?.apis ?? []), ...(site?.workers ?? [])])
        progress.line(
          `--- ${name}\n${readFileSync(logFile, 'utf8').split('\n').slice(-LOG_LINES).join('\n')}`,
        );
  }
  await progress.step('everything ended', async () => site?.stop());
  for (const what of site?.skipped ?? []) progress.line(`SKIPPED ${what}`);
  if (failure) console.error(failure);
  progress.line(`${formatDuration(performance.now() - since)}; ${failure ? 'it does not hold' : 'it holds'}`);
  return !failure;
}

await runScript({ usage: USAGE, readOptions, run, stop: async () => site?.stop() });
