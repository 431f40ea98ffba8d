import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { TRACE_HEADER } from '#libs/temporal/trace-header';
import * as workflows from '#workflows/index';
import { bundleWorkflows } from './bundle-workflows.ts';

const cacheDir = mkdtempSync(join(tmpdir(), 'kronus-bundle-'));
afterAll(() => rmSync(cacheDir, { recursive: true }));

it('bundles every workflow without anything that is not deterministic, once', async () => {
  const path = await bundleWorkflows(cacheDir);
  const code = readFileSync(path, 'utf8');
  for (const name of Object.keys(workflows)) expect(code).toContain(`async function ${name}(`);
  for (const foreign of ['@mikro-orm', 'node_modules/pg/', 'node_modules/twilio', 'croner', TRACE_HEADER]) {
    expect(code).not.toContain(foreign);
  }
  expect(await bundleWorkflows(cacheDir)).toBe(path);
  expect(readdirSync(cacheDir)).toHaveLength(1);

  const traced = await bundleWorkflows(cacheDir, { isTraced: true });
  expect(traced).not.toBe(path);
  expect(readFileSync(traced, 'utf8')).toContain(TRACE_HEADER);
  expect(readFileSync(traced, 'utf8')).not.toContain('@opentelemetry');
}, 60_000);
