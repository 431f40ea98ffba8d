import 'reflect-metadata';

// CommonJS packages that require() Nest would meet it half-loaded; loading it first, whole, avoids that.
await import('@nestjs/common');
await import('@nestjs/core');
