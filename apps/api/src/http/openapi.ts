import { applyDecorators } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiOperation,
  ApiResponse,
  ApiSecurity,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';
import { z } from 'zod';
import { build } from '#libs/config/build';
import { Done, Failure, pageOf, successOf } from '#libs/contract/errors';
import { kindOf } from '../limits/limit.rules.ts';

const MEANING: Record<number, string> = {
  200: 'It went well.',
  201: 'It was created.',
  202: 'It was taken, and is done soon.',
  204: 'It went well; the answer has no body.',
  400: 'The request is malformed or holds something that is not valid; every fault is listed.',
  401: 'There is no token or API key, or it is not (or no longer) valid.',
  403: 'Known, but not allowed.',
  404: 'There is no such thing, or none that the caller may know of.',
  409: 'It contradicts what is there.',
  413: 'The body is larger than 100 KiB.',
  429: 'Too many requests; `Retry-After` says how many seconds to wait.',
  503: 'It cannot work at the moment.',
};

/** Documents a route: what it does, what it answers (`bare`: as it is, without the envelope), and how it can fail. */
export function Answers(
  summary: string,
  data?: z.ZodType | { pageOf: z.ZodType } | { bare: z.ZodType } | undefined,
  failures: number[] = [],
  status = 200,
): MethodDecorator {
  const schema = schemaOf(data);
  return applyDecorators(
    ApiOperation({ summary }),
    ApiResponse({ status, description: MEANING[status]!, ...(status !== 204 && { standardSchema: schema }) }),
    ApiResponse({
      status: 'default',
      description: 'Anything else that goes wrong.',
      standardSchema: Failure,
    }),
    ...failures.map(failure),
  );
}

const failure = (status: number) =>
  ApiResponse({ status, description: MEANING[status]!, standardSchema: Failure });

/**
 * Documents a route that needs a token or an API key: without one it is a 401, with both a 400, and a 403 while the
 * account has to change its password.
 */
export const NeedsToken = () =>
  applyDecorators(ApiBearerAuth('token'), ApiSecurity('key'), failure(400), failure(401), failure(403));

function schemaOf(data: z.ZodType | { pageOf: z.ZodType } | { bare: z.ZodType } | undefined): z.ZodType {
  if (data === undefined) return Done;
  if ('pageOf' in data) return pageOf(data.pageOf);
  return 'bare' in data ? data.bare : successOf(data);
}

/** Serves the description of the API at `/openapi.json` and a page to read it at `/docs`, from our own files alone. */
export function serveDocs(app: NestFastifyApplication): void {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.0.3')
    .setTitle('Kronus')
    .setDescription('Checks that people are alive and well, and acts when they are not.')
    .setVersion(build.version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'token')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Api-Key' }, 'key')
    .build();
  const describe = () =>
    withLimits(SwaggerModule.createDocument(app, description, { standardSchemaConverter: inlineQuery }));
  SwaggerModule.setup('docs', app, describe, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Kronus API',
  });
}

/** Adds to every route that is limited how it answers then. */
function withLimits(document: OpenAPIObject): OpenAPIObject {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } };
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods) as [
      string,
      OpenAPIObject['paths'][string]['get'] & object,
    ][]) {
      if (kindOf(method.toUpperCase(), path) === 'never') continue;
      const headers = {
        'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } },
      } as const;
      operation.responses['429'] = { description: MEANING[429]!, headers, content };
    }
  }
  return document;
}

/** Parameters of a query are listed one by one, which a reference to a named schema would prevent. */
function inlineQuery(schema: unknown): { schema: unknown } | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const { id } = schema.meta() ?? {};
  if (!id?.endsWith('Query')) return undefined;
  const { $defs, definitions, $ref, ...own } = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' });
  const named = (definitions ?? $defs) as Record<string, object> | undefined;
  return { schema: $ref ? named?.[id] : own };
}
