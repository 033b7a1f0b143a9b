/** Arbitrary values that a zod schema accepts, so that generated data can't fall behind the schema. */
import fc from 'fast-check';
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The most items of a list whose schema gives no limit. */
const LENGTH = 4;
/** Names in free records: not such as JSON and JavaScript disagree about. */
const KEY = /^[a-z][a-zA-Z0-9]{0,8}$/;

/** What `JSON.parse` gives back as it was: no -0. */
const number = (schema: JsonSchema): fc.Arbitrary<number> =>
  fc
    .double({
      ...(schema.minimum === undefined ? {} : { min: schema.minimum }),
      ...(schema.maximum === undefined ? {} : { max: schema.maximum }),
      noNaN: true,
      noDefaultInfinity: true,
    })
    .map((value) => (value === 0 ? 0 : value));

function text(schema: JsonSchema): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 100, pattern } = schema;
  const fits = (value: string): boolean => value.length >= minLength && value.length <= maxLength;
  return pattern === undefined
    ? fc.string({ minLength, maxLength: Math.min(100, maxLength), unit: 'grapheme' }).filter(fits)
    : fc.stringMatching(new RegExp(pattern), { maxLength: Math.min(100, maxLength) }).filter(fits);
}

function object(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { properties, additionalProperties, propertyNames, required = [] } = schema;
  if (properties === undefined && typeof additionalProperties === 'object') {
    const names = typeof propertyNames === 'object' ? propertyNames.enum : undefined;
    if (names !== undefined)
      return object({
        properties: Object.fromEntries(names.map((name) => [String(name), additionalProperties])),
        required,
      });
    const keys = typeof propertyNames === 'object' && propertyNames.pattern !== undefined;
    return fc.dictionary(
      keys ? text(propertyNames) : fc.stringMatching(KEY),
      arbitraryOf(additionalProperties),
      { maxKeys: LENGTH, noNullPrototype: true },
    );
  }
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [
    name,
    arbitraryOf(field as JsonSchema),
  ]);
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys: required,
    noNullPrototype: true,
  });
}

function arbitraryOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const any = schema.anyOf ?? schema.oneOf;
  if (any !== undefined) return fc.oneof(...any.map((one) => arbitraryOf(one)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (Array.isArray(schema.type))
    return fc.oneof(...(schema.type as JsonSchema['type'][]).map((type) => arbitraryOf({ ...schema, type })));
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'object':
      return object(schema);
    case 'array':
      return fc.array(arbitraryOf(schema.items as JsonSchema), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(LENGTH, schema.maxItems ?? LENGTH),
      });
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer({
        min: schema.minimum ?? -(2 ** 40),
        max: Math.min(schema.maximum ?? 2 ** 40, 2 ** 40),
      });
    case 'number':
      return number(schema);
    case 'boolean':
      return fc.boolean();
    default:
      throw new Error(`from-schema.ts can't make ${JSON.stringify(schema)} yet`);
  }
}

/** Every value fits the schema; fields with a default are left out now and then. */
export function fromSchema<T extends z.ZodType>(schema: T): fc.Arbitrary<z.input<T>> {
  return arbitraryOf(z.toJSONSchema(schema, { io: 'input', reused: 'inline' })) as fc.Arbitrary<z.input<T>>;
}
