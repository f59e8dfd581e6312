// bluesky_net.js: a whole network of Bluesky's on loopback: PDS, AppView, PLC. Ports
// from BASE_PORT on; says "up" on stdout. `npm i @atproto/dev-env` is beside it.
const { TestNetwork } = require('@atproto/dev-env');

const base = Number(process.env.BASE_PORT);

async function main() {
  const network = await TestNetwork.create({
    dbPostgresUrl: process.env.DB_POSTGRES_URL,
    dbPostgresSchema: 'bsky',
    introspect: { port: base },
    plc: { port: base + 1 },
    pds: { port: base + 2, hostname: 'localhost', enableDidDocWithSession: true },
    bsky: { port: base + 3, publicUrl: `http://localhost:${base + 3}`, dbPostgresSchema: 'bsky' },
    ozone: { port: base + 6 },
  });
  console.log('up');
  for (;;) {
    await network.processAll().catch((e) => console.error('processAll', e.message));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
