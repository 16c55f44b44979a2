// PocketIC's JavaScript client starts the server itself and runs a small suite.
// Usage: POCKET_IC_BIN=... DARKROOM_WASM=... node --test pic.test.mjs

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { test } from "node:test";
import { files, idlFactory, initArgs, upload } from "./interface.mjs";

const require = createRequire(import.meta.url);
const { PocketIc, PocketIcServer, createIdentity } = require("@dfinity/pic");
// Its own version of the SDK, which it expects types of.
const { IDL } = createRequire(require.resolve("@dfinity/pic"))("@icp-sdk/core/candid");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

test("a canister lives on the server", async () => {
  const server = await PocketIcServer.start();
  const pic = await PocketIc.create(server.getUrl());
  try {
    const owner = createIdentity("owner");
    const sender = owner.getPrincipal();
    const arg = IDL.encode([initArgs(IDL)], [[{ pipelines: [[files]], access: [] }]]);
    const { canisterId, actor } = await pic.setupCanister({
      idlFactory, wasm: process.env.DARKROOM_WASM, sender, arg, controllers: [sender],
    });
    actor.setIdentity(owner);
    assert.equal((await actor.pipelines())[0].name, "files");

    const bytes = randomBytes(300_000);
    const stored = await upload(actor, bytes, sha256);
    assert.ok(stored.sha256.equals(sha256(bytes)));
    assert.ok(stored.read.equals(bytes));

    // An upgrade keeps it.
    await pic.upgradeCanister({ canisterId, wasm: process.env.DARKROOM_WASM, sender });
    assert.equal((await actor.item(stored.item.id)).Ok.state, "published");

    // Time is the client's.
    const before = await pic.getTime();
    await pic.advanceTime(60_000);
    await pic.tick();
    assert.ok((await pic.getTime()) >= before + 60_000);

    // Stopped, it takes no calls; started, it does again.
    await pic.stopCanister({ canisterId, sender });
    await assert.rejects(actor.pipelines());
    await pic.startCanister({ canisterId, sender });
    assert.equal((await actor.pipelines()).length, 1);

    // Strangers may not upload, and may not stop it.
    actor.setIdentity(createIdentity("stranger"));
    await assert.rejects(upload(actor, bytes, sha256), /forbidden/);
    await assert.rejects(pic.stopCanister({ canisterId, sender: createIdentity("stranger").getPrincipal() }));
  } finally {
    await pic.tearDown();
    await server.stop();
  }
});
