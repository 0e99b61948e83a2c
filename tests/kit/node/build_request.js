// What swagger-client makes of an operation and values: one JSON text per line in, one per line out.
//
// In:  {id, spec, pathName, method, parameters, requestBody?, requestContentType?, baseURL}; {"$file": base64} is bytes.
// Out: {id, method, url, headers, body} or {id, error}; a form with files is {"$form": [[name, text or {"$file": base64}]]}.
'use strict';

const readline = require('node:readline');
const { buildRequest } = require('swagger-client');

// Warnings of ambiguous names would mix with the answers.
console.warn = console.log = () => {};

function revived(value) {
  if (Array.isArray(value)) return value.map(revived);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.$file === 'string') return new Blob([Buffer.from(value.$file, 'base64')]);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revived(member)]));
}

async function plain(value) {
  if (value instanceof Blob) return { $file: Buffer.from(await value.arrayBuffer()).toString('base64'), type: value.type };
  if (value instanceof FormData) {
    return { $form: await Promise.all([...value].map(async ([name, member]) => [name, await plain(member)])) };
  }
  return value;
}

async function answer(line) {
  const asked = JSON.parse(line);
  try {
    const { paths } = asked.spec;
    paths[asked.pathName][asked.method].operationId = 'asked';
    const request = buildRequest({
      spec: asked.spec,
      operationId: 'asked',
      parameters: revived(asked.parameters),
      requestBody: revived(asked.requestBody),
      requestContentType: asked.requestContentType,
      baseURL: asked.baseURL,
    });
    const { method, url, headers, body } = request;
    return { id: asked.id, method, url, headers, body: await plain(body) };
  } catch (error) {
    return { id: asked.id, error: String(error && error.message) };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
}

main();
