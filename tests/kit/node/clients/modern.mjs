// The second release of the TypeScript SDK, a package for clients: 2026-07-28, which it agrees on by asking first.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { drive, given } from './steps.mjs';

function transport() {
  if (given.command === undefined) return new StreamableHTTPClientTransport(new URL(given.url));
  const [command, ...args] = given.command;
  return new StdioClientTransport({ command, args, env: given.env, stderr: 'ignore' });
}

await drive({
  async connect({ elicit, changed }) {
    const client = new Client(
      { name: 'modern', version: '1' },
      {
        capabilities: elicit ? { elicitation: {} } : {},
        versionNegotiation: { mode: given.mode },
        listChanged: changed ? { tools: { autoRefresh: false, onChanged: () => changed() } } : undefined,
      },
    );
    if (elicit) client.setRequestHandler('elicitation/create', async request => elicit(request));
    await client.connect(transport());
    return client;
  },
  call: (client, params, options) => client.callTool(params, options),
  revision: client => client.getNegotiatedProtocolVersion(),
});
