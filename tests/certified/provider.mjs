// A certified OpenID provider on loopback over HTTPS, with what its log would count.
//
// Arguments: a PEM file with certificate and key, and the clients as JSON. The first line of the
// output that begins with { names the port. PUT /__instead {path, status, body, headers} has a path
// answer something else, PUT /__instead {} ends it; GET /__refused gives and forgets what was refused.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const [pem, clients] = process.argv.slice(2);
const key = readFileSync(pem);
const refused = [];
let instead = {};
let answer;

const body = async (request) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
};

const server = createServer({ key, cert: key }, async (request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/__instead') {
    instead = JSON.parse(await body(request));
    response.end();
  } else if (path === '/__refused') {
    response.end(JSON.stringify(refused.splice(0)));
  } else if (path === instead.path) {
    response.writeHead(instead.status, instead.headers ?? {}).end(instead.body ?? '');
  } else {
    await answer(request, response);
  }
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`https://127.0.0.1:${port}`, { clients: JSON.parse(clients) });
  // A missing person or code is no refusal of the client; everything else is.
  const expected = new Set(['login_required', 'invalid_grant']);
  for (const event of ['authorization.error', 'grant.error', 'server_error']) {
    provider.on(event, (_, error) => {
      if (!expected.has(error.error)) refused.push(`${event} ${error.error ?? error.name}`);
    });
  }
  answer = provider.callback();
  console.log(JSON.stringify({ port }));
});
