// The first release of the TypeScript SDK: the revisions before 2026-07-28, with a session.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { drive, given } from './steps.mjs';

function transport() {
  if (given.command === undefined) return new StreamableHTTPClientTransport(new URL(given.url));
  const [command, ...args] = given.command;
  return new StdioClientTransport({ command, args, env: given.env, stderr: 'ignore' });
}

// Whatever the transport or the server was told of the agreed revision, which the client itself does not tell.
function observed(transport) {
  const agreed = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = version => {
    transport.agreed = version;
    agreed?.(version);
  };
  return transport;
}

await drive({
  async connect({ elicit, changed }) {
    const client = new Client(
      { name: 'legacy', version: '1' },
      {
        capabilities: elicit ? { elicitation: {} } : {},
        listChanged: changed ? { tools: { autoRefresh: false, onChanged: () => changed() } } : undefined,
      },
    );
    if (elicit) client.setRequestHandler(ElicitRequestSchema, async request => elicit(request));
    await client.connect(observed(transport()));
    return client;
  },
  call: (client, params, options) => client.callTool(params, undefined, options),
  revision: client => client.transport.agreed,
});
