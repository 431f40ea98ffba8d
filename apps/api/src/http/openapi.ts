import { applyDecorators } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiOperation,
  ApiResponse,
  ApiSecurity,
  DocumentBuilder,
  SwaggerModule,
} from '@nestjs/swagger';
import { z } from 'zod';
import { Done, Failure, pageOf, successOf } from '#libs/contract/errors';

const MEANING: Record<number, string> = {
  200: 'It went well.',
  201: 'It was created.',
  204: 'It went well; the answer has no body.',
  400: 'The request is malformed or holds something that is not valid; every fault is listed.',
  401: 'There is no token or API key, or it is not (or no longer) valid.',
  403: 'Known, but not allowed.',
  404: 'There is no such thing, or none that the caller may know of.',
  409: 'It contradicts what is there.',
  413: 'The body is larger than 100 KiB.',
  503: 'It cannot work at the moment.',
};

/** Documents a route: what it does, what it answers, and how it can fail. */
export function Answers(
  summary: string,
  data?: z.ZodType | { pageOf: z.ZodType } | undefined,
  failures: number[] = [],
  status = 200,
): MethodDecorator {
  const schema = data === undefined ? Done : 'pageOf' in data ? pageOf(data.pageOf) : successOf(data);
  return applyDecorators(
    ApiOperation({ summary }),
    ApiResponse({ status, description: MEANING[status]!, ...(status !== 204 && { standardSchema: schema }) }),
    ApiResponse({
      status: 'default',
      description: 'Anything else that goes wrong.',
      standardSchema: Failure,
    }),
    ...failures.map((each) =>
      ApiResponse({ status: each, description: MEANING[each]!, standardSchema: Failure }),
    ),
  );
}

/** Documents a route that needs a token or an API key. */
export const NeedsToken = () => applyDecorators(ApiBearerAuth('token'), ApiSecurity('key'));

/** Serves the description of the API at `/openapi.json` and a page to read it at `/docs`, from our own files alone. */
export function serveDocs(app: NestFastifyApplication): void {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.0.3')
    .setTitle('Kronus')
    .setDescription('Checks that people are alive and well, and acts when they are not.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'token')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-Api-Key' }, 'key')
    .build();
  const describe = () =>
    SwaggerModule.createDocument(app, description, { standardSchemaConverter: inlineQuery });
  SwaggerModule.setup('docs', app, describe, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Kronus API',
  });
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
