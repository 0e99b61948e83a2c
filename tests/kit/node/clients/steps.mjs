// What a TypeScript client is made to do, whichever release it is. The test writes what it wants as one JSON argument;
// results, and wishes that it grants, are lines of JSON. tests/e2e/clients/plan.py says what must come of each step.
import { createInterface } from 'node:readline';

export const given = JSON.parse(process.argv[2]);
const WITHIN = 15_000;

const say = said => process.stdout.write(`${JSON.stringify(said)}\n`);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function want(what, details = {}) {
  say({ want: what, ...details });
  return JSON.parse((await answers.next()).value);
}

function within(doing) {
  let timer;
  const late = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`nothing within ${WITHIN} ms`)), WITHIN);
  });
  return Promise.race([doing, late]).finally(() => clearTimeout(timer));
}

async function step(name, doing) {
  if (given.skip.includes(name)) return;
  try {
    say({ step: name, got: await within(doing()) });
  } catch (error) {
    say({ step: name, failed: `${error?.name}: ${error?.message}` });
  }
}

async function pages(list, members) {
  const found = [];
  let cursor;
  do {
    const page = await list(cursor === undefined ? {} : { cursor });
    found.push(...page[members]);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

const called = ([name, args]) => ({ name, arguments: args });

// `connect({ elicit, changed })` gives a connected client: `elicit` answers questions, `changed` hears of new tools.
// `call(client, params, options)` is its callTool, `revision(client)` what was agreed on.
export async function drive({ connect, call, revision }) {
  async function connected(options, doing) {
    const client = await connect(options);
    try {
      return await doing(client);
    } finally {
      await client.close();
    }
  }

  const tools = async client => (await pages(page => client.listTools(page), 'tools')).map(tool => tool.name);

  async function progress(client) {
    const reported = [];
    const onprogress = ({ progress, total }) => reported.push([progress, total]);
    const result = await call(client, called(given.progress), { onprogress });
    return { reported, result };
  }

  async function cancelled(client) {
    const leave = new AbortController();
    let began;
    const beginning = new Promise(resolve => (began = resolve));
    const calling = call(client, called(given.cancelled), { onprogress: () => began(), signal: leave.signal });
    const over = calling.catch(() => undefined);
    await beginning;
    const before = await want('open', { until: 1 });
    leave.abort();
    await over;
    return { before, after: await want('open', { until: 0 }) };
  }

  async function template(client) {
    const templates = await pages(page => client.listResourceTemplates(page), 'resourceTemplates');
    const read = await client.readResource({ uri: given.template });
    return { templates: templates.map(one => one.uriTemplate), ...read };
  }

  async function prompt(client) {
    const listed = await pages(page => client.listPrompts(page), 'prompts');
    return { listed: listed.map(one => one.name), ...(await client.getPrompt(called(given.prompt))) };
  }

  async function asking(action) {
    const asked = [];
    const elicit = ({ params }) => {
      asked.push(params.message);
      const content = Object.fromEntries(Object.keys(params.requestedSchema.properties).map(key => [key, true]));
      return action === 'accept' ? { action, content } : { action };
    };
    const result = await connected({ elicit }, client => call(client, called(given.confirm), {}));
    return { asked, id: given.confirm[1].id, result };
  }

  async function changed() {
    let told;
    const telling = new Promise(resolve => (told = resolve));
    return await connected({ changed: told }, async client => {
      const before = await tools(client);
      await want('change');
      await within(telling);
      return [before, await tools(client)];
    });
  }

  async function granted(client) {
    await want('approve');
    const once = await call(client, called(given.confirm), {});
    return [once, await call(client, called(given.confirm), {})];
  }

  await connected({}, async client => {
    say({ revision: revision(client) });
    await step('tools', () => tools(client));
    await step('call', () => call(client, called(given.call), {}));
    await step('image', () => call(client, called(given.image), {}));
    await step('error', () => call(client, called(given.error), {}));
    await step('text', () => client.readResource({ uri: given.text }));
    await step('binary', () => client.readResource({ uri: given.binary }));
    await step('template', () => template(client));
    await step('prompt', () => prompt(client));
    await step('progress', () => progress(client));
    await step('cancelled', () => cancelled(client));
    await step('refused', () => call(client, called(given.confirm), {}));
    await step('granted', () => granted(client));
  });
  await step('accepted', () => asking('accept'));
  await step('declined', () => asking('decline'));
  await step('changed', changed);
  process.stdin.destroy();
}
