// The JavaScript agent against a network: an upload, reads, and certificates that it verifies itself.
// Usage: node agent.mjs URL CANISTER

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Actor, Certificate, HttpAgent, lookupResultToBuffer } from "@icp-sdk/core/agent";
import { Ed25519KeyIdentity } from "@icp-sdk/core/identity";
import { Secp256k1KeyIdentity } from "@icp-sdk/core/identity/secp256k1";
import { Principal } from "@icp-sdk/core/principal";
import { idlFactory, upload } from "./interface.mjs";

const [host, canister] = process.argv.slice(2);
const canisterId = Principal.fromText(canister);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

// Updates come back with certificates and queries with node signatures: the agent verifies both, against the
// root key that it fetches first.
for (const identity of [Ed25519KeyIdentity.generate(), Secp256k1KeyIdentity.generate()]) {
  const agent = await HttpAgent.create({ host, identity, shouldFetchRootKey: true, verifyQuerySignatures: true });
  const actor = Actor.createActor(idlFactory, { agent, canisterId });
  const bytes = randomBytes(2_500_000);
  const stored = await upload(actor, bytes, sha256);
  assert.equal(stored.item.state, "published");
  assert.ok(stored.sha256.equals(sha256(bytes)), "the canister's SHA-256");
  assert.ok(stored.read.equals(bytes), "the bytes read back");

  const response = await fetch(`${host}/${stored.item.id}/original?canisterId=${canister}`);
  assert.equal(response.status, 200);
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes), "the bytes over HTTP");

  // A refusal is an answer, a call of nothing a reject.
  assert.equal((await actor.item("aaaaaaaaaaaaaaaa")).Err.code, "item_not_found");
  await assert.rejects(agent.query(canisterId, { methodName: "nothing", arg: new Uint8Array() }).then((answer) => {
    if (answer.status === "rejected") throw new Error(answer.reject_message);
  }), /no query method 'nothing'/);
}

// A certificate of the state, checked by hand; and against another key, which must fail.
const agent = await HttpAgent.create({ host, shouldFetchRootKey: true });
const encode = (text) => new TextEncoder().encode(text);
const path = [encode("canister"), canisterId.toUint8Array(), encode("module_hash")];
const { certificate } = await agent.readState(canisterId, { paths: [path] });
const principal = { canisterId };
const verified = await Certificate.create({ certificate, rootKey: agent.rootKey, principal });
const hash = lookupResultToBuffer(verified.lookup_path(path));
assert.equal(hash.length, 32);
assert.equal(verified.lookup_path([encode("canister"), canisterId.toUint8Array(), encode("no")]).status, "Absent");
const otherKey = Uint8Array.from(agent.rootKey);
otherKey[otherKey.length - 1] ^= 1;
await assert.rejects(Certificate.create({ certificate, rootKey: otherKey, principal }));
console.log(`agent.mjs: ok, module ${Buffer.from(hash).toString("hex")}`);
