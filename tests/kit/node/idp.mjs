// An OpenID provider for tests: `node idp.mjs PORT` (0 takes a free one), a JSON text per line in and out.
//
// In:  first the configuration, later more of it: {resources, claims, clients, documents, lifetimes}; the last two and
//      `clients` count only in the first line. It ends when its input does.
// Out: {url} when it is ready, then for each further line {requests: {path: count}}.
//
// resources: {indicator: {scopes, accessTokenFormat?, audience?, alg?, lifetime?}}, what RFC 8707's `resource` may name.
// claims:    {person or client: {...}} goes into that subject's tokens; a person not named there can log in as well.
// documents: {url: {...}} is what the client identifiers that are URLs lead to, without a network.
// lifetimes: {AccessToken: seconds, ...} by the provider's own names of what expires.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { errors, Provider } from 'oidc-provider';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const EXPIRING = ['AccessToken', 'ClientCredentials', 'Grant', 'IdToken', 'Interaction', 'RefreshToken', 'Session'];
const KEYS = { rsa: ['rsa', { modulusLength: 2048 }], ec: ['ec', { namedCurve: 'P-256' }], ed: ['ed25519', {}] };

// It warns of what would be wrong in production.
console.warn = console.info = () => {};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { documents = {}, clients = [], lifetimes = {}, ...open } = JSON.parse((await lines.next()).value);
const resources = { ...open.resources };
const claims = { ...open.claims };
const requests = {};
const actors = new WeakMap();

const server = createServer();
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

// No key says its `alg`: that of RSA serves RS256 and PS256.
const keys = Object.entries(KEYS).map(([kid, [kind, options]]) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
  kid,
}));
const published = createLocalJWKSet({ keys: keys.map(({ d, p, q, dp, dq, qi, ...key }) => key) });

function served(indicator) {
  const resource = resources[indicator];
  if (!resource) throw new errors.InvalidTarget();
  return {
    scope: resource.scopes.join(' '),
    audience: resource.audience ?? indicator,
    accessTokenFormat: resource.accessTokenFormat ?? 'jwt',
    accessTokenTTL: resource.lifetime ?? undefined,
    jwt: { sign: { alg: resource.alg ?? 'RS256' } },
  };
}

const lifetime = (name, model) => model.resourceServer?.accessTokenTTL ?? lifetimes[name] ?? 3600;

// A client that names no redirection is a machine.
function completed({ redirect_uris = [], ...client }) {
  const machine = { response_types: [], grant_types: ['client_credentials'] };
  return { ...(redirect_uris.length ? {} : machine), redirect_uris, ...client };
}

const provider = new Provider(issuer, {
  clients: clients.map(completed),
  clientBasedCORS: () => false,
  cookies: { keys: ['tests'] },
  jwks: { keys },
  scopes: ['openid', 'offline_access'],
  claims: { openid: ['sub', 'groups', 'tenant'] },
  pkce: { required: () => true },
  ttl: Object.fromEntries(EXPIRING.map((name) => [name, (ctx, model) => lifetime(name, model)])),
  features: {
    clientCredentials: { enabled: true },
    clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
    devInteractions: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientAuthMethod !== 'none' },
    registration: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo: (ctx, indicator) => served(indicator) },
    revocation: { enabled: true, allowedPolicy: (ctx, client, token) => client.clientId === token.clientId },
  },
  fetch: async (url) => (documents[url] ? Response.json(documents[url]) : new Response('', { status: 404 })),
  findAccount: (ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...claims[accountId] }) }),
  extraTokenClaims: (ctx, token) => ({ ...claims[token.accountId ?? token.clientId], ...actors.get(token) }),
  renderError: (ctx, out) => {
    ctx.body = out;
  },
});

// RFC 7591 section 3.2.1: the server may replace what a client asked for. The scope it asked for when it registered would
// bound what it can ever ask for, and a client that steps up asks for more later.
provider.use(async (ctx, next) => {
  requests[ctx.path] = (requests[ctx.path] ?? 0) + 1;
  if (ctx.method === 'POST' && ctx.path === '/reg') {
    const { scope, ...client } = await json(ctx.req);
    ctx.req.body = client;
  }
  await next();
});

// What the token says of its subject; nothing of a token that is not ours, or not valid any more.
async function read(token) {
  const kept = (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
  if (kept) return { sub: kept.accountId ?? kept.clientId, act: kept.extra?.act };
  const options = { issuer, typ: 'at+jwt' };
  return jwtVerify(token, published, options).then(({ payload }) => payload, () => undefined);
}

// RFC 8693: a token for the same subject at another resource; its actor is the client, or the subject of `actor_token`.
async function exchange(ctx) {
  const { params, client } = ctx.oidc;
  if (params.subject_token_type !== ACCESS_TOKEN) throw new errors.InvalidRequest('unsupported subject_token_type');
  const subject = await read(params.subject_token);
  const actor = params.actor_token ? await read(params.actor_token) : { sub: client.clientId };
  if (!subject || !actor) throw new errors.InvalidRequest('a token is not valid');

  const named = (indicator) => indicator === params.resource || served(indicator).audience === params.audience;
  const target = Object.keys(resources).find(named);
  const resource = new provider.ResourceServer(target, served(target));
  const asked = params.scope?.split(' ') ?? [...resource.scopes];
  if (!asked.every((scope) => resource.scopes.has(scope))) throw new errors.InvalidScope('unknown scope', params.scope);

  const issued = { gty: 'token_exchange', scope: asked.join(' ') };
  const token = new provider.AccessToken({ accountId: subject.sub, client, ...issued });
  token.resourceServer = resource;
  actors.set(token, { act: { sub: actor.sub, ...(subject.act && { act: subject.act }) } });
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: ACCESS_TOKEN,
    token_type: 'Bearer',
    expires_in: token.expiration,
    scope: token.scope,
  };
}

const parameters = ['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type'];
provider.registerGrantType(EXCHANGE, exchange, [...parameters, 'audience', 'resource', 'scope']);
provider.on('server_error', (ctx, error) => process.stderr.write(`${error.stack}\n`));

server.on('request', provider.callback());
say({ url: issuer });
for await (const line of lines) {
  const more = JSON.parse(line);
  Object.assign(resources, more.resources);
  Object.assign(claims, more.claims);
  say({ requests });
}
process.exit();
