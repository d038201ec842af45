import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import { PeerId } from "@syncline/core"
import { Effect, Redacted } from "effect"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

it.effect("[DK-1] makes a key once, for its owner only", () =>
  Effect.gen(function* () {
    const folder = join(yield* temporaryFolder, "new")
    const seeds = yield* Effect.forEach([1, 2, 3], () => DeviceKeyFile.load(folder), { concurrency: 3 })
    const texts = seeds.map((seed) => Buffer.from(Redacted.value(seed)).toString("hex"))
    expect(new Set(texts).size).toBe(1)
    expect(readFileSync(DeviceKeyFile.keyFile(folder)).toString("hex")).toBe(texts[0])
    expect(statSync(DeviceKeyFile.keyFile(folder)).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(readdirSync(folder)).toEqual(["device.key"])
    expect(JSON.stringify(seeds)).not.toContain(texts[0])
  })
)

it.effect("[DK-1] gives the engine a signer under its peer id", () =>
  Effect.gen(function* () {
    const key = DeviceKeyFile.deviceKey(yield* DeviceKeyFile.load(yield* temporaryFolder))
    const message = Uint8Array.of(1, 2)
    expect(PeerId.toPublicKey(key.peer)).toEqual(key.publicKey)
    expect(NodeCrypto.functions.verify(key.publicKey, message, key.sign(message))).toBe(true)
  })
)

it.effect("[DK-2] refuses a file of another length and leaves it", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    writeFileSync(DeviceKeyFile.keyFile(folder), "short", { mode: 0o600 })
    const error = yield* Effect.flip(DeviceKeyFile.load(folder))
    expect(error.reason._tag).toBe("KeyDamaged")
    expect(readFileSync(DeviceKeyFile.keyFile(folder), "utf8")).toBe("short")
  })
)

it.effect("[DK-2] refuses a file that others may read", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* DeviceKeyFile.load(folder)
    chmodSync(DeviceKeyFile.keyFile(folder), 0o640)
    expect((yield* Effect.flip(DeviceKeyFile.load(folder))).reason._tag).toBe("KeyExposed")
  })
)

it.effect("[DK-2] says when the folder cannot be made", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    writeFileSync(join(folder, "file"), "")
    expect((yield* Effect.flip(DeviceKeyFile.load(join(folder, "file", "below")))).reason._tag).toBe("KeyInaccessible")
  })
)

/** What a call with the folder fails with. In a process of its own, for a call that never ends takes its thread along. */
const failureOf = (module: string, call: string): string => {
  const code = `
    import { Effect } from "effect"
    import * as its from ${JSON.stringify(fileURLToPath(new URL(`../src/${module}.ts`, import.meta.url)))}
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(${call})))
    console.log(error.reason._tag)`
  const args = ["--input-type=module", "--eval", code]
  const cwd = fileURLToPath(new URL("..", import.meta.url))
  const { signal, stderr, stdout } = spawnSync(process.execPath, args, {
    cwd,
    encoding: "utf8",
    timeout: 20_000,
    killSignal: "SIGKILL"
  })
  return signal ?? (stdout.trim() || stderr)
}

it.runIf(existsSync("/proc/self"))(
  "[DK-2] [DF-2] a place that has no folders of its own is refused, at once",
  () => {
    expect(failureOf("DeviceKeyFile", `its.load("/proc/nope/below")`)).toBe("KeyInaccessible")
    expect(failureOf("DataFolder", `its.acquire("/proc/nope/below")`)).toBe("StoreForeign")
    const peer = "12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba"
    expect(failureOf("TrustFile", `its.add("/proc/nope/below", "${peer}")`)).toBe("TrustFileInaccessible")
  },
  70_000
)

it.effect("[DK-3] keeps a drawn key only when it is told to, and never over another one", () =>
  Effect.gen(function* () {
    const folder = join(yield* temporaryFolder, "new")
    const drawn = yield* DeviceKeyFile.draw
    expect(existsSync(folder)).toBe(false)
    yield* DeviceKeyFile.keep(folder, drawn)
    yield* DeviceKeyFile.keep(folder, drawn)
    expect(DeviceKeyFile.deviceKey(yield* DeviceKeyFile.load(folder)).peer).toBe(DeviceKeyFile.deviceKey(drawn).peer)
    expect(statSync(DeviceKeyFile.keyFile(folder)).mode & 0o777).toBe(0o600)
    const error = yield* Effect.flip(DeviceKeyFile.keep(folder, yield* DeviceKeyFile.draw))
    expect(error.reason._tag).toBe("KeyInaccessible")
    expect(Redacted.value(yield* DeviceKeyFile.load(folder))).toEqual(Redacted.value(drawn))
  })
)
