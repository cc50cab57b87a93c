// node-oidc-provider as its documentation has it, with request objects switched on.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { Provider } from 'oidc-provider';

const { values } = parseArgs({ options: { listen: { type: 'string' }, issuer: { type: 'string' }, config: { type: 'string' } } });
const { clients } = JSON.parse(readFileSync(values.config, 'utf8'));

const provider = new Provider(values.issuer, {
  clients,
  // Beside openid and offline_access.
  scopes: ['openid', 'offline_access', 'accounts'],
  clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
  features: {
    devInteractions: { enabled: false },
    pushedAuthorizationRequests: { enabled: true },
    requestObjects: { enabled: true },
  },
  routes: { pushed_authorization_request: '/authorize/par' },
});

const [host, port] = values.listen.split(':');
provider.listen(Number(port), host);
