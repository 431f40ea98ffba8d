import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { AppError } from '#libs/domain/errors';

/** Validates what a route declares a schema for, and hands on what the schema makes of it. @throws AppError validation */
@Injectable()
export class SchemaPipe implements PipeTransform {
  async transform(value: unknown, { schema, type }: ArgumentMetadata): Promise<unknown> {
    if (!schema) return value;
    const checked = schema['~standard'].validate(value);
    const result = checked instanceof Promise ? await checked : checked;
    if (!result.issues) return result.value;
    if (type === 'body' && value === undefined)
      throw new AppError('validation', 'the body must not be empty');
    throw new AppError('validation', [...new Set(result.issues.map((issue) => issue.message))]);
  }
}
