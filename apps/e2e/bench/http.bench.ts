import type { Say } from '#libs/embedded/progress';
import type { Figure, SectionResult } from './figures.ts';
import { load, type LoadResult } from './http.load.ts';
import { httpRoutes, type Route } from './http.routes.ts';
import type { Rig } from './rig.ts';

const CONNECTIONS = [1, 16, 64] as const;
const WARM_UP_SECONDS = 2;
const MOST = Math.max(...CONNECTIONS);
const AT_LEAST_PER_SECOND = { read: 2_000, write: 1_000 } as const;
const AT_MOST_P99_MS = 100;

interface RouteResult {
  route: string;
  loads: LoadResult[];
}

/**
 * How many requests a second each route takes, and how long they wait. The bench, Kronus and PostgreSQL share the
 * machine, so this is the rate of all three together.
 */
export async function measureHttp(
  rig: Rig,
  say: Say,
  seconds: number,
  only?: string,
): Promise<SectionResult> {
  say('setting up accounts');
  const routes = (await httpRoutes(rig, MOST)).filter(({ name }) => !only || name.includes(only));
  const results: RouteResult[] = [];
  for (const { name, requestOf } of routes) {
    say(`${name}: warming up`);
    await load(rig.url, MOST, WARM_UP_SECONDS, requestOf);
    const loads: LoadResult[] = [];
    for (const connections of CONNECTIONS) {
      say(`${name}: ${connections} connections`);
      loads.push(await load(rig.url, connections, seconds, requestOf));
    }
    results.push({ route: name, loads });
  }
  return { figures: routes.flatMap((route, index) => figuresOf(route, results[index]!)), details: results };
}

function figuresOf({ name, kind }: Route, { loads }: RouteResult): Figure[] {
  const errors = loads.reduce((sum, each) => sum + each.errors, 0);
  return [
    ...loads.flatMap(({ connections, perSecond, latencyMs }): Figure[] => {
      const isMost = connections === MOST;
      const title = `${name} · ${connections} conn.`;
      return [
        {
          name: title,
          value: perSecond,
          unit: '/s',
          ...(isMost && { target: { atLeast: AT_LEAST_PER_SECOND[kind] } }),
        },
        {
          name: `${title} · p99 (p50 ${latencyMs.p50.toFixed(1)})`,
          value: latencyMs.p99,
          unit: 'ms',
          ...(isMost && { target: { atMost: AT_MOST_P99_MS } }),
        },
      ];
    }),
    { name: `${name} · errors`, value: errors, unit: '', target: { atMost: 0 } },
  ];
}
