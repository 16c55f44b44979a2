// PocketIC's JavaScript client starts the server itself and runs a small suite.
// Usage: POCKET_IC_BIN=... DARKROOM_WASM=... node --test pic.test.mjs

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { files, idlFactory, initArgs, upload } from "./interface.mjs";

const require = createRequire(import.meta.url);
const { PocketIc, PocketIcServer, createIdentity } = require("@dfinity/pic");
// Its own version of the SDK, which it expects types of.
const { IDL } = createRequire(require.resolve("@dfinity/pic"))("@icp-sdk/core/candid");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

const wasm = process.env.DARKROOM_WASM;
const owner = createIdentity("owner");
const sender = owner.getPrincipal();
const stranger = createIdentity("stranger");

let server;
let pic;
let canisterId;
let actor;

before(async () => {
  server = await PocketIcServer.start();
});

after(() => server.stop());

beforeEach(async () => {
  pic = await PocketIc.create(server.getUrl());
  const arg = IDL.encode([initArgs(IDL)], [[{ pipelines: [[files]], access: [] }]]);
  ({ canisterId, actor } = await pic.setupCanister({ idlFactory, wasm, sender, arg, controllers: [sender] }));
  actor.setIdentity(owner);
});

afterEach(() => pic.tearDown());

test("what is uploaded is read back, also after an upgrade", async () => {
  assert.equal((await actor.pipelines())[0].name, "files");
  const bytes = randomBytes(300_000);
  const stored = await upload(actor, bytes, sha256);
  assert.ok(stored.sha256.equals(sha256(bytes)));
  assert.ok(stored.read.equals(bytes));
  await pic.upgradeCanister({ canisterId, wasm, sender });
  assert.equal((await actor.item(stored.item.id)).Ok.state, "published");
});

test("a reinstallation forgets", async () => {
  const { item } = await upload(actor, randomBytes(1_000), sha256);
  const arg = IDL.encode([initArgs(IDL)], [[{ pipelines: [[files]], access: [] }]]);
  await pic.reinstallCode({ canisterId, wasm, sender, arg });
  assert.equal((await actor.item(item.id)).Err.code, "item_not_found");
});

test("time is the client's", async () => {
  const noon = new Date("2027-01-01T12:00:00Z");
  await pic.setTime(noon);
  await pic.tick();
  assert.ok((await pic.getTime()) >= noon.getTime());
  await pic.advanceTime(60_000);
  await pic.tick(2);
  assert.ok((await pic.getTime()) >= noon.getTime() + 60_000);
});

test("stopped, it takes no calls; started, it does again", async () => {
  await pic.stopCanister({ canisterId, sender });
  await assert.rejects(actor.pipelines());
  assert.deepEqual(Object.keys((await pic.canisterStatus({ canisterId, sender })).status), ["stopped"]);
  await pic.startCanister({ canisterId, sender });
  assert.equal((await actor.pipelines()).length, 1);
});

test("strangers may not upload, nor stop it", async () => {
  actor.setIdentity(stranger);
  await assert.rejects(upload(actor, randomBytes(1_000), sha256), /forbidden/);
  await assert.rejects(pic.stopCanister({ canisterId, sender: stranger.getPrincipal() }));
});

test("settings, cycles and the subnet are told", async () => {
  await pic.updateCanisterSettings({ canisterId, sender, controllers: [sender, stranger.getPrincipal()] });
  const controllers = await pic.getControllers(canisterId);
  assert.deepEqual(
    controllers.map(String).sort(),
    [sender, stranger.getPrincipal()].map(String).sort(),
  );
  const before = await pic.getCyclesBalance(canisterId);
  assert.ok((await pic.addCycles(canisterId, 5_000_000_000_000n)) > before);
  const [subnet] = await pic.getApplicationSubnets();
  assert.equal(String(await pic.getCanisterSubnetId(canisterId)), String(subnet.id));
  assert.ok((await pic.getPubKey(subnet.id)).length > 96);
});

test("stable memory is read and written from outside", async () => {
  const empty = await pic.createCanister({ sender });
  const bytes = randomBytes(65_536);
  // A module with nothing in it.
  await pic.installCode({ canisterId: empty, sender, wasm: Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0) });
  await pic.setStableMemory(empty, bytes);
  assert.ok(Buffer.from(await pic.getStableMemory(empty)).equals(bytes));
});

test("calls with raw arguments, and the reject of one that does not exist", async () => {
  const arg = IDL.encode([], []);
  const reply = await pic.queryCall({ canisterId, method: "pipelines", arg, sender });
  assert.equal(Buffer.from(reply.slice(0, 4)).toString(), "DIDL");
  await assert.rejects(pic.updateCall({ canisterId, method: "nothing", arg, sender }), /no update method 'nothing'/);
});

test("a live instance keeps the clock and serves the interface of the Internet Computer", async () => {
  const port = await pic.makeLive();
  assert.ok(port > 0);
  const status = await fetch(`http://127.0.0.1:${port}/api/v2/status`);
  assert.equal(status.status, 200);
  const started = await pic.getTime();
  assert.ok(Math.abs(Date.now() - started) < 3_600_000, "the clock of the machine");
  await pic.stopLive();
});
