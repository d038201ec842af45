/**
 * `syncline key protect`, `unprotect`, `paper`, `restore` and `age`: the passphrase of a device's key, its name for programs that
 * speak age, and a key on paper for the day on which no device is left. A key on paper is a device like any other: it is let in once, and never changes hands.
 */
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { FileSeal } from "@syncline/core"
import { DeviceKeyFile } from "@syncline/node"
import { RecoveryWords } from "@syncline/core/pairing"
import { Effect, Redacted } from "effect"
import { because, DeviceMissing, UsageInvalid } from "../CliError.ts"
import * as Device from "../Device.ts"
import * as DeviceFile from "../DeviceFile.ts"
import * as FolderKey from "../FolderKey.ts"
import { command } from "../Invocation.ts"
import { Output } from "../Output.ts"
import { StandardStreams } from "../StandardStreams.ts"

interface Folder {
  readonly data: string
}

/** Never makes a key: a typing mistake in --data must not become a device. */
const present = Effect.fnUntraced(function* (folder: string) {
  if (!Device.hasKey(folder)) return yield* because(new DeviceMissing({ folder }))
})

export const protect = Effect.fnUntraced(function* ({
  data,
  newFile
}: Folder & { readonly newFile: string | undefined }) {
  const output = yield* Output
  yield* present(data)
  const passphrase = yield* FolderKey.choose(newFile)
  yield* FolderKey.withPassphrase(DeviceKeyFile.protect(data, passphrase))
  const file = DeviceKeyFile.keyFile(data)
  yield* output.result({ data: resolve(data), protected: true }, `${file} is under the passphrase now.`)
  yield* output.note(
    "Without it nobody, you included, is this device. Commands ask for it, or take it from the file that " +
      "SYNCLINE_PASSPHRASE_FILE names; a hub needs that file to start."
  )
})

export const unprotect = Effect.fnUntraced(function* ({ data }: Folder) {
  const output = yield* Output
  yield* present(data)
  yield* FolderKey.withPassphrase(DeviceKeyFile.protect(data, undefined))
  const text = `${DeviceKeyFile.keyFile(data)} is under no passphrase: whoever reads it is this device.`
  yield* output.result({ data: resolve(data), protected: false }, text)
})

/** Prints a new key once, keeps it nowhere, and says how to let it in. */
export const paper = Effect.fnUntraced(function* ({ data }: Folder) {
  const output = yield* Output
  yield* present(data)
  const seed = yield* DeviceKeyFile.draw
  const { peer } = DeviceKeyFile.deviceKey(seed)
  const words = RecoveryWords.toWords(Redacted.value(seed))
  yield* output.result({ peer, words }, inRows(words))
  yield* output.note(
    "Write these words down; they are shown once and kept nowhere. Whoever has them is the device\n" +
      `${peer}, as soon as it is let in:`
  )
  const device = yield* DeviceFile.read(data)
  const letIn = Device.isChartered(data, device)
    ? command(`device add <member> ${peer} --name paper`)
    : command(`trust ${peer}`)
  yield* output.note(`  ${letIn}\non the hub's machine, or on each device that shall know it. Later, on a new machine:`)
  yield* output.note(`  ${command("key restore --data <new folder>")}`)
})

/** The device for programs that speak age: whom a file is for, or what opens it. */
export const age = Effect.fnUntraced(function* ({ data, isSecretShown }: Folder & { readonly isSecretShown: boolean }) {
  const output = yield* Output
  yield* present(data)
  const seed = yield* FolderKey.load(data)
  const recipient = FileSeal.recipientOf(DeviceKeyFile.deviceKey(seed).peer) ?? null
  if (!isSecretShown) return yield* output.result({ recipient }, recipient ?? "none")
  const identity = FileSeal.identityOf(Redacted.value(seed))
  yield* output.result({ recipient, identity }, identity)
  yield* output.note("This is as secret as the device's key: whoever has it opens what is sealed for this device.")
})

const wordsPerRow = 6

const inRows = (words: string): string => {
  const all = words.split(" ").map((word, place) => `${String(place + 1).padStart(2)} ${word.padEnd(9)}`)
  const rows = Array.from({ length: all.length / wordsPerRow }, (_, row) =>
    all
      .slice(row * wordsPerRow, (row + 1) * wordsPerRow)
      .join("")
      .trimEnd()
  )
  return rows.join("\n")
}

/** Longest input that is read as words. */
const wordsCharsMax = 4_096

/** Makes a folder the device whose key was on paper. */
export const restore = Effect.fnUntraced(function* ({ data }: Folder) {
  const output = yield* Output
  if (existsSync(DeviceKeyFile.keyFile(data))) {
    const problem = `${data} is a device already; name a new folder with --data`
    return yield* because(new UsageInvalid({ problem }))
  }
  yield* output.note(`Type the ${RecoveryWords.recoveryWordCount} words, then Enter:`)
  const seed = RecoveryWords.fromWords((yield* readInput).replaceAll(/\d+/g, " "))
  if (typeof seed === "string") return yield* because(new UsageInvalid({ problem: `This is no recovery key: ${seed}` }))
  yield* DeviceKeyFile.keep(data, Redacted.make(seed))
  const { peer } = DeviceKeyFile.deviceKey(Redacted.make(seed))
  yield* output.result({ peer, data: resolve(data) }, `${data} is the device ${peer} now.`)
  yield* output.note(`Next:\n  ${command(`init --data ${data} --hub <address>`)}`)
  yield* output.note(`Then make a new key on paper, for this one is in use:\n  ${command(`key paper --data ${data}`)}`)
})

/** A person need not end the input behind the last word. */
const hasAllWords = (text: string): boolean =>
  text.endsWith("\n") && (text.match(/\p{L}+/gu)?.length ?? 0) >= RecoveryWords.recoveryWordCount

const readInput = Effect.gen(function* () {
  const { stdin } = yield* StandardStreams
  const text = yield* Effect.promise(async () => {
    let read = ""
    for await (const piece of stdin.setEncoding("utf8")) {
      read += String(piece)
      if (read.length > wordsCharsMax || hasAllWords(read)) break
    }
    return read
  })
  return text
})
