// The part of canister/darkroom.did that the scripts use.

const visibility = (IDL) => IDL.Variant({ public: IDL.Null, private: IDL.Null });
const error = (IDL) => IDL.Record({ code: IDL.Text, message: IDL.Text, retryable: IDL.Bool });
const result = (IDL, ok) => IDL.Variant({ Ok: ok, Err: error(IDL) });
const asset = (IDL) =>
  IDL.Record({ name: IDL.Text, sha256: IDL.Vec(IDL.Nat8), size: IDL.Nat64, chunks: IDL.Nat32 });
const item = (IDL) => IDL.Record({ id: IDL.Text, state: IDL.Text, assets: IDL.Vec(asset(IDL)) });
const range = (IDL) => IDL.Record({ start: IDL.Nat32, end: IDL.Nat32 });
const stage = (IDL) =>
  IDL.Record({
    asset: IDL.Text,
    processor: IDL.Text,
    source: IDL.Opt(IDL.Text),
    placement: IDL.Opt(IDL.Variant({ client: IDL.Null, canister: IDL.Null })),
    storage: IDL.Opt(IDL.Variant({ inline: IDL.Null, chunks: IDL.Null })),
    params: IDL.Opt(IDL.Text),
  });
const lane = (IDL) => IDL.Record({ name: IDL.Text, stages: IDL.Vec(stage(IDL)) });
const pipeline = (IDL) => IDL.Record({ name: IDL.Text, lanes: IDL.Vec(lane(IDL)) });

export const idlFactory = ({ IDL }) =>
  IDL.Service({
    begin_upload: IDL.Func(
      [
        IDL.Record({
          pipeline: IDL.Opt(IDL.Text),
          file_name: IDL.Text,
          media_type: IDL.Text,
          size: IDL.Nat64,
          sha256: IDL.Opt(IDL.Vec(IDL.Nat8)),
          visibility: IDL.Opt(visibility(IDL)),
          idempotency_key: IDL.Opt(IDL.Text),
        }),
      ],
      [
        result(
          IDL,
          IDL.Record({
            item: IDL.Text,
            session: IDL.Nat64,
            chunk_size: IDL.Nat32,
            coverage: IDL.Vec(range(IDL)),
          }),
        ),
      ],
      [],
    ),
    put_chunk: IDL.Func(
      [
        IDL.Record({
          session: IDL.Nat64,
          index: IDL.Nat32,
          bytes: IDL.Vec(IDL.Nat8),
          sha256: IDL.Vec(IDL.Nat8),
        }),
      ],
      [result(IDL, IDL.Record({ present: IDL.Nat32, total: IDL.Nat32 }))],
      [],
    ),
    finish_upload: IDL.Func(
      [IDL.Nat64],
      [result(IDL, IDL.Record({ done: IDL.Bool, item: item(IDL) }))],
      [],
    ),
    get_chunk: IDL.Func(
      [IDL.Record({ item: IDL.Text, asset: IDL.Text, index: IDL.Nat32 })],
      [result(IDL, IDL.Vec(IDL.Nat8))],
      ["query"],
    ),
    item: IDL.Func([IDL.Text], [result(IDL, item(IDL))], ["query"]),
    pipelines: IDL.Func([], [IDL.Vec(pipeline(IDL))], ["query"]),
  });

// The init arguments with one pipeline, that of pipelines.toml.
export const initArgs = (IDL) =>
  IDL.Opt(
    IDL.Record({
      pipelines: IDL.Opt(IDL.Vec(pipeline(IDL))),
      access: IDL.Opt(IDL.Variant({ controllers: IDL.Null, authenticated: IDL.Null })),
    }),
  );
export const files = {
  name: "files",
  lanes: [
    {
      name: "original",
      stages: [
        { asset: "original", processor: "original", source: [], placement: [], storage: [], params: [] },
      ],
    },
  ],
};

// Uploads bytes in chunks and gives the item once it is finished; `actor` is any actor of the interface.
export async function upload(actor, bytes, sha256) {
  const ok = (answer) => {
    if (answer.Err) throw new Error(`${answer.Err.code}: ${answer.Err.message}`);
    return answer.Ok;
  };
  const begun = ok(
    await actor.begin_upload({
      pipeline: ["files"],
      file_name: "random.bin",
      media_type: "application/octet-stream",
      size: BigInt(bytes.length),
      sha256: [sha256(bytes)],
      visibility: [],
      idempotency_key: [],
    }),
  );
  for (let index = 0; index * begun.chunk_size < bytes.length; index++) {
    const chunk = bytes.slice(index * begun.chunk_size, (index + 1) * begun.chunk_size);
    ok(await actor.put_chunk({ session: begun.session, index, bytes: chunk, sha256: sha256(chunk) }));
  }
  const finished = ok(await actor.finish_upload(begun.session));
  const [original] = finished.item.assets;
  const read = [];
  for (let index = 0; index < original.chunks; index++) {
    read.push(Buffer.from(ok(await actor.get_chunk({ item: finished.item.id, asset: "original", index }))));
  }
  return { item: finished.item, sha256: Buffer.from(original.sha256), read: Buffer.concat(read) };
}
