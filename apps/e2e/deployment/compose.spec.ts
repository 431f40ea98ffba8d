import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { settings } from '#libs/config/settings';
import {
  composeText,
  environmentOf,
  networksOf,
  readCompose,
  ROOT,
  variableLines,
  variablesOf,
  type Service,
} from './compose-file.ts';

const file = readCompose();
const services = Object.entries(file.services);
const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
const kronus = ['api', 'worker', 'setup'];
const oneShots = ['setup', 'temporal-setup'];

/** Settings that make no sense in a container. */
const NOT_HERE = [/^development\./, /^kronus\.listener\.host$/, /^temporal\.(apiKey|tls|namespace)$/];

/** A filled-in .env. */
const filled = Object.fromEntries(
  Object.keys(variableLines(example)).map((name) => [name, `${name.toLowerCase()}x`]),
);

describe('docker-compose.yml', () => {
  it('is what the Compose Specification allows', () => {
    const schema = JSON.parse(
      readFileSync(new URL('./schemas/compose-spec.json', import.meta.url), 'utf8'),
    ) as object;
    const isValid = new Ajv2020({ strict: false, allErrors: true, logger: false }).compile(schema);
    isValid(readCompose(filled));
    expect(isValid.errors).toBeNull();
  });

  it('writes durations as such, which the schema does not look at', () => {
    const durations = composeText().matchAll(/(?:interval|timeout|period): (.*)$/gm);
    const wrong = [...durations].map(([, value]) => value).filter((value) => !/^\d+(ms|s|m)$/.test(value!));
    expect(wrong).toEqual([]);
  });

  it('names nothing that is not there', () => {
    const known = (names: string[], all: object) => names.filter((name) => !(name in all));
    for (const [name, service] of services) {
      const volumes = (service.volumes ?? []).map((volume) => volume.split(':')[0]!);
      const missing = {
        services: known(Object.keys(service.depends_on ?? {}), file.services),
        networks: known(networksOf(service), file.networks),
        volumes: known(
          volumes.filter((volume) => /^[a-z]/.test(volume)),
          file.volumes,
        ),
        folders: volumes.filter((volume) => volume.startsWith('./') && !existsSync(join(ROOT, volume))),
      };
      expect([name, missing]).toEqual([name, { services: [], networks: [], volumes: [], folders: [] }]);
    }
  });

  it('waits for what can be waited for', () => {
    for (const [name, service] of services)
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        const wanted = oneShots.includes(other) ? 'service_completed_successfully' : 'service_healthy';
        expect([name, other, condition]).toEqual([name, other, wanted]);
        if (wanted === 'service_healthy') expect(file.services[other]!.healthcheck?.test).toBeDefined();
      }
  });

  it('takes every variable from .env, and .env.example tells of each', () => {
    const told = variableLines(example, true);
    const passed = services.flatMap(([, { environment = {} }]) =>
      Object.keys(environment).filter((name) => environment[name] === null),
    );
    const used = [...new Set([...variablesOf(composeText()), ...passed])].sort();
    expect(used.filter((name) => !(name in told))).toEqual([]);
    expect(Object.keys(told).filter((name) => !used.includes(name))).toEqual([]);
  });

  it('does not start without what has no default', () => {
    const required = Object.keys(variableLines(example)).filter(
      (name) => !/^(KRONUS_DOMAIN|ACME_EMAIL)$/.test(name),
    );
    for (const name of required)
      expect(() => readCompose({ ...filled, [name]: '' })).toThrow(`${name} is missing`);
  });

  it('holds no secret', () => {
    const secret = /password|passphrase|pass_phrase|secret|token$|_key|pem$/i;
    for (const [service, { environment = {} }] of services)
      for (const [name, value] of Object.entries(environment)) {
        const isSecret = secret.test(name) || /:\/\/[^/]*@/.test(String(value));
        if (isSecret && value !== null)
          expect([service, name, String(value)]).toEqual([
            service,
            name,
            expect.stringMatching(/\$\{[A-Z_]+[:}]/),
          ]);
      }
    const given = variableLines(example);
    expect(Object.keys(given).filter((name) => secret.test(name) && given[name] !== '')).toEqual([]);
  });

  it('opens nothing to the world but the proxy', () => {
    for (const [name, { ports = [] }] of services) {
      const open = ports.filter((port) => !port.startsWith('127.0.0.1:'));
      expect([name, open]).toEqual([name, name === 'proxy' ? ['80:80', '443:443', '443:443/udp'] : []]);
    }
  });

  it('keeps the proxy away from everything but the APIs', () => {
    const neighbours = (network: string) =>
      services.filter(([, service]) => networksOf(service).includes(network)).map(([name]) => name);
    expect(networksOf(file.services['proxy']!)).toEqual(['front']);
    expect(neighbours('front').sort()).toEqual(['api', 'proxy']);
    expect(file.networks['back']?.internal).toBe(true);
    for (const name of ['postgres', 'redis', 'temporal', 'setup'])
      expect(file.services[name]!.networks).toEqual(['back']);
  });

  it('trusts X-Forwarded-For from the proxy only, whose address nobody else is given', () => {
    const { front } = file.services['proxy']!.networks as Record<string, { ipv4_address: string }>;
    expect(file.services['api']!.environment?.['KRONUS_TRUST_PROXY']).toBe(front!.ipv4_address);
    const [{ subnet, ip_range }] = file.networks['front']!.ipam!.config as [
      { subnet: string; ip_range: string },
    ];
    expect([front!.ipv4_address, subnet, ip_range]).toEqual([
      '172.30.39.2',
      '172.30.39.0/24',
      '172.30.39.128/25',
    ]);
  });

  it.each(services)('%s is restarted, limited and does not fill the disk', (name, service) => {
    expect(service.restart).toBe(oneShots.includes(name) ? 'no' : 'unless-stopped');
    expect(service.deploy?.resources?.limits).toEqual({
      memory: expect.stringMatching(/^\d+[MG]$/),
      pids: expect.any(Number),
    });
    expect(service.logging?.options).toEqual({ 'max-size': '10m', 'max-file': '5' });
    // By version, so that the same file means the same on another day.
    if (!kronus.includes(name)) expect(service.image).toMatch(/:\d+\.\d+/);
  });

  it.each(kronus)('%s may not do what it need not', (name) => {
    expect(file.services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  });

  it.each(['api', 'worker'])('%s can write where it keeps backups and copies of them', (name) => {
    const { volumes = [], environment = {} } = file.services[name]!;
    const writable = volumes.map((volume) => volume.split(':')).filter((parts) => parts[2] !== 'ro');
    for (const setting of ['KRONUS_DATA_DIR', 'KRONUS_BACKUP_FOLDER'])
      expect(writable.map((parts) => parts.at(-1))).toContain(
        /^\/[^/]+/.exec(String(environment[setting]))![0],
      );
  });

  it('gives each process the role that it needs, and no more', () => {
    const roles = (service: Service) =>
      [...JSON.stringify(environmentOf(service, filled)).matchAll(/postgres:\/\/(\w+):/g)]
        .map(([, role]) => role)
        .sort();
    const secrets = (service: Service) =>
      Object.keys(service.environment ?? {}).filter((name) => name.endsWith('_PASSWORD'));
    expect(roles(file.services['api']!)).toEqual(['kronus_manager']);
    expect(roles(file.services['worker']!)).toEqual(['kronus_admin', 'kronus_manager', 'kronus_user']);
    expect(roles(file.services['setup']!)).toEqual(['postgres']);
    expect([...secrets(file.services['api']!), ...secrets(file.services['worker']!)]).toEqual([]);
  });

  it('lets .env set all that can be set', () => {
    const reachable = ['api', 'worker'].flatMap((name) =>
      Object.keys(file.services[name]!.environment ?? {}),
    );
    const wanted = settings.filter(({ key }) => !NOT_HERE.some((pattern) => pattern.test(key)));
    expect(wanted.map(({ env }) => env).filter((env) => !reachable.includes(env))).toEqual([]);
    const known: string[] = settings.map(({ env }) => env);
    expect(reachable.filter((env) => !known.includes(env))).toEqual([]);
  });
});
