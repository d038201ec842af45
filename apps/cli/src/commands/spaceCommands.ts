/**
 * `syncline id`, `trust` and `hash`: what a data folder is, whom it trusts and what its records come to. They work beside a running
 * process, also on a hub's own folder.
 */
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { Journal, StateHash } from "@syncline/core"
import { DeviceKeyFile, TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { because, DeviceMissing } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import * as Progress from "../Progress.ts"

export const id = Effect.fnUntraced(function* (input: { readonly data: string }) {
  const output = yield* Output
  const peer = yield* Device.peerOf(input.data)
  yield* output.result({ peer, data: resolve(input.data) }, peer)
})

export interface TrustInput {
  readonly data: string
  readonly peer: string
  readonly isRemoving: boolean
}

export const trust = Effect.fnUntraced(function* (input: TrustInput) {
  const output = yield* Output
  const { data, isRemoving, peer } = input
  // A typing mistake in --data must not make a new folder with a list that nobody reads.
  if (!existsSync(DeviceKeyFile.keyFile(data))) return yield* because(new DeviceMissing({ folder: data }))
  const isChanged = yield* isRemoving ? TrustFile.remove(data, peer) : TrustFile.add(data, peer)
  const file = TrustFile.trustFile(data)
  const now = isRemoving ? "not trusted any more" : "trusted"
  const text = isChanged
    ? `${peer} is now ${now} by ${file}.`
    : `Nothing changed: ${peer} was ${isRemoving ? "not" : "already"} trusted.`
  yield* output.result({ peer, trusted: !isRemoving, changed: isChanged }, text)
  if (Device.isChartered(data, yield* DeviceFile.read(data))) {
    yield* output.note(`It counts for nothing where a charter says who is let in; there, use: ${command("member add")}`)
  }
})

export const hash = Effect.fnUntraced(function* (input: { readonly data: string }) {
  const output = yield* Output
  const {
    count,
    hash: state,
    space
  } = yield* Effect.gen(function* () {
    const journal = yield* Journal.Journal
    return { ...(yield* StateHash.compute()), space: journal.info.space }
  }).pipe(Effect.provide(Device.layerReading(input.data)))
  yield* output.result({ hash: state, count, space }, `${state}  ${Progress.counted(count, "record")}`)
})
