import { expect, it } from '@jest/globals';
import { RouteTable } from './route-table.ts';

const table = new RouteTable();
table.add('GET', '/v1/users/:uid');
table.add(['PUT', 'PATCH'], '/v1/users/:uid/');
table.add('GET', '/v1/users/stats');
table.add('GET', '/.well-known/keys');
table.add('GET', '/docs/*');
table.add('GET', '/');

it.each([
  ['/v1/users/1', 'GET, OPTIONS, PATCH, PUT'],
  ['/v1/users/1/', 'GET, OPTIONS, PATCH, PUT'],
  ['/v1/users/stats', 'GET, OPTIONS, PATCH, PUT'],
  ['/docs/a/b.css', 'GET, OPTIONS'],
  ['/.well-known/keys', 'GET, OPTIONS'],
  ['/', 'GET, OPTIONS'],
  ['/v1/users', ''],
  ['/v1/users/1/2', ''],
  ['/xwell-known/keys', ''],
  ['/V1/users/1', ''],
])('%s takes %j', (path, methods) => expect(table.methodsOf(path).join(', ')).toBe(methods));
